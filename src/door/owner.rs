//! Who owns what: the one check behind every file we open, and the words for it.
//!
//! Only an account that owns a file can have put it there, so a wrong owner or a mode that lets others write is
//! refused before a byte is read; the message names both accounts and the command that mends it.

use std::io;
use std::path::{Path, PathBuf};

use crate::identity::{Failure, Kind};

/// What the operating system said, in our style: lower case, without the error number.
pub(super) fn said(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => "unknown error".to_owned(),
    }
}

/// A failure about one of our files: what could not be done, and why.
pub(super) fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(Kind::Configuration, format!("cannot {what} {}", path.display())).cause(said(error));
    let look = |path: &Path| format!("ls -ld {}", quoted(path));
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            failure.hint(format!("make room: df -h {}", quoted(path.parent().unwrap_or(path))))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            failure.hint(look(path.parent().filter(|_| what != "read").unwrap_or(path)))
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => failure.hint(look(path)),
        #[cfg(unix)]
        _ if error.raw_os_error() == Some(libc::EMFILE) => failure.hint("ulimit -n 256"),
        _ => failure,
    }
}

/// A path as a word of a command line that can be pasted into a shell.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@,".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The name and home of an account in `/etc/passwd`. Accounts of a directory service are not found there.
#[cfg(unix)]
pub(super) fn account(uid: u32) -> Option<(String, PathBuf)> {
    let text = std::fs::read_to_string("/etc/passwd").ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (id.parse() == Ok(uid)).then(|| Some((name.to_owned(), PathBuf::from(fields.nth(2)?)))).flatten()
    })
}

#[cfg(unix)]
pub(super) use unix::*;

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// `alice (uid 1000)`.
    pub(in super::super) fn name_of(uid: u32) -> String {
        match account(uid) {
            Some((name, _)) => format!("{name} (uid {uid})"),
            None => format!("uid {uid}"),
        }
    }

    /// The account we act as.
    pub(in super::super) fn us() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// Refuses what another account owns.
    pub(in super::super) fn check_owner(path: &Path, owner: u32) -> Result<(), Failure> {
        if owner == us() {
            return Ok(());
        }
        let failure = Failure::new(Kind::Configuration, format!("refusing {}", path.display())).cause(format!(
            "it belongs to {}, and this runs as {}",
            name_of(owner),
            name_of(us())
        ));
        Err(match (us(), owner) {
            // It is that account's home: giving its files to root would break it there.
            (0, _) => failure.hint("run it as that user, or set ROLE_HELPER_HOME=/root/.role-helper"),
            // Left behind by a program that ran as root in our home; only root can give it back.
            (us, 0) => failure.hint(format!("sudo chown {us} {}", quoted(path))),
            _ => failure.hint("set ROLE_HELPER_HOME to a folder of your own"),
        })
    }

    /// Refuses a folder that others can change.
    pub(in super::super) fn check_folder(path: &Path, owner: u32, mode: u32) -> Result<(), Failure> {
        check_owner(path, owner)?;
        if mode & 0o022 == 0 {
            return Ok(());
        }
        Err(Failure::new(Kind::Configuration, format!("refusing the folder {}", path.display()))
            .cause(format!("others than its owner can write to it (mode {:03o})", mode & 0o777))
            .hint(format!("chmod 700 {}", quoted(path))))
    }

    /// Root must not leave files of its own where somebody else could swap them, which is every folder in or under
    /// another account's: `sudo` that keeps HOME is how that happens. Others are stopped by the folder's mode.
    pub(in super::super) fn refuse_anothers(path: &Path) -> Result<(), Failure> {
        if us() != 0 {
            return Ok(());
        }
        let mut existing = path.parent();
        while let Some(folder) = existing
            && !folder.exists()
        {
            existing = folder.parent();
        }
        let real = existing.and_then(|folder| folder.canonicalize().ok());
        for folder in real.iter().flat_map(|r| r.ancestors()).chain(path.ancestors()) {
            let Ok(facts) = std::fs::metadata(folder) else { continue };
            if facts.is_dir() && facts.uid() != 0 && !(facts.uid() == UNMAPPED && in_user_namespace()) {
                return Err(Failure::new(Kind::Configuration, format!("refusing to write {}", path.display()))
                    .cause(format!("{} belongs to {}, and this runs as root", folder.display(), name_of(facts.uid())))
                    .hint("run it as that user, or set ROLE_HELPER_HOME=/root/.role-helper"));
            }
        }
        Ok(())
    }

    /// What the kernel shows for owners that a user namespace does not know (`/proc/sys/kernel/overflowuid`).
    const UNMAPPED: u32 = 65_534;

    /// There the real root is unmapped, so `/` and `/home` seem to be nobody's.
    fn in_user_namespace() -> bool {
        std::fs::read_to_string("/proc/self/uid_map")
            .is_ok_and(|map| map.split_whitespace().collect::<Vec<_>>() != ["0", "0", "4294967295"])
    }
}

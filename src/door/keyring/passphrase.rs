//! The file keyring's passphrase where no person is asked: a file or a descriptor named by
//! `ROLE_HELPER_PASSPHRASE_FILE`.
//!
//! A path may be a link, as Kubernetes and process substitution make them: what it leads to is judged. A file that
//! others can read is refused with the fix; one trailing line break is not part of the passphrase.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use super::deadline::{NoAnswer, within};
use crate::door::owner::{quoted, said};
use crate::port::KeyStoreError;

/// A pipe that nobody writes to is not waited for longer than this.
const BOUND: Duration = Duration::from_secs(10);
/// Longer than any passphrase.
const MOST: usize = 4096;

/// Where the passphrase is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassphraseSource {
    /// A file, a link to one, or a named pipe.
    File(PathBuf),
    /// A descriptor that we were started with.
    Descriptor(i32),
}

impl PassphraseSource {
    /// From the variable's value: a path, `fd:N`, or a bare number.
    pub fn parse(value: &OsString) -> Self {
        let number = |text: &str| text.strip_prefix("fd:").unwrap_or(text).parse::<u16>().ok();
        match value.to_str().and_then(number) {
            Some(number) => PassphraseSource::Descriptor(number.into()),
            None => PassphraseSource::File(value.into()),
        }
    }

    /// The passphrase, without one trailing line break. A descriptor that is a pipe can be read once.
    ///
    /// # Errors
    /// [`KeyStoreError::Broken`] where it cannot be read or others can read it, and where it is empty.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let source = self.clone();
        let mut passphrase = match within(BOUND, move || source.read_now()) {
            Ok(read) => read?,
            Err(NoAnswer::TimedOut) => {
                return Err(self.broken(&format!("nothing came within {} s", BOUND.as_secs())));
            }
            Err(NoAnswer::Died) => return Err(self.broken("reading it failed")),
        };
        if passphrase.last() == Some(&b'\n') {
            passphrase.pop();
            if passphrase.last() == Some(&b'\r') {
                passphrase.pop();
            }
        }
        if passphrase.is_empty() { Err(self.broken("it is empty")) } else { Ok(passphrase) }
    }

    fn read_now(&self) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let file = match self {
            PassphraseSource::File(path) => self.open(path)?,
            PassphraseSource::Descriptor(number) => self.duplicate(*number)?,
        };
        // One allocation, so that growing leaves no copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 1));
        file.take(MOST as u64 + 1).read_to_end(&mut bytes).map_err(|error| self.broken(&said(&error)))?;
        if bytes.len() > MOST {
            return Err(self.broken(&format!("it is longer than {MOST} bytes")));
        }
        Ok(bytes)
    }

    fn open(&self, path: &PathBuf) -> Result<File, KeyStoreError> {
        let file = File::options()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NOCTTY.bits() as i32)
            .open(path)
            .map_err(|error| self.broken(&said(&error)))?;
        let meta = file.metadata().map_err(|error| self.broken(&said(&error)))?;
        if meta.file_type().is_fifo() {
            return Ok(file);
        }
        if !meta.is_file() {
            return Err(self.broken("it is neither a file nor a pipe"));
        }
        let me = rustix::process::geteuid().as_raw();
        let shown = quoted(path);
        if meta.uid() != me && meta.uid() != 0 {
            return Err(self.broken(&format!("it belongs to another user (uid {})\nchown {me} {shown}", meta.uid())));
        }
        // Service managers hand secrets out as root's, readable by one group.
        let forbidden = if meta.uid() == me && me != 0 { 0o077 } else { 0o037 };
        if meta.mode() & forbidden != 0 {
            return Err(self.broken(&format!("others can use it\nchmod 600 {shown}")));
        }
        Ok(file)
    }

    fn duplicate(&self, number: i32) -> Result<File, KeyStoreError> {
        if number == 1 || number == 2 {
            return Err(self.broken("stdout and stderr hold no passphrase"));
        }
        // SAFETY: the number is borrowed for one call that only duplicates it; where it is not open that call answers
        // EBADF. The person who started us named it, so nothing of ours owns it.
        #[allow(unsafe_code)]
        let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
        let own = rustix::io::fcntl_dupfd_cloexec(borrowed, 3).map_err(|error| self.broken(&said(&error.into())))?;
        Ok(File::from(own))
    }

    fn broken(&self, why: &str) -> KeyStoreError {
        let remedy =
            if why.contains('\n') { "" } else { "\nname a file of yours in ROLE_HELPER_PASSPHRASE_FILE that holds it" };
        KeyStoreError::Broken(format!("the passphrase cannot be read from {self}: {why}{remedy}"))
    }
}

impl std::fmt::Display for PassphraseSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PassphraseSource::File(path) => path.display().fmt(f),
            PassphraseSource::Descriptor(number) => write!(f, "descriptor {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn one_line_break_is_not_part_of_it() {
        for (content, passphrase) in
            [(&b"a b\n"[..], &b"a b"[..]), (b"a\r\n", b"a"), (b"a\n\n", b"a\n"), (b" a", b" a"), (b"\xff\n", b"\xff")]
        {
            let (_folder, path) = file(content, 0o600);
            assert_eq!(PassphraseSource::File(path).read().unwrap().as_slice(), passphrase);
        }
    }

    #[test]
    fn what_others_can_read_is_refused_with_the_fix() {
        for mode in [0o604, 0o644, 0o660, 0o602] {
            let (_folder, path) = file(b"x", mode);
            let error = PassphraseSource::File(path).read().unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{mode:o}: {error}");
        }
        for content in [&b""[..], b"\n", &[b'x'; MOST + 1]] {
            let (_folder, path) = file(content, 0o600);
            assert!(matches!(PassphraseSource::File(path).read(), Err(KeyStoreError::Broken(_))));
        }
        let (_folder, path) = file(b"x", 0o600);
        assert!(PassphraseSource::File(path.with_extension("not-there")).read().is_err());
        assert!(PassphraseSource::File(path.parent().unwrap().into()).read().is_err());
    }

    #[test]
    fn a_link_is_judged_by_what_it_leads_to() {
        let (folder, path) = file(b"x", 0o600);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(PassphraseSource::File(link.clone()).read().is_ok());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(PassphraseSource::File(link).read().is_err());
    }

    #[test]
    fn a_descriptor_is_named_by_its_number() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"from a pipe\n").unwrap();
        drop(writer);
        for value in [format!("fd:{}", reader.as_raw_fd()), reader.as_raw_fd().to_string()] {
            let source = PassphraseSource::parse(&value.into());
            assert_eq!(source, PassphraseSource::Descriptor(reader.as_raw_fd()));
        }
        let source = PassphraseSource::Descriptor(reader.as_raw_fd());
        assert_eq!(source.read().unwrap().as_slice(), b"from a pipe");
        assert!(source.read().is_err(), "a pipe is read once");
        assert!(PassphraseSource::Descriptor(60_000).read().is_err());
        assert_eq!(PassphraseSource::parse(&"./7".into()), PassphraseSource::File("./7".into()));
    }
}

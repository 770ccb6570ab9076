//! `~/.aws/config` and `~/.aws/credentials`: the person's files, not ours. They may be symbolic links, as dotfile
//! managers make them; the target is what is read and edited. Refused only where somebody else could have written.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::files;
use super::owner::{failed, quoted};
use crate::identity::{Failure, Kind};

/// How the names of our temporary files begin, beside the person's own.
const TEMPORARY: &str = ".role-helper.";

/// The file's text; empty where there is no such file. Wiped on drop: keys may lie in it in plain text.
///
/// # Errors
/// Where it cannot be read, is not UTF-8 (with line and byte), or others than its owner can write it.
pub fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = read_bytes(path)?;
    String::from_utf8(std::mem::take(&mut *bytes)).map(Zeroizing::new).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = Zeroizing::new(error.into_bytes());
        let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::new(Kind::Configuration, format!("cannot read {}", path.display()))
            .cause(format!("line {line} is not UTF-8 (at byte {at})"))
            .hint("save the file as UTF-8")
    })
}

fn read_bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if files::absent(&e) => return Ok(Zeroizing::default()),
        Err(e) => return Err(failed("read", path, &e)),
    };
    let facts = file.metadata().map_err(|e| failed("read", path, &e))?;
    if facts.is_file() {
        check(path, &facts)?;
    }
    // A byte more than it has, so that seeing its end does not make the buffer grow and leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(facts.len() as usize + 1));
    file.read_to_end(&mut bytes).map_err(|e| failed("read", path, &e))?;
    Ok(bytes)
}

#[cfg(unix)]
fn check(path: &Path, facts: &fs::Metadata) -> Result<(), Failure> {
    let mode = std::os::unix::fs::MetadataExt::mode(facts);
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(Failure::new(Kind::Configuration, format!("refusing {}", path.display()))
        .cause(format!("others than its owner can write to it (mode {:03o})", mode & 0o777))
        .hint(format!("chmod go-w {}", quoted(path))))
}

#[cfg(not(unix))]
fn check(_: &Path, _: &fs::Metadata) -> Result<(), Failure> {
    Ok(())
}

/// Where [`replace`] leaves what was there before.
pub fn backup_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".role-helper-backup");
    name.into()
}

/// Replaces the file's content, which must still be `old`, by `new`: atomic, mode and owner kept, what was there left
/// in [`backup_of`]. A missing file (and its folder) is made for the person alone, with `old` empty.
///
/// # Errors
/// Where the file changed meanwhile, cannot be written, or is another user's while we are root. What was there is
/// then still there.
pub fn replace(path: &Path, old: &[u8], new: &[u8]) -> Result<(), Failure> {
    let target = target(path)?;
    #[cfg(unix)]
    super::owner::refuse_anothers(&target)
        .map_err(|refused| refused.hint("run it as that user, or set AWS_CONFIG_FILE to a file of root's"))?;
    let existing = match fs::metadata(&target) {
        Ok(facts) if !facts.is_file() => {
            return Err(Failure::new(Kind::Configuration, format!("cannot write {}", path.display()))
                .cause("it is not a regular file"));
        }
        Ok(facts) => Some(facts),
        Err(e) if files::absent(&e) => None,
        Err(e) => return Err(failed("write", path, &e)),
    };
    if **read_bytes(&target)? != *old {
        return Err(changed(path));
    }
    if let Some(facts) = &existing {
        check(&target, facts)?;
        if !old.is_empty() {
            let backup = backup_of(path);
            put(&backup, old, Some(facts), false).map_err(|e| failed("write the backup", &backup, &e))?;
        }
    } else if let Some(folder) = target.parent() {
        files::make(folder).map_err(|e| failed("make the folder", folder, &e))?;
    }
    put(&target, new, existing.as_ref(), existing.is_none()).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => changed(path),
        _ => failed("write", path, &e),
    })
}

fn changed(path: &Path) -> Failure {
    Failure::new(Kind::Configuration, format!("{} changed while it was being edited", path.display()))
        .cause("another program wrote to it")
        .hint("run the command again")
}

/// The file itself, behind all links; a link to nothing is refused, for its target was somebody's intention.
fn target(path: &Path) -> Result<PathBuf, Failure> {
    match path.canonicalize() {
        Ok(target) => Ok(target),
        Err(_) if fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink()) => {
            Err(Failure::new(Kind::Configuration, format!("cannot write {}", path.display()))
                .cause("it is a symbolic link that leads nowhere")
                .hint(format!("make the file it points to, or rm {}", quoted(path))))
        }
        Err(e) if files::absent(&e) => Ok(path.to_path_buf()),
        Err(e) => Err(failed("write", path, &e)),
    }
}

/// Writes beside the file and puts it in its place; with `fresh` only if nothing is there.
fn put(target: &Path, bytes: &[u8], like: Option<&fs::Metadata>, fresh: bool) -> io::Result<()> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = folder.join(format!("{TEMPORARY}{}.tmp", files::unique()));
    let done = (|| {
        let mut file = files::create_new(&temporary)?;
        file.write_all(bytes)?;
        if let Some(facts) = like {
            keep_owner_and_mode(&file, facts)?;
        }
        file.sync_all()?;
        if !fresh {
            return fs::rename(&temporary, target);
        }
        // A link never replaces what somebody made meanwhile; some file systems have none.
        match fs::hard_link(&temporary, target) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => fs::rename(&temporary, target),
            done => done,
        }
    })();
    if done.is_err() || fresh {
        let _ = fs::remove_file(&temporary);
    }
    done?;
    files::sync_folder(folder);
    // The folder is the person's: only what bears our name goes.
    files::sweep(folder, TEMPORARY);
    Ok(())
}

fn keep_owner_and_mode(file: &File, facts: &fs::Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let ours = file.metadata()?;
        if (ours.uid(), ours.gid()) != (facts.uid(), facts.gid()) {
            std::os::unix::fs::fchown(file, Some(facts.uid()), Some(facts.gid()))?;
        }
    }
    file.set_permissions(facts.permissions())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn missing_is_empty_and_links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("config"));
        assert_eq!(*read(&link).unwrap(), "");
        fs::write(&real, "[default]\n").unwrap();
        symlink(&real, &link).unwrap();
        assert_eq!(*read(&link).unwrap(), "[default]\n");
        assert_eq!(*read(Path::new("/dev/null")).unwrap(), "");
        set_mode(&real, 0o664);
        let failure = read(&link).unwrap_err();
        assert_eq!(failure.hint_text().unwrap(), format!("chmod go-w {}", link.display()));
        assert!(read(folder.path()).unwrap_err().to_string().contains("is a directory"));
    }

    #[test]
    fn what_is_not_utf8_is_named_by_line_and_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, b"[a]\nb = 1\nc = \xff\n").unwrap();
        assert_eq!(read(&path).unwrap_err().cause_text().unwrap(), "line 3 is not UTF-8 (at byte 14)");
    }

    #[test]
    fn an_edit_keeps_link_mode_and_owner_and_leaves_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("dotfiles/aws"), folder.path().join("config"));
        fs::create_dir(real.parent().unwrap()).unwrap();
        fs::write(&real, "old").unwrap();
        set_mode(&real, 0o644);
        symlink("dotfiles/aws", &link).unwrap();
        replace(&link, b"old", b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o644);
        assert_eq!(fs::read(backup_of(&link)).unwrap(), b"old");
        assert_eq!(fs::metadata(backup_of(&link)).unwrap().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_changed_meanwhile_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, "somebody else's").unwrap();
        assert!(replace(&path, b"old", b"new").unwrap_err().to_string().contains("changed while"));
        assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
        assert!(put(&path, b"new", None, true).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_edit_left_goes_with_a_later_one_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        for (name, age) in [
            (".role-helper.1-0-a.tmp", old),
            (".theirs.tmp", old),
            (".role-helper.2-0-b.tmp", std::time::SystemTime::now()),
        ] {
            fs::write(folder.path().join(name), "x").unwrap();
            File::options().write(true).open(folder.path().join(name)).unwrap().set_modified(age).unwrap();
        }
        replace(&path, b"", b"[default]\n").unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".role-helper.2-0-b.tmp", ".theirs.tmp", "config"]);
    }

    #[test]
    fn a_missing_file_is_made_for_the_person_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".aws/config");
        replace(&path, b"", b"[default]\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        assert!(!backup_of(&path).exists());
        symlink("nowhere", folder.path().join("dangling")).unwrap();
        let failure = replace(&folder.path().join("dangling"), b"", b"x").unwrap_err();
        assert!(failure.to_string().contains("leads nowhere"), "{failure}");
    }

    /// Needs root: an ordinary user cannot give a file away.
    #[test]
    fn root_does_not_edit_another_users_file() {
        if super::super::owner::us() != 0 {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::chown(folder.path(), Some(12_345), None).unwrap();
        let failure = replace(&path, b"old", b"new").unwrap_err().to_string();
        assert!(failure.contains("uid 12345") && failure.contains("AWS_CONFIG_FILE"), "{failure}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}

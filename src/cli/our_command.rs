//! The word by which AWS clients call us: what `setup` writes behind `credential_process =`.
//!
//! An absolute path, because clients are started from anywhere; with its symlinks kept, because a package manager
//! replaces what they point to at every upgrade. Clients split and unquote the line each in their own way, so a
//! path with other characters than they all agree on cannot be written, and the bare name is.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use crate::identity::{Failure, Kind};

/// The word and what to say about it.
#[derive(Debug)]
pub(super) struct OurCommand {
    /// What clients call.
    pub(super) word: String,
    /// Where it may not work everywhere.
    pub(super) warning: Option<String>,
}

/// The name people type; the companion is found beside it.
const FRONT: &str = if cfg!(windows) { "role-helper.exe" } else { "role-helper" };

/// The word for this installation: as it was called now if that is the installed front and can be written, else
/// where that is.
///
/// # Errors
/// Where the installed front cannot be found.
#[expect(clippy::disallowed_methods, reason = "where a shell looked when the person typed our name")]
pub(super) fn find(argument: &OsStr) -> Result<OurCommand, Failure> {
    let installed = installed_front()?;
    let called = called_as(argument, std::env::var_os("PATH"))
        .filter(|path| path.to_str().is_some_and(is_portable) && same_file(path, &installed));
    Ok(word_for(&called.unwrap_or(installed)))
}

fn word_for(path: &Path) -> OurCommand {
    match path.to_str() {
        Some(text) if is_portable(text) => OurCommand { word: text.to_owned(), warning: None },
        _ => OurCommand {
            word: "role-helper".to_owned(),
            warning: Some(format!(
                "clients read paths such as {} in different ways, so the bare name was written: role-helper must be \
                 on the PATH of every one of them",
                path.display()
            )),
        },
    }
}

/// What every client reads as one plain word.
fn is_portable(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./:@=-".contains(&b))
}

/// The front that belongs to this companion: beside it, or in the `bin` of the prefix whose `libexec` it is in.
pub(super) fn installed_front() -> Result<PathBuf, Failure> {
    let lost = || Failure::new(Kind::Configuration, "the installed role-helper cannot be found");
    let companion = std::env::current_exe().map_err(|error| lost().cause(error.to_string()))?;
    let folder = companion.parent().ok_or_else(lost)?;
    let beside = folder.join(FRONT);
    let in_bin = folder
        .ancestors()
        .find(|ancestor| ancestor.file_name() == Some(OsStr::new("libexec")))
        .and_then(|libexec| libexec.parent())
        .map(|prefix| prefix.join("bin").join(FRONT));
    [Some(beside), in_bin]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
        .ok_or_else(|| lost().cause(format!("neither beside {} nor in bin", companion.display())))
}

/// The absolute path behind the first argument: itself made absolute, or found as a shell finds it, relative
/// entries of PATH left out.
fn called_as(argument: &OsStr, path_variable: Option<OsString>) -> Option<PathBuf> {
    let path = Path::new(argument);
    if path.components().count() > 1 || argument.as_encoded_bytes().contains(&b'/') {
        return without_dots(&std::path::absolute(path).ok()?);
    }
    std::env::split_paths(&path_variable?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(path))
        .find(|candidate| candidate.is_file())
}

/// `..` behind a symlink is not the folder it looks like: such a path is better not kept.
fn without_dots(path: &Path) -> Option<PathBuf> {
    (!path.components().any(|part| part == Component::ParentDir)).then(|| path.to_owned())
}

#[cfg(unix)]
fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((a.metadata(), b.metadata()), (Ok(a), Ok(b)) if a.dev() == b.dev() && a.ino() == b.ino())
}

#[cfg(not(unix))]
fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symlinks_are_kept_and_odd_paths_are_not_written() {
        assert_eq!(word_for(Path::new("/usr/local/bin/role-helper")).word, "/usr/local/bin/role-helper");
        let odd = word_for(Path::new("/home/al ice/role-helper"));
        assert!(odd.word == "role-helper" && odd.warning.unwrap().contains("PATH"));
    }

    #[cfg(unix)]
    #[test]
    fn called_by_name_or_path_it_is_the_link_that_was_called() {
        let folder = tempfile::tempdir().unwrap();
        let (bin, opt) = (folder.path().join("bin"), folder.path().join("opt"));
        std::fs::create_dir(&bin).unwrap();
        std::fs::create_dir(&opt).unwrap();
        std::fs::write(opt.join("role-helper"), "").unwrap();
        std::os::unix::fs::symlink(opt.join("role-helper"), bin.join("role-helper")).unwrap();
        let path = std::env::join_paths([Path::new("relative"), &bin]).unwrap();
        let by_name = called_as(OsStr::new("role-helper"), Some(path)).unwrap();
        assert_eq!(by_name, bin.join("role-helper"));
        assert!(same_file(&by_name, &opt.join("role-helper")));
        let by_path = called_as(bin.join("./role-helper").as_os_str(), None).unwrap();
        assert_eq!(by_path, bin.join("role-helper"));
        assert_eq!(called_as(bin.join("../bin/role-helper").as_os_str(), None), None);
    }
}

//! The only way to our own files: never through a link, never what somebody else could have written.
//!
//! Reading is one open, one look at owner and mode, one read: it is on the path of every hit. Writing makes a new
//! file beside the old one and renames it, so that a reader sees the old or the new and a power cut loses neither.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::owner::failed;
#[cfg(unix)]
use super::owner::{check_folder, check_owner, quoted, refuse_anothers};
use crate::identity::{Failure, Kind};

/// More than any file of ours ever holds, in bytes.
const MOST: u64 = 16 << 20;
/// A temporary file this old belongs to a process that was killed.
const LEFTOVER: Duration = Duration::from_secs(600);

/// The file's bytes; none where there is no such file.
///
/// # Errors
/// A link, another owner, a mode that lets others in, not a regular file, or unreadable: each with its remedy.
pub fn read_own(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let Some((mut file, size)) = open_own(path)? else { return Ok(None) };
    if size > MOST {
        return Err(Failure::new(Kind::Configuration, format!("refusing {}", path.display()))
            .cause(format!("{size} bytes are more than any file of ours holds")));
    }
    read_to_end(&mut file, size).map(Some).map_err(|e| failed("read", path, &e))
}

/// Reads with one call where the size was right: a short read of a regular file is its end.
fn read_to_end(file: &mut File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; size as usize + 1];
    let mut filled = 0;
    loop {
        match file.read(&mut bytes[filled..]) {
            Ok(count) => {
                filled += count;
                if filled < bytes.len() {
                    bytes.truncate(filled);
                    return Ok(bytes);
                }
                bytes.resize(filled * 2, 0);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Writes the file as a whole: 0600, atomic, on disk when this returns. Folders are made as needed, 0700.
///
/// # Errors
/// Where the folder is not safe, or belongs to another user while we are root, or the disk refuses. What was there
/// is then still there.
pub fn write_own(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let (folder, name) = split(path)?;
    ensure_dir(folder)?;
    let temporary = folder.join(format!(".{name}.{}.tmp", unique()));
    let written = (|| {
        let mut file = create_new(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(failed("write", path, &error));
    }
    sync_folder(folder);
    sweep(folder, ".");
    Ok(())
}

/// As [`write_own`], but only where there is no such file yet; whether there was none. Of any number of processes
/// that try at once, one writes and the others find what it wrote.
///
/// # Errors
/// As [`write_own`].
pub fn write_own_once(path: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    let (folder, name) = split(path)?;
    ensure_dir(folder)?;
    let temporary = folder.join(format!(".{name}.{}.tmp", unique()));
    let written = (|| {
        let mut file = create_new(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match fs::hard_link(&temporary, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            // A file system without links: the last one wins there.
            Err(_) => fs::rename(&temporary, path).map(|()| true),
            Ok(()) => Ok(true),
        }
    })();
    let _ = fs::remove_file(&temporary);
    let new = written.map_err(|error| failed("write", path, &error))?;
    sync_folder(folder);
    Ok(new)
}

/// Removes the file; whether there was one.
///
/// # Errors
/// Where it is there and cannot be removed, or belongs to another user while we are root.
pub fn remove_own(path: &Path) -> Result<bool, Failure> {
    match fs::symlink_metadata(path) {
        Err(e) if absent(&e) => return Ok(false),
        _ => {}
    }
    #[cfg(unix)]
    refuse_anothers(path)?;
    match fs::remove_file(path) {
        Ok(()) => {
            if let Some(folder) = path.parent() {
                sync_folder(folder);
            }
            Ok(true)
        }
        Err(e) if absent(&e) => Ok(false),
        Err(e) => Err(failed("remove", path, &e)),
    }
}

/// The names of the files in a folder of ours, temporary ones aside, in no order; empty where there is no folder.
///
/// # Errors
/// Where the folder is there and cannot be read.
pub fn names_in(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if absent(&e) => return Ok(Vec::new()),
        Err(e) => return Err(failed("list", folder, &e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|e| failed("list", folder, &e))?.file_name();
        if let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Makes a folder of ours, and those above it, 0700; then checks that it is a real folder, ours, and that nobody
/// else can write to it.
///
/// # Errors
/// Where it is not, or cannot be made, or another user's folder would hold it while we are root.
pub fn ensure_dir(folder: &Path) -> Result<(), Failure> {
    ensure(folder).map_err(Failure::from)
}

/// Why one of our files cannot be had: callers that can do without it may, but only where nobody tampered.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It cannot be written here: a read-only home, a full disk, root in another's home.
    Unwritable(Failure),
    /// It could be somebody else's work.
    Unsafe(Failure),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        match trouble {
            Trouble::Unwritable(failure) | Trouble::Unsafe(failure) => failure,
        }
    }
}

/// As [`ensure_dir`], telling the two kinds of trouble apart.
pub(super) fn ensure(folder: &Path) -> Result<(), Trouble> {
    #[cfg(unix)]
    refuse_anothers(folder).map_err(Trouble::Unwritable)?;
    make(folder).map_err(|e| Trouble::Unwritable(failed("make the folder", folder, &e)))?;
    check_dir(folder).map_err(Trouble::Unsafe)
}

fn check_dir(folder: &Path) -> Result<(), Failure> {
    let facts = fs::symlink_metadata(folder).map_err(|e| failed("look at", folder, &e))?;
    if !facts.is_dir() {
        let what = if facts.is_symlink() { "it is a symbolic link" } else { "it is not a folder" };
        return Err(Failure::new(Kind::Configuration, format!("refusing {}", folder.display()))
            .cause(what)
            .hint("set ROLE_HELPER_HOME to a folder of your own"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        check_folder(folder, facts.uid(), facts.mode())?;
        if let Some(above) = folder.parent() {
            check_above(above)?;
        }
    }
    Ok(())
}

/// A folder that everybody can write to, without the sticky bit, lets anybody put another folder in our place.
#[cfg(unix)]
fn check_above(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt;
    let Ok(facts) = fs::metadata(folder) else { return Ok(()) };
    if facts.mode() & 0o1002 == 0o002 {
        return Err(Failure::new(Kind::Configuration, format!("refusing the folder {}", folder.display()))
            .cause(format!("everybody can write to it (mode {:03o})", facts.mode() & 0o777))
            .hint(format!("chmod o-w {}", quoted(folder))));
    }
    Ok(())
}

pub(super) fn make(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Ok(_) => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file of ours for reading, checked, and its size; none where there is none.
fn open_own(path: &Path) -> Result<Option<(File, u64)>, Failure> {
    let mut options = OpenOptions::new();
    options.read(true);
    no_follow(&mut options);
    let file = match options.open(path) {
        Ok(file) => file,
        // A file where a folder of ours should be is not the absence of what was in it.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(foreign(path).unwrap_or_else(|| failed("read", path, &e))),
    };
    let size = check_file(path, &file)?;
    Ok(Some((file, size)))
}

/// Opens a file of ours to append or to lock, made 0600 where missing; its folder must exist.
pub(super) fn open_kept(path: &Path, append: bool) -> Result<File, Trouble> {
    let mut options = OpenOptions::new();
    options.create(true);
    if append {
        options.append(true)
    } else {
        options.read(true).write(true)
    };
    no_follow(&mut options);
    private(&mut options);
    let file = options.open(path).map_err(|e| match foreign(path) {
        Some(refused) => Trouble::Unsafe(refused),
        None => Trouble::Unwritable(failed("open", path, &e)),
    })?;
    check_file(path, &file).map_err(Trouble::Unsafe)?;
    Ok(file)
}

/// A new file of mode 0600, whatever the umask.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    no_follow(&mut options);
    private(&mut options);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

fn no_follow(options: &mut OpenOptions) {
    // Without NONBLOCK a named pipe in a file's place would hang us before we can see what it is.
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits() as i32);
    }
    #[cfg(not(unix))]
    let _ = options;
}

fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// A regular file, ours, closed to others; its size in bytes.
fn check_file(path: &Path, file: &File) -> Result<u64, Failure> {
    let facts = file.metadata().map_err(|e| failed("look at", path, &e))?;
    if !facts.is_file() {
        return Err(Failure::new(Kind::Configuration, format!("refusing {}", path.display()))
            .cause("it is not a regular file")
            .hint("move it away"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        check_owner(path, facts.uid())?;
        if facts.mode() & 0o077 != 0 {
            return Err(Failure::new(Kind::Configuration, format!("refusing {}", path.display()))
                .cause(format!("others than its owner can use it (mode {:03o})", facts.mode() & 0o777))
                .hint(format!("chmod 600 {}", quoted(path))));
        }
    }
    Ok(facts.len())
}

/// The failure for what cannot be opened because it is a link or another account's.
fn foreign(path: &Path) -> Option<Failure> {
    #[cfg(unix)]
    let anothers = || check_owner(path, std::os::unix::fs::MetadataExt::uid(&fs::symlink_metadata(path).ok()?)).err();
    #[cfg(not(unix))]
    let anothers = || None;
    link(path).or_else(anothers)
}

/// The failure for a link, where that is what stands there.
fn link(path: &Path) -> Option<Failure> {
    fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink()).then(|| {
        Failure::new(Kind::Configuration, format!("refusing {}", path.display()))
            .cause("it is a symbolic link, and our own files are never read through one")
            .hint("move the file it points to into its place")
    })
}

/// Whether the error says that there is no such file.
pub(super) fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn split(path: &Path) -> Result<(&Path, &str), Failure> {
    path.parent()
        .zip(path.file_name().and_then(|name| name.to_str()))
        .ok_or_else(|| Failure::new(Kind::Configuration, format!("{} does not name a file", path.display())))
}

/// Differs between any two writers, of this process or another.
pub(super) fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let moment = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{}-{}-{moment:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A rename is on disk once its folder is. Where folders cannot be synced there is nothing else to do.
pub(super) fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// Removes what killed writers left: temporary files whose names begin so, once they are old.
pub(super) fn sweep(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let temporary = name.to_str().is_some_and(|name| name.starts_with(prefix) && name.ends_with(".tmp"));
        let old = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if temporary && old().is_some_and(|age| age > LEFTOVER) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::PathBuf;

    use super::*;
    use crate::door::owner::us;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("a/b/ours");
        (folder, ours)
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_written_is_read_private_and_replaced_as_a_whole() {
        let (_keep, ours) = folder();
        let file = ours.join("file");
        assert_eq!(read_own(&file).unwrap(), None);
        for size in [0, 1, 100_000] {
            let bytes = vec![7; size];
            write_own(&file, &bytes).unwrap();
            assert_eq!(read_own(&file).unwrap().unwrap(), bytes);
        }
        assert_eq!((mode(&file), mode(&ours), mode(ours.parent().unwrap())), (0o600, 0o700, 0o700));
        assert_eq!(fs::read_dir(&ours).unwrap().count(), 1, "a temporary file stayed");
        assert!(remove_own(&file).unwrap());
        assert!(!remove_own(&file).unwrap());
        assert_eq!(read_own(&file.join("below")).unwrap(), None);
    }

    #[test]
    fn links_are_never_read_through_nor_written_through() {
        let (keep, ours) = folder();
        let (file, elsewhere) = (ours.join("file"), keep.path().join("elsewhere"));
        fs::write(&elsewhere, "theirs").unwrap();
        set_mode(&elsewhere, 0o600);
        ensure_dir(&ours).unwrap();
        symlink(&elsewhere, &file).unwrap();
        let failure = read_own(&file).unwrap_err();
        assert!(failure.to_string().contains("symbolic link"), "{failure}");
        assert!(matches!(open_kept(&file, true), Err(Trouble::Unsafe(_))));
        write_own(&file, b"ours").unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"theirs");
        assert_eq!(read_own(&file).unwrap().unwrap(), b"ours");

        let linked = keep.path().join("linked");
        symlink(&ours, &linked).unwrap();
        let failure = write_own(&linked.join("file"), b"x").unwrap_err();
        assert!(failure.to_string().contains("symbolic link"), "{failure}");
    }

    #[test]
    fn wrong_modes_are_refused_with_the_command_that_mends_them() {
        let (_keep, ours) = folder();
        let file = ours.join("file");
        write_own(&file, b"x").unwrap();
        for wrong in [0o640, 0o604, 0o620, 0o666] {
            set_mode(&file, wrong);
            let failure = read_own(&file).unwrap_err();
            assert_eq!(failure.hint_text().unwrap(), format!("chmod 600 {}", file.display()), "{failure}");
        }
        for wrong in [0o770, 0o702, 0o777] {
            set_mode(&ours, wrong);
            let failure = write_own(&file, b"y").unwrap_err();
            assert_eq!(failure.hint_text().unwrap(), format!("chmod 700 {}", ours.display()), "{failure}");
        }
        set_mode(&ours, 0o700);
        set_mode(ours.parent().unwrap(), 0o777);
        assert!(write_own(&file, b"y").unwrap_err().hint_text().unwrap().starts_with("chmod o-w "));
    }

    #[test]
    fn neither_folders_nor_pipes_hang_or_pass() {
        let (_keep, ours) = folder();
        ensure_dir(&ours).unwrap();
        let pipe = ours.join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(read_own(&pipe).unwrap_err().to_string().contains("not a regular file"));
        assert!(read_own(&ours).unwrap_err().to_string().contains("not a regular file"));
    }

    #[test]
    fn a_failed_write_leaves_what_was_there_and_nothing_beside_it() {
        let (_keep, ours) = folder();
        let taken = ours.join("taken");
        ensure_dir(&taken).unwrap();
        assert!(write_own(&taken, b"x").is_err());
        assert!(taken.is_dir());
        assert_eq!(fs::read_dir(&ours).unwrap().count(), 1);
    }

    #[test]
    fn leftovers_of_killed_writers_go_once_they_are_old() {
        let (_keep, ours) = folder();
        ensure_dir(&ours).unwrap();
        let (old, young) = (ours.join(".file.1-0-1.tmp"), ours.join(".file.2-0-1.tmp"));
        for path in [&old, &young] {
            fs::write(path, "half").unwrap();
        }
        let past = SystemTime::now() - 2 * LEFTOVER;
        File::options().write(true).open(&old).unwrap().set_modified(past).unwrap();
        write_own(&ours.join("file"), b"x").unwrap();
        assert!(!old.exists() && young.exists());
        assert_eq!(names_in(&ours).unwrap(), ["file"]);
    }

    /// Needs root, as CI containers and build machines give it; an ordinary user cannot give a file away.
    #[test]
    fn root_neither_reads_what_others_own_nor_writes_into_their_homes() {
        if us() != 0 {
            return;
        }
        let (keep, ours) = folder();
        let file = ours.join("file");
        write_own(&file, b"x").unwrap();
        std::os::unix::fs::lchown(&file, Some(12_345), None).unwrap();
        let failure = read_own(&file).unwrap_err().to_string();
        assert!(
            failure.contains("uid 12345") && failure.contains("root (uid 0)") && !failure.contains("chown"),
            "{failure}"
        );

        let home = keep.path().join("home");
        fs::create_dir(&home).unwrap();
        std::os::unix::fs::chown(&home, Some(12_345), None).unwrap();
        let inside = home.join(".local/share/role-helper/sources/alice.json");
        let failure = write_own(&inside, b"x").unwrap_err().to_string();
        assert!(failure.contains("belongs to uid 12345") && failure.contains("runs as root"), "{failure}");
        assert!(failure.contains("ROLE_HELPER_HOME"), "{failure}");
        assert_eq!(fs::read_dir(&home).unwrap().count(), 0);

        // Made by root before, or reached through a link of root's: still inside of somebody's home.
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        assert!(write_own(&inside, b"x").is_err());
        let link = keep.path().join("link");
        symlink(&home, &link).unwrap();
        assert!(write_own(&link.join("x/file"), b"x").is_err());
        fs::write(&inside, "x").unwrap();
        assert!(remove_own(&inside).is_err());
    }
}

//! One question for any number of callers: locks between processes, and what their holders leave for the others.
//!
//! A lock is `flock` on a file that is never deleted, for a deleted one would be held twice; the kernel releases it
//! however its holder ends. Waiters sleep in the kernel, each in a thread of its own, so that five hundred of them
//! cost nothing and wake at once. Where the state folder cannot be written (a read-only home, root in another's
//! home) the locks move to the login's runtime folder, and failing that there are none: being asked twice is better
//! than no credentials. A folder that somebody tampered with is refused instead.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::{self, Trouble};
use super::kernel;
use super::places::Places;
use super::spelling::{digest, encode, hex};
use crate::identity::{Failure, Kind, Timestamp, TokenCode};
use crate::port::{Held, LockError, OneAtATime, Refusal};

/// So long a lock may be held without anybody being told: most holders only re-check the cache.
const QUIET: Duration = Duration::from_millis(50);
/// A code is accepted in its own 30 s step and in those beside it; after this many seconds in none (RFC 6238 §5.2).
const CODE_LIFE: i64 = 120;
/// A device shows a code for so many seconds (RFC 6238 §4.1, and AWS's virtual devices).
const CODE_STEP: i64 = 30;

/// Locks and their leavings, in the folder of [`Places::locks_dir`].
#[derive(Debug)]
pub struct Locks {
    places: Places,
    folder: OnceLock<Option<PathBuf>>,
}

impl Locks {
    /// Touches nothing yet.
    pub fn new(places: &Places) -> Self {
        Locks { places: places.clone(), folder: OnceLock::new() }
    }

    /// The folder in use, made on first need; none where nothing can be written.
    fn folder(&self) -> Result<Option<&PathBuf>, Failure> {
        if let Some(known) = self.folder.get() {
            return Ok(known.as_ref());
        }
        let mut usable = None;
        for folder in [Some(self.places.locks_dir()), self.places.fallback_locks_dir()].into_iter().flatten() {
            match files::ensure(&folder).and_then(|()| files::open_kept(&folder.join("probe.lock"), false)) {
                Ok(_) => {
                    usable = Some(folder);
                    break;
                }
                Err(Trouble::Unsafe(failure)) => return Err(failure),
                Err(Trouble::Unwritable(failure)) => {
                    log::warn!("no locks in {}: {}", folder.display(), failure.cause_text().unwrap_or_default());
                }
            }
        }
        Ok(self.folder.get_or_init(|| usable).as_ref())
    }

    /// A file in the folder, in use; none where there is no folder.
    fn path(&self, prefix: &str, name: &str, suffix: &str) -> Option<PathBuf> {
        let folder = self.folder().inspect_err(|failure| log::warn!("{}", failure.what())).ok()??;
        Some(folder.join(file_name(prefix, name, suffix)))
    }

    /// The file of a device's used codes, and its lock until that is dropped.
    fn used_codes(&self, serial: &str) -> io::Result<Option<(PathBuf, File)>> {
        let name = digest(serial);
        let (Some(path), Some(lock_path)) = (self.path("used-", &name, ""), self.path("used-", &name, ".lock")) else {
            return Ok(None);
        };
        let held = files::open_kept(&lock_path, false).map_err(|trouble| other(trouble.into()))?;
        lock(&held)?;
        Ok(Some((path, held)))
    }

    /// Rewrites the used codes of a device: those still alive at `now`, less or more this one. Whether it was there.
    fn change(&self, serial: &str, code: &TokenCode, now: Option<Timestamp>, change: Change) -> io::Result<bool> {
        let Some((path, _held)) = self.used_codes(serial)? else { return Ok(false) };
        let mark = self.mark(serial, code)?;
        let bytes = files::read_own(&path).map_err(other)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let alive = |line: &&str| {
            let at = line.split_once(' ').and_then(|(at, _)| at.parse::<i64>().ok());
            at.is_some_and(|at| now.is_none_or(|now| now.as_second().abs_diff(at) <= CODE_LIFE.unsigned_abs()))
        };
        let is_this = |line: &&str| line.split_once(' ').is_some_and(|(_, hash)| hash == mark);
        let found = text.lines().filter(alive).any(|line| is_this(&line));
        if change == Change::Look {
            return Ok(found);
        }
        let mut kept: String = text.lines().filter(|l| alive(l) && !is_this(l)).flat_map(|l| [l, "\n"]).collect();
        if let (Change::Add, Some(now)) = (change, now) {
            kept.push_str(&format!("{} {mark}\n", now.as_second()));
        }
        // Replaced as a whole: a mark that was cut in half would let its code be sent again.
        files::write_own(&path, kept.as_bytes()).map_err(other)?;
        Ok(found)
    }

    /// What stands for a code: a million codes are quickly tried, so the hash is keyed by random bytes of ours.
    fn mark(&self, serial: &str, code: &TokenCode) -> io::Result<String> {
        let key = kernel::wrapping_key(&self.places.wrap_file(), true)
            .map_err(other)?
            .ok_or_else(|| io::Error::other("no key to hash codes with"))?;
        let mut hash = Sha256::new();
        hash.update(key.as_slice());
        hash.update(serial.as_bytes());
        hash.update([0]);
        hash.update(code.expose().as_bytes());
        Ok(hex(&hash.finalize()[..16]))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Look,
    Add,
    Remove,
}

/// A name of any length and letters as a file name.
fn file_name(prefix: &str, name: &str, suffix: &str) -> String {
    let encoded = encode(name);
    let short = if encoded.len() > 120 { digest(name) } else { encoded };
    format!("{prefix}{short}{suffix}")
}

/// A lock on a file; none where there was no folder for it.
#[derive(Debug)]
struct FileLock(Option<File>);

impl Held for FileLock {}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Not left to the descriptor's end: a child between fork and exec would hold it a moment longer.
        if let Some(file) = &self.0 {
            let _ = file.unlock();
        }
    }
}

impl OneAtATime for Locks {
    fn acquire(
        &self,
        name: &str,
        what: &str,
        bound: Duration,
        waiting: &dyn Fn(&str),
    ) -> Result<Box<dyn Held>, LockError> {
        let Some(folder) = self.folder().map_err(broken)? else {
            return Ok(Box::new(FileLock(None)));
        };
        let path = folder.join(file_name("", name, ".lock"));
        let file = files::open_kept(&path, false).map_err(|trouble| broken(trouble.into()))?;
        let file = match file.try_lock() {
            Ok(()) => file,
            Err(TryLockError::WouldBlock) => wait(file, bound, waiting)?,
            Err(TryLockError::Error(error)) => {
                log::warn!("no lock on {}: {error}", path.display());
                return Ok(Box::new(FileLock(None)));
            }
        };
        name_holder(&file, what);
        Ok(Box::new(FileLock(Some(file))))
    }

    fn refusal(&self, name: &str) -> Option<Refusal> {
        let bytes = files::read_own(&self.path("refusal-", name, ".json")?).ok()??;
        serde_json::from_slice::<WrittenRefusal>(&bytes).ok()?.into_refusal()
    }

    fn refuse(&self, name: &str, refusal: &Refusal) {
        let Some(path) = self.path("refusal-", name, ".json") else { return };
        let written = WrittenRefusal {
            exit_code: refusal.reason.kind().exit_code(),
            what: refusal.reason.what().to_owned(),
            cause: refusal.reason.cause_text().map(str::to_owned),
            hint: refusal.reason.hint_text().map(str::to_owned),
            at: refusal.at,
        };
        let bytes = serde_json::to_vec(&written).unwrap_or_default();
        if let Err(failure) = files::write_own(&path, &bytes) {
            log::warn!("{}", failure.what());
        }
    }

    fn clear_refusal(&self, name: &str) {
        if let Some(path) = self.path("refusal-", name, ".json") {
            let _ = files::remove_own(&path);
        }
    }

    fn is_used(&self, serial: &str, code: &TokenCode, now: Timestamp) -> bool {
        logged(self.change(serial, code, Some(now), Change::Look))
    }

    fn mark_used(&self, serial: &str, code: &TokenCode, now: Timestamp) {
        logged(self.change(serial, code, Some(now), Change::Add));
    }

    fn last_used(&self, serial: &str, now: Timestamp) -> Option<Timestamp> {
        let (path, _held) = self.used_codes(serial).ok()??;
        let bytes = files::read_own(&path).ok()??;
        let text = String::from_utf8_lossy(&bytes);
        let times = text.lines().filter_map(|line| line.split_once(' ')?.0.parse::<i64>().ok());
        let last = times.filter(|at| (0..CODE_STEP).contains(&(now.as_second() - at))).max()?;
        Timestamp::from_second(last).ok()
    }

    fn unmark_used(&self, serial: &str, code: &TokenCode) {
        logged(self.change(serial, code, None, Change::Remove));
    }
}

/// AWS refuses a used code as well, so a list that cannot be kept costs an attempt and nothing else.
fn logged(changed: io::Result<bool>) -> bool {
    changed.inspect_err(|error| log::warn!("the list of used codes cannot be kept: {error}")).unwrap_or(false)
}

fn other(failure: Failure) -> io::Error {
    io::Error::other(failure.what().to_owned())
}

fn broken(failure: Failure) -> LockError {
    let parts = [Some(failure.what()), failure.cause_text()];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    LockError::Broken(match failure.hint_text() {
        Some(hint) => format!("{text}\n{hint}"),
        None => text,
    })
}

/// Sleeps until the lock is ours or the bound has passed. A thread blocks, for no wait of the kernel's has an end;
/// if it gets the lock after we gave up, nobody takes the file from it and closing it gives the lock back.
fn wait(file: File, bound: Duration, waiting: &dyn Fn(&str)) -> Result<File, LockError> {
    let end = Instant::now() + bound;
    let mut shown = file.try_clone().map_err(|e| LockError::Broken(e.to_string()))?;
    let (give, take) = channel();
    std::thread::Builder::new()
        .name("lock".into())
        .stack_size(64 << 10)
        .spawn(move || {
            let locked = lock(&file);
            let _ = give.send(locked.map(|()| file));
        })
        .map_err(|e| LockError::Broken(format!("cannot start a thread to wait in: {e}")))?;
    let mut told = false;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match take.recv_timeout(if told { left } else { left.min(QUIET) }) {
            Ok(locked) => return locked.map_err(|e| LockError::Broken(e.to_string())),
            Err(RecvTimeoutError::Timeout) if told || left <= QUIET => {
                return Err(LockError::Busy { holder: holder(&mut shown), seconds: bound.as_secs() });
            }
            Err(RecvTimeoutError::Timeout) => {
                told = true;
                waiting(&holder(&mut shown));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(LockError::Broken("the waiting thread ended".into())),
        }
    }
}

/// `flock`, through signals.
fn lock(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Leaves in the lock's file who holds it, for those who wait.
fn name_holder(mut file: &File, what: &str) {
    let text = format!("role-helper (pid {}), {what}", std::process::id());
    let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(text.as_bytes()));
    let _ = file.set_len(text.len() as u64);
}

fn holder(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(300).read_to_end(&mut bytes));
    let text: String = String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).collect();
    if text.is_empty() { "another role-helper".to_owned() } else { text }
}

#[derive(Serialize, Deserialize)]
struct WrittenRefusal {
    exit_code: u8,
    what: String,
    cause: Option<String>,
    hint: Option<String>,
    at: Timestamp,
}

impl WrittenRefusal {
    fn into_refusal(self) -> Option<Refusal> {
        use Kind::*;
        let kind = [Refused, Usage, Configuration, PersonNeeded, Keyring, Unreachable, Interrupted]
            .into_iter()
            .find(|kind| kind.exit_code() == self.exit_code)?;
        let mut reason = Failure::new(kind, self.what);
        if let Some(cause) = self.cause {
            reason = reason.cause(cause);
        }
        if let Some(hint) = self.hint {
            reason = reason.hint(hint);
        }
        Some(Refusal { reason, at: self.at })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::cell::RefCell;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::door::surroundings::Surroundings;

    const MINUTE: Duration = Duration::from_secs(60);

    fn locks_of(variables: &[(&str, &Path)]) -> Locks {
        let look_up = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).into());
        Locks::new(&Places::new(&Surroundings::of(&look_up).unwrap()).unwrap())
    }

    fn locks(home: &Path) -> Locks {
        locks_of(&[("ROLE_HELPER_HOME", home)])
    }

    /// One caller under the lock: the number in the file goes up by one, slowly enough to be seen half-way.
    fn count(home: &Path) {
        let _held = locks(home).acquire("session", "counting", MINUTE, &|_| {}).unwrap();
        let file = home.join("count");
        let count: u32 = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        std::thread::sleep(Duration::from_millis(2));
        std::fs::write(&file, (count + 1).to_string()).unwrap();
    }

    /// Not a test of its own: what a process of this program does, started by those below with these variables.
    #[test]
    fn as_a_process() {
        let Some(home) = std::env::var_os("LOCKS_HOME") else { return };
        match std::env::var("LOCKS_DO").as_deref() {
            Ok("count") => count(Path::new(&home)),
            _ => {
                let _held = locks(Path::new(&home)).acquire("session", "holding", MINUTE, &|_| {}).unwrap();
                std::fs::write(Path::new(&home).join("held"), "").unwrap();
                std::thread::sleep(MINUTE);
            }
        }
    }

    fn process(home: &Path, what: &str) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "door::locks::tests::as_a_process"])
            .env("LOCKS_HOME", home)
            .env("LOCKS_DO", what)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    #[test]
    fn fifty_threads_and_fifty_processes_go_one_by_one() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("count"), "0").unwrap();
        let processes: Vec<_> = (0..50).map(|_| process(home.path(), "count")).collect();
        std::thread::scope(|scope| {
            for _ in 0..50 {
                scope.spawn(|| count(home.path()));
            }
        });
        for mut process in processes {
            assert!(process.wait().unwrap().success());
        }
        assert_eq!(std::fs::read_to_string(home.path().join("count")).unwrap(), "100");
    }

    #[test]
    fn waiters_learn_the_holder_and_a_killed_one_frees_the_lock() {
        let home = tempfile::tempdir().unwrap();
        let mut holder = process(home.path(), "hold");
        while !home.path().join("held").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let locks = locks(home.path());
        let named = format!("role-helper (pid {}), holding", holder.id());
        let told = RefCell::new(Vec::new());
        let error =
            locks.acquire("session", "us", Duration::from_millis(200), &|h| told.borrow_mut().push(h.to_owned()));
        assert_eq!(error.unwrap_err(), LockError::Busy { holder: named.clone(), seconds: 0 });
        assert_eq!(*told.borrow(), [named]);
        locks.acquire("another", "us", Duration::ZERO, &|_| panic!("nobody holds it")).unwrap();

        holder.kill().unwrap();
        holder.wait().unwrap();
        let held = locks.acquire("session", "us", MINUTE, &|_| {}).unwrap();
        drop(held);
        // The thread that gave up above must not hold what it got late.
        locks.acquire("session", "us", MINUTE, &|_| {}).unwrap();
        assert!(home.path().join("locks/session.lock").exists(), "lock files are never deleted");
    }

    #[test]
    fn nobody_is_told_of_a_short_wait() {
        let home = tempfile::tempdir().unwrap();
        let first = locks(home.path()).acquire("session", "first", MINUTE, &|_| {}).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| {
                let begin = Instant::now();
                let told = std::sync::atomic::AtomicBool::new(false);
                let tell = |_: &str| told.store(true, std::sync::atomic::Ordering::Relaxed);
                drop(locks(home.path()).acquire("session", "second", MINUTE, &tell).unwrap());
                (begin.elapsed(), told.into_inner())
            });
            std::thread::sleep(Duration::from_millis(10));
            drop(first);
            let (waited, told) = second.join().unwrap();
            assert!(!told || waited >= QUIET, "told after {waited:?}");
        });
    }

    #[test]
    fn a_folder_that_others_could_change_is_refused_and_a_hopeless_one_done_without() {
        let home = tempfile::tempdir().unwrap();
        let shared = home.path().join("locks");
        std::fs::create_dir(&shared).unwrap();
        std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
        let error = locks(home.path()).acquire("session", "us", MINUTE, &|_| {}).unwrap_err();
        assert!(error.to_string().contains("chmod 700"), "{error}");

        let nowhere = ("ROLE_HELPER_HOME", Path::new("/proc/nowhere"));
        let lost = locks_of(&[nowhere]);
        lost.acquire("session", "us", MINUTE, &|_| {}).unwrap();
        lost.refuse("session", &Refusal { reason: Failure::new(Kind::Refused, "no"), at: Timestamp::UNIX_EPOCH });
        assert_eq!(lost.refusal("session"), None);

        let moved = locks_of(&[nowhere, ("XDG_RUNTIME_DIR", home.path())]);
        let _held = moved.acquire("session", "us", MINUTE, &|_| {}).unwrap();
        assert!(home.path().join("role-helper/locks/session.lock").exists());
        assert!(matches!(moved.acquire("session", "us", Duration::ZERO, &|_| {}), Err(LockError::Busy { .. })));
    }

    #[test]
    fn a_used_code_is_known_for_two_minutes_and_never_written() {
        let home = tempfile::tempdir().unwrap();
        let (locks, code): (_, TokenCode) = (locks(home.path()), "492039".parse().unwrap());
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        assert!(!locks.is_used("GAHT12345678", &code, at(0)));
        assert_eq!(locks.last_used("GAHT12345678", at(0)), None);
        locks.mark_used("GAHT12345678", &code, at(0));
        assert_eq!(locks.last_used("GAHT12345678", at(29)), Some(at(0)));
        assert_eq!(locks.last_used("GAHT12345678", at(30)), None);
        assert_eq!(locks.last_used("GAHT87654321", at(1)), None);
        locks.mark_used("GAHT12345678", &"111111".parse().unwrap(), at(1));
        assert!(locks.is_used("GAHT12345678", &code, at(119)));
        assert!(!locks.is_used("GAHT12345678", &code, at(121)));
        assert!(!locks.is_used("GAHT87654321", &code, at(1)));
        locks.unmark_used("GAHT12345678", &code);
        assert!(!locks.is_used("GAHT12345678", &code, at(1)));
        assert!(locks.is_used("GAHT12345678", &"111111".parse().unwrap(), at(1)));
        locks.mark_used("GAHT12345678", &code, at(500));
        let file = home.path().join("locks").join(file_name("used-", &digest("GAHT12345678"), ""));
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(text.lines().count(), 1, "old entries stayed:\n{text}");
        assert!(!text.contains("492039"));
    }

    #[test]
    fn refusals_are_remembered_as_they_were_said() {
        let home = tempfile::tempdir().unwrap();
        let locks = locks(home.path());
        let reason = Failure::new(Kind::Refused, "no").cause("wrong code").hint("again");
        let refusal = Refusal { reason, at: Timestamp::from_second(1_800_000_000).unwrap() };
        let long = "x/".repeat(500);
        for name in ["prod", "../prod", &long] {
            assert_eq!(locks.refusal(name), None);
            locks.refuse(name, &refusal);
            assert_eq!(locks.refusal(name), Some(refusal.clone()));
        }
        locks.clear_refusal("prod");
        assert_eq!(locks.refusal("prod"), None);
        assert_eq!(locks.refusal("../prod"), Some(refusal));
    }
}

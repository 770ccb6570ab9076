//! The kernel's keyring: a copy of a wrapped key for a few hours, so that a hit needs no D-Bus call and no passphrase.
//!
//! A `user` key in the user keyring (`@u`), named `role-helper:<folder>:<what>`. Only a possessor may read it, and
//! after `su -`, under sudo or in a fresh session keyring nothing links us to `@u`; changing the key's permissions
//! does not help there, linking `@u` into this process's own keyring (`@p`) does, and it ends with the process.
//!
//! The timeout is fixed when the copy is made. Nothing renews it: reading does not, and the same bytes put again do
//! not. Any process of the same user can read the copy, which is why callers wrap what they put ([`crate::seal::wrap`]).
//! Containers often refuse these calls; everything works without them, only slower, and `status` says so.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::files;
use crate::identity::Failure;

/// The longest a copy may live, in seconds: a working day.
pub const LONGEST: u32 = 8 * 60 * 60;

/// The most bytes a copy may have. The quota of a user is 20,000 for all programs.
pub const MOST_BYTES: usize = 256;

/// The name of the unlocked key of the file keyring among the copies.
pub const FILE_KEYRING: &str = "file-keyring";

/// Why the kernel keeps nothing for us, such as `operation not permitted`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelUnavailable(String);

impl fmt::Display for KernelUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the kernel keyring is not available: {}", self.0)
    }
}

impl std::error::Error for KernelUnavailable {}

/// What wraps the copies.
pub type WrappingKey = Zeroizing<[u8; 32]>;

/// The key that wraps what is put here: 32 random bytes in a file of ours, so that a kernel keyring which other
/// machines' containers share opens nothing. Made where there is none and `create` says so; else none.
///
/// # Errors
/// Where the file cannot be read or written, or is not ours alone.
pub fn wrapping_key(path: &Path, create: bool) -> Result<Option<WrappingKey>, Failure> {
    let (there, found) = read_wrapping_key(path)?;
    if found.is_some() || !create {
        return Ok(found);
    }
    let key = Zeroizing::new(random::<32>());
    if there {
        files::write_own(path, key.as_slice())?;
    } else if !files::write_own_once(path, key.as_slice())? {
        // Another process was quicker, and may have wrapped something already: its key is the key.
        if let (_, Some(theirs)) = read_wrapping_key(path)? {
            return Ok(Some(theirs));
        }
        files::write_own(path, key.as_slice())?;
    }
    Ok(Some(key))
}

/// Whether the file is there, and the key in it. Torn or of another length is as good as none, for what it wrapped
/// are only copies.
fn read_wrapping_key(path: &Path) -> Result<(bool, Option<WrappingKey>), Failure> {
    let bytes = files::read_own(path)?.map(Zeroizing::new);
    let key = bytes.as_ref().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new));
    Ok((bytes.is_some(), key))
}

/// Random bytes of the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut filled = 0;
    while filled < N {
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            // A system without random numbers cannot keep secrets, and goes no further.
            Err(_) => std::process::abort(),
        }
    }
    bytes
}

/// The copies that belong to one folder of ours.
#[derive(Debug, Clone)]
pub struct KernelKeyring {
    prefix: String,
}

impl KernelKeyring {
    /// For the folder with that id: homes are many, uids few. Costs no system call.
    pub fn new(folder_id: &str) -> Self {
        KernelKeyring { prefix: format!("role-helper:{folder_id}:") }
    }

    /// The copy, or none where it was never put, has expired or was forgotten. Four system calls.
    ///
    /// # Errors
    /// Where the kernel refuses. Go on without it.
    pub fn get(&self, what: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KernelUnavailable> {
        platform::get(&self.name(what))
    }

    /// Puts a copy for so many seconds, at most [`LONGEST`] and at least one. One with the same bytes stays as it is,
    /// with the timeout it has; one with others is replaced, in one step, by one that already has its timeout.
    ///
    /// # Errors
    /// Where the kernel refuses, or there are more than [`MOST_BYTES`]. Go on without it.
    pub fn put(&self, what: &str, bytes: &[u8], seconds: u32) -> Result<(), KernelUnavailable> {
        if bytes.is_empty() || bytes.len() > MOST_BYTES {
            return Err(KernelUnavailable(format!("a copy takes 1 to {MOST_BYTES} bytes")));
        }
        let name = self.name(what);
        if platform::get(&name)?.is_some_and(|there| there.as_slice() == bytes) {
            return Ok(());
        }
        platform::put(&name, bytes, seconds.clamp(1, LONGEST))
    }

    /// Invalidates the copy: nobody can read it from now on. Whether there was one.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn forget(&self, what: &str) -> Result<bool, KernelUnavailable> {
        platform::forget(&self.name(what))
    }

    /// Whether the kernel keeps anything for us here, for `status`. Changes nothing.
    ///
    /// # Errors
    /// The reason why it does not.
    pub fn available(&self) -> Result<(), KernelUnavailable> {
        platform::get(&self.name("probe")).map(|_| ())
    }

    fn name(&self, what: &str) -> String {
        format!("{}{what}", self.prefix)
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier};
    use zeroize::Zeroizing;

    use super::{KernelUnavailable, MOST_BYTES};

    pub(super) fn get(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KernelUnavailable> {
        let Some(key) = find(possess_user_keyring()?, name)? else {
            return Ok(None);
        };
        let mut buffer = Zeroizing::new([0u8; MOST_BYTES]);
        match key.read(&mut buffer) {
            // The kernel says how long the key is, whatever fits: a longer one is not ours.
            Ok(length) => Ok(buffer.get(..length).map(|bytes| Zeroizing::new(bytes.to_vec()))),
            Err(error) if is_gone(error) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    pub(super) fn put(name: &str, bytes: &[u8], seconds: u32) -> Result<(), KernelUnavailable> {
        let process = possess_user_keyring()?;
        // Made in our own keyring, which ends with us, and shown to others only once it has its timeout: a process
        // that is killed between the two leaves nothing that stays for ever.
        let key = process.add_key(name, bytes).map_err(unavailable)?;
        let shown = key
            .set_timeout(seconds as usize)
            .and_then(|()| KeyRing::from_special_id(KeyRingIdentifier::User, false)?.link_key(key));
        let unlinked = process.unlink_key(key);
        shown.map_err(unavailable)?;
        unlinked.map_err(unavailable)
    }

    pub(super) fn forget(name: &str) -> Result<bool, KernelUnavailable> {
        let Some(key) = find(possess_user_keyring()?, name)? else {
            return Ok(false);
        };
        match key.invalidate() {
            Ok(()) => Ok(true),
            Err(error) if is_gone(error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    // The process keyring belongs to the thread that made it and those it starts later, so this is asked every time.
    fn possess_user_keyring() -> Result<KeyRing, KernelUnavailable> {
        let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(unavailable)?;
        process.link_keyring_id(KeyRingIdentifier::User).map_err(unavailable)?;
        Ok(process)
    }

    fn find(ring: KeyRing, name: &str) -> Result<Option<Key>, KernelUnavailable> {
        match ring.search(name) {
            Ok(key) => Ok(Some(key)),
            Err(error) if is_gone(error) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    // An expired, invalidated or revoked key answers with its own error until it is collected.
    fn is_gone(error: KeyError) -> bool {
        matches!(error, KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked | KeyError::KeyRejected)
    }

    fn unavailable(error: KeyError) -> KernelUnavailable {
        KernelUnavailable(match error {
            KeyError::PermissionDenied => "operation not permitted (EPERM), as in many containers".to_owned(),
            KeyError::AccessDenied => "permission denied (EACCES)".to_owned(),
            KeyError::QuotaExceeded => "the user's quota of kernel keys is used up (EDQUOT)".to_owned(),
            KeyError::OperationNotSupported => "not supported (ENOTSUP)".to_owned(),
            KeyError::Unknown(code) => std::io::Error::from_raw_os_error(code).to_string(),
            other => other.to_string(),
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use zeroize::Zeroizing;

    use super::KernelUnavailable;

    fn none_here<T>() -> Result<T, KernelUnavailable> {
        Err(KernelUnavailable("this system has none".to_owned()))
    }

    pub(super) fn get(_: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KernelUnavailable> {
        none_here()
    }

    pub(super) fn put(_: &str, _: &[u8], _: u32) -> Result<(), KernelUnavailable> {
        none_here()
    }

    pub(super) fn forget(_: &str) -> Result<bool, KernelUnavailable> {
        none_here()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;

    fn fresh() -> KernelKeyring {
        let id: String = tempfile::tempdir().unwrap().path().file_name().unwrap().to_string_lossy().into_owned();
        KernelKeyring::new(&format!("test{}{id}", std::process::id()))
    }

    fn seconds_left(what: &str) -> Option<u64> {
        // The only place where the kernel shows a timeout: the fourth column, such as `4w`, `10s`, `perm`.
        let keys = std::fs::read_to_string("/proc/keys").unwrap();
        let line = keys.lines().find(|line| line.contains(what))?;
        line.split_whitespace().nth(3)?.strip_suffix('s')?.parse().ok()
    }

    #[test]
    fn all_who_make_the_wrapping_key_at_once_have_the_same() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("wrap");
            let barrier = std::sync::Barrier::new(16);
            let make = || {
                barrier.wait();
                wrapping_key(&path, true).unwrap().unwrap().to_vec()
            };
            let keys: std::collections::BTreeSet<Vec<u8>> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..16).map(|_| scope.spawn(make)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(keys.len(), 1);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file is left");
            std::fs::write(&path, "torn").unwrap();
            assert!(wrapping_key(&path, false).unwrap().is_none());
            let mended = wrapping_key(&path, true).unwrap().unwrap();
            assert_eq!(wrapping_key(&path, false).unwrap(), Some(mended));
        }
    }

    #[test]
    fn what_was_put_is_there_until_it_is_forgotten() {
        let kernel = fresh();
        assert_eq!(kernel.get("a").unwrap(), None);
        assert!(!kernel.forget("a").unwrap());
        kernel.put("a", b"one", 60).unwrap();
        kernel.put("b", b"two", 60).unwrap();
        assert_eq!(kernel.get("a").unwrap().unwrap().as_slice(), b"one");
        kernel.put("a", b"three", 60).unwrap();
        assert_eq!(kernel.get("a").unwrap().unwrap().as_slice(), b"three");
        assert!(kernel.forget("a").unwrap());
        assert_eq!(kernel.get("a").unwrap(), None);
        assert_eq!(kernel.get("b").unwrap().unwrap().as_slice(), b"two");
        assert!(kernel.forget("b").unwrap());
    }

    #[test]
    fn the_timeout_is_fixed_and_nothing_renews_it() {
        let kernel = fresh();
        // The kernel counts whole seconds: a copy may end up to one early.
        kernel.put("t", b"short", 3).unwrap();
        assert!(seconds_left(&kernel.name("t")).unwrap() <= 3);
        std::thread::sleep(Duration::from_millis(1100));
        assert!(kernel.get("t").unwrap().is_some());
        kernel.put("t", b"short", 60).unwrap();
        assert!(seconds_left(&kernel.name("t")).is_none_or(|left| left <= 2));
        std::thread::sleep(Duration::from_millis(2200));
        assert_eq!(kernel.get("t").unwrap(), None);
    }

    #[test]
    fn no_copy_outlives_a_working_day() {
        let kernel = fresh();
        kernel.put("long", b"x", u32::MAX).unwrap();
        let keys = std::fs::read_to_string("/proc/keys").unwrap();
        let line = keys.lines().find(|line| line.contains(&kernel.name("long"))).unwrap();
        assert!(line.contains(" 7h ") || line.contains(" 8h "), "{line}");
        kernel.forget("long").unwrap();
    }

    #[test]
    fn too_much_is_refused_and_a_foreign_one_ignored() {
        let kernel = fresh();
        assert!(kernel.put("big", &[0; MOST_BYTES + 1], 60).is_err());
        platform::put(&kernel.name("big"), &[0; MOST_BYTES + 1], 60).unwrap();
        assert_eq!(kernel.get("big").unwrap(), None);
        kernel.forget("big").unwrap();
    }

    // The part that other processes play: this very test binary, run again in another session or as another user.
    #[test]
    fn played_by_another_process() {
        let Ok(play) = std::env::var("KERNEL_TEST_PLAY") else { return };
        let (action, id) = play.split_once(' ').unwrap();
        let kernel = KernelKeyring::new(id);
        match action {
            "put" => kernel.put("shared", b"across", 60).unwrap(),
            "get" => println!("FOUND {}", kernel.get("shared").unwrap().is_some_and(|v| v.as_slice() == b"across")),
            "fill" => {
                let user = linux_keyutils::KeyRing::from_special_id(linux_keyutils::KeyRingIdentifier::User, true);
                let ring = user.unwrap();
                while ring.add_key(&format!("fill {:?}", std::time::Instant::now()), "x").is_ok() {}
                let refused = kernel.put("shared", b"across", 60).unwrap_err().to_string();
                println!("FOUND {}", refused.contains("quota") && kernel.get("shared").unwrap().is_none());
                ring.clear().unwrap();
            }
            "forget" => println!("FOUND {}", kernel.forget("shared").unwrap()),
            other => panic!("{other}"),
        }
    }

    fn play(before: &[&str], binary: &std::path::Path, action: &str, id: &str) -> String {
        let mut words: Vec<std::ffi::OsString> = before.iter().map(Into::into).collect();
        words.extend([binary.into(), "--exact".into(), "door::kernel::tests::played_by_another_process".into()]);
        words.push("--nocapture".into());
        let output = Command::new(&words[0])
            .args(&words[1..])
            .env("KERNEL_TEST_PLAY", format!("{action} {id}"))
            .current_dir("/")
            .output()
            .unwrap();
        assert!(output.status.success(), "{before:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn found(stdout: &str) -> bool {
        assert!(stdout.contains("FOUND"), "{stdout}");
        stdout.contains("FOUND true")
    }

    #[test]
    fn every_session_of_the_user_finds_it_and_no_other_user() {
        let id = fresh().prefix.replace("role-helper", "").replace(':', "");
        let here = std::env::current_exe().unwrap();
        play(&["keyctl", "session", "-"], &here, "put", &id);
        for before in [&["env"][..], &["keyctl", "session", "-"], &["setsid", "-w"]] {
            assert!(found(&play(before, &here, "get", &id)), "{before:?}");
        }
        if rustix::process::geteuid().is_root() {
            // A place where another user can run it from.
            let folder = tempfile::tempdir_in("/tmp").unwrap();
            std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            let copy = folder.path().join("copy");
            std::fs::copy(&here, &copy).unwrap();
            let uid = (700_000 + std::process::id() % 100_000).to_string();
            let plain = ["setpriv", "--reuid", &uid, "--regid", &uid, "--clear-groups"];
            let session = [&plain[..], &["keyctl", "session", "-"]].concat();
            assert!(!found(&play(&plain, &copy, "get", &id)), "another user found it");
            play(&session, &copy, "put", &id);
            assert!(found(&play(&plain, &copy, "get", &id)), "ordinary user, inherited session");
            assert!(found(&play(&session, &copy, "get", &id)), "ordinary user, fresh session");
            assert!(found(&play(&session, &copy, "forget", &id)));
            assert!(!found(&play(&plain, &copy, "get", &id)));
            assert!(found(&play(&["env"], &here, "get", &id)), "root's own is untouched");
            assert!(found(&play(&session, &copy, "fill", &id)), "a used up quota is no copy and no crash");
        }
        assert!(found(&play(&["env"], &here, "forget", &id)));
    }
}

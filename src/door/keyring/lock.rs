//! Locks between processes that use one keyring, as files beside it. They are never deleted: a lock file that is made
//! again hands out a second lock.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::broken;
use super::deadline::{NoAnswer, within};
use crate::door::files;
use crate::door::owner::said;
use crate::port::KeyStoreError;

/// The lock of that file until the answer is dropped, waited for at most so long; `waiting` is called once if it is
/// not free.
pub(super) fn hold(path: &Path, bound: Duration, waiting: impl FnOnce()) -> Result<File, KeyStoreError> {
    let cannot = |error: std::io::Error| {
        KeyStoreError::Broken(format!("cannot take the lock {}: {}", path.display(), said(&error)))
    };
    if let Some(folder) = path.parent() {
        files::ensure_dir(folder).map_err(|failure| broken(&failure))?;
    }
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32)
        .open(path)
        .map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => waiting(),
        Err(TryLockError::Error(error)) => return Err(cannot(error)),
    }
    match within(bound, move || file.lock().map(|()| file)) {
        Ok(locked) => locked.map_err(cannot),
        Err(NoAnswer::TimedOut) => Err(KeyStoreError::TimedOut { seconds: bound.as_secs() }),
        Err(NoAnswer::Died) => Err(KeyStoreError::Broken("no thread could be started".to_owned())),
    }
}

/// The same where the lock only spares questions and memory: a folder that cannot be written is no reason not to go
/// on without.
pub(super) fn hold_if_possible(
    path: &Path,
    bound: Duration,
    waiting: impl FnOnce(),
) -> Result<Option<File>, KeyStoreError> {
    match hold(path, bound, waiting) {
        Ok(lock) => Ok(Some(lock)),
        Err(KeyStoreError::Broken(reason)) => {
            log::debug!("unlocking without a lock: {reason}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What the last holder left in the lock's file.
pub(super) fn text(mut file: &File) -> String {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.take(1000).read_to_string(&mut text));
    text
}

/// Leaves a text in the lock's file, in the place of what was there.
pub(super) fn leave(mut file: &File, text: &str) {
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
}

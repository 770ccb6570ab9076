//! The sealed sessions on disk, and the data key that opens them.
//!
//! The data key lives in the keyring. A copy of it sits in the kernel for a working day, wrapped by a random file
//! of ours, so that a hit costs no D-Bus call and no passphrase, and a kernel keyring alone opens nothing. A hit
//! ([`peek`]) knows only that copy; the rest of the way is for the companion.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::door::clock::SystemClock;
use crate::door::files;
use crate::door::kernel::{self, KernelKeyring, random, wrapping_key};
use crate::door::places::Places;
use crate::identity::{Failure, Kind};
use crate::port::{Clock, Item, KeyStore, KeyStoreError, OneAtATime, SecretBytes, SessionCache};
use crate::seal::{self, CacheKey, DATA_KEY_BYTES, DataKey, Header, SealedSession};

/// The name of the kernel's copy, and the context it is wrapped in.
const DATA_KEY: &str = "data-key";
/// A sealed session that ended this long ago, in seconds, is swept when another is written.
const SWEPT_AFTER: i64 = 3600;

/// The session under the key, if the kernel's copy of the data key opens it. One file read, no keyring, no lock.
pub fn peek(places: &Places, key: &CacheKey) -> Option<SealedSession> {
    let sealed = files::read_own(&path(places, key)).ok()??;
    let data_key = copy_in_kernel(places)?;
    seal::open(&sealed, key, &data_key)
}

/// The cache as use cases know it.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds the data key")]
pub struct Cache<'a> {
    places: &'a Places,
    keyring: &'a dyn KeyStore,
    locks: &'a dyn OneAtATime,
    data_key: OnceCell<DataKey>,
}

impl<'a> Cache<'a> {
    /// Opens nothing yet.
    pub fn new(places: &'a Places, keyring: &'a dyn KeyStore, locks: &'a dyn OneAtATime) -> Self {
        Cache { places, keyring, locks, data_key: OnceCell::new() }
    }

    /// The data key, if there is one: from the kernel, else from the keyring. Fails where a person said no to opening
    /// that.
    fn known_data_key(&self) -> Result<Option<DataKey>, Failure> {
        if let Some(key) = self.data_key.get() {
            return Ok(Some(key.clone()));
        }
        let key = match copy_in_kernel(self.places) {
            Some(key) => key,
            None => {
                let found = match self.keyring.get(&Item::DataKey) {
                    Ok(found) => found,
                    Err(error @ (KeyStoreError::Declined(_) | KeyStoreError::Interrupted)) => {
                        return Err(error.failure(&self.keyring.label()));
                    }
                    Err(error) => {
                        log::debug!("the data key cannot be had: {error}");
                        None
                    }
                };
                let Some(key) = found.as_ref().and_then(data_key_of) else { return Ok(None) };
                self.copy_to_kernel(&key);
                key
            }
        };
        Ok(Some(self.data_key.get_or_init(|| key).clone()))
    }

    /// The data key, made on first use. One process makes it, the others find it.
    fn data_key(&self) -> Result<DataKey, Failure> {
        if let Some(key) = self.known_data_key()? {
            return Ok(key);
        }
        let unsealed = |text: String| {
            let failure = Failure::new(Kind::Keyring, "the session cannot be sealed");
            match text.split_once('\n') {
                Some((cause, remedy)) => failure.cause(cause).hint(remedy),
                None => failure.cause(text),
            }
        };
        let _held = self
            .locks
            .acquire(DATA_KEY, "making the data key", Duration::from_secs(30), &|_| ())
            .map_err(|error| unsealed(error.to_string()))?;
        match self.keyring.get(&Item::DataKey) {
            Err(error) => return Err(unsealed(error.to_string())),
            Ok(Some(found)) if let Some(key) = data_key_of(&found) => {
                self.copy_to_kernel(&key);
                return Ok(self.data_key.get_or_init(|| key).clone());
            }
            Ok(_) => (),
        }
        let key: DataKey = Zeroizing::new(random());
        let secret = SecretBytes::from(key.to_vec());
        self.keyring.put(&Item::DataKey, &secret).map_err(|error| unsealed(error.to_string()))?;
        self.copy_to_kernel(&key);
        Ok(self.data_key.get_or_init(|| key).clone())
    }

    fn copy_to_kernel(&self, key: &DataKey) {
        let wrapping = match wrapping_key(&self.places.wrap_file(), true) {
            Ok(Some(wrapping)) => wrapping,
            Ok(None) => return,
            Err(failure) => return log::debug!("every hit will open the keyring: {failure}"),
        };
        let wrapped = seal::wrap(&wrapping, random(), &**key, DATA_KEY.as_bytes());
        if let Err(error) = kernel(self.places).put(DATA_KEY, &wrapped, kernel::LONGEST) {
            log::debug!("every hit will open the keyring: {error}");
        }
    }

    fn sweep(&self) {
        // The folder above is written to once, so what a killed writer left there would stay for ever.
        if let Some(above) = self.places.wrap_file().parent() {
            files::sweep(above, ".");
        }
        // Swept by our own clock, generously: a session is never removed while it could still serve.
        let now = SystemClock.now();
        for (key, header) in self.headers() {
            if header.seconds_left(now) < -SWEPT_AFTER {
                let _ = files::remove_own(&path(self.places, &key));
            }
        }
    }
}

impl SessionCache for Cache<'_> {
    fn peek(&self, key: &CacheKey) -> Option<SealedSession> {
        peek(self.places, key)
    }

    fn get(&self, key: &CacheKey) -> Result<Option<SealedSession>, Failure> {
        let file = path(self.places, key);
        let sealed = match files::read_own(&file) {
            Ok(Some(sealed)) => sealed,
            Ok(None) => return Ok(None),
            Err(failure) => {
                log::debug!("a sealed session is passed over: {failure}");
                return Ok(None);
            }
        };
        let Some(data_key) = self.known_data_key()? else { return Ok(None) };
        let opened = seal::open(&sealed, key, &data_key);
        if opened.is_none() {
            log::debug!("{} does not open: damaged, foreign or old", file.display());
        }
        Ok(opened)
    }

    fn prepare(&self) {
        if let Err(failure) = self.data_key() {
            log::debug!("the session to come will not be sealed: {failure}");
        }
    }

    fn put(&self, key: &CacheKey, session: &SealedSession) -> Result<(), Failure> {
        let data_key = self.data_key()?;
        let sealed = seal::seal(session, key, &data_key, random())
            .ok_or_else(|| Failure::new(Kind::Keyring, "the session cannot be sealed"))?;
        files::write_own(&path(self.places, key), &sealed)?;
        self.sweep();
        Ok(())
    }

    fn forget(&self, key: &CacheKey) -> Result<bool, Failure> {
        files::remove_own(&path(self.places, key))
    }

    fn headers(&self) -> Vec<(CacheKey, Header)> {
        headers(self.places)
    }

    fn forget_all(&self) -> Result<usize, Failure> {
        // First, while the kernel may still hold what opens the keyring, so that nobody is asked for it. Where it is
        // locked the key stays, and opens nothing that is left here.
        if let Err(error) = self.keyring.delete(&Item::DataKey) {
            log::debug!("the data key stays in the keyring: {error}");
        }
        let copies = forget_copies(self.places);
        let (mut forgotten, mut first_failure) = (0, None);
        for file in sealed_files(self.places) {
            match files::remove_own(&file) {
                Ok(was_there) => forgotten += usize::from(was_there),
                Err(failure) => _ = first_failure.get_or_insert(failure),
            }
        }
        first_failure.map_or(copies.map(|()| forgotten), Err)
    }
}

/// The clear headers of all sealed sessions, in no order. Opens no keyring.
pub fn headers(places: &Places) -> Vec<(CacheKey, Header)> {
    sealed_files(places)
        .into_iter()
        .filter_map(|file| {
            let key = file.file_stem()?.to_str()?.parse().ok()?;
            let header = seal::clear_header(&files::read_own(&file).ok()??)?;
            Some((key, header))
        })
        .collect()
}

fn sealed_files(places: &Places) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(places.sessions_dir()) else { return Vec::new() };
    let sealed = |path: &Path| path.extension().is_some_and(|extension| extension == "sealed");
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| sealed(path)).collect()
}

/// Forgets what the kernel holds for us: the copy of the data key, and the file keyring's, and what wraps them, so
/// that a copy which the kernel would not give up opens nothing.
fn forget_copies(places: &Places) -> Result<(), Failure> {
    for what in [DATA_KEY, kernel::FILE_KEYRING] {
        if let Err(error) = kernel(places).forget(what) {
            log::debug!("the kernel's copy of {what} stays until it times out, and opens nothing: {error}");
        }
    }
    files::remove_own(&places.wrap_file()).map(|_| ())
}

fn path(places: &Places, key: &CacheKey) -> PathBuf {
    places.sealed_file(key.as_str())
}

fn kernel(places: &Places) -> KernelKeyring {
    KernelKeyring::new(&places.folder_id())
}

fn copy_in_kernel(places: &Places) -> Option<DataKey> {
    let wrapped = kernel(places).get(DATA_KEY).ok()??;
    let wrapping = wrapping_key(&places.wrap_file(), false).ok()??;
    let key = seal::unwrap(&wrapping, &wrapped, DATA_KEY.as_bytes())?;
    fixed(&key)
}

fn data_key_of(secret: &SecretBytes) -> Option<DataKey> {
    fixed(secret.expose_secret())
}

fn fixed(bytes: &[u8]) -> Option<DataKey> {
    <[u8; DATA_KEY_BYTES]>::try_from(bytes).ok().map(Zeroizing::new)
}

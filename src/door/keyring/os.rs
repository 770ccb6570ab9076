//! The platform's keyring: Secret Service on Linux and the BSDs, Keychain on macOS, Credential Manager on Windows.
//!
//! An item's attributes are `service` = `role-helper` and `username` = `key:<access key id>`, or
//! `data-key:<folder id>` since homes are many; these are stable. The secret is base64, because KWallet takes text
//! only. Nothing is asked of the service twice after it failed to answer once.
//!
//! A locked keyring opens a dialog only where somebody can see it. Whether it is locked is found out first: without
//! a display the answer is an error at once, and never a dialog for nobody.

use std::cell::RefCell;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::deadline::{NoAnswer, within};
use super::lock;
#[cfg(not(all(unix, not(target_os = "macos"))))]
use super::native as platform;
#[cfg(all(unix, not(target_os = "macos")))]
use super::secret_service as platform;
use crate::port::{Item, KeyStore, KeyStoreError, SecretBytes};

/// What every item of ours is under.
pub(super) const SERVICE: &str = "role-helper";
/// A service that has nobody to ask answers within milliseconds.
const QUIET: Duration = Duration::from_secs(5);
/// A person who is asked to unlock has to find the password first.
const ASKED: Duration = Duration::from_secs(60);
/// For how long a dialog that was closed is an answer for others too.
const CLOSED_HOLDS: Duration = Duration::from_secs(10);

/// The platform's keyring. Opening it costs nothing until the first call.
pub struct OsKeyring {
    folder_id: String,
    may_ask: bool,
    dialog_lock: PathBuf,
    service: Arc<Mutex<Option<platform::Service>>>,
    gave_up: RefCell<Option<KeyStoreError>>,
}

impl std::fmt::Debug for OsKeyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OsKeyring").field("may_ask", &self.may_ask).finish_non_exhaustive()
    }
}

impl OsKeyring {
    /// `may_ask` says whether somebody is there to answer a dialog of the keyring's own; `dialog_lock` is the file
    /// that keeps any number of callers to one dialog.
    pub fn new(folder_id: &str, may_ask: bool, dialog_lock: PathBuf) -> Self {
        OsKeyring {
            folder_id: folder_id.to_owned(),
            may_ask,
            dialog_lock,
            service: Arc::default(),
            gave_up: RefCell::default(),
        }
    }

    /// Whether it can be used from here: it answers, and is unlocked or somebody can unlock it. Asks nobody.
    ///
    /// # Errors
    /// Why not.
    pub fn usable(&self) -> Result<(), KeyStoreError> {
        if self.call(QUIET, |service| service.default_is_locked())? && !self.may_ask {
            return Err(KeyStoreError::Locked("nobody is at a display to unlock it".to_owned()));
        }
        Ok(())
    }

    /// Unlocks what the item is in, if it is locked and somebody can be asked.
    fn unlock(&self, user: &str) -> Result<(), KeyStoreError> {
        if !self.is_locked(user)? {
            return Ok(());
        }
        if !self.may_ask {
            return Err(KeyStoreError::Locked(
                "it asks for its password in a window, and there is no display here\n\
                 unlock it from the desktop, or log in there, then try again"
                    .to_owned(),
            ));
        }
        let one = lock::hold_if_possible(&self.dialog_lock, ASKED + QUIET, || ())?;
        // Whoever had the dialog until now may have been given the password.
        if !self.is_locked(user)? {
            return Ok(());
        }
        if one.as_ref().is_some_and(closed_lately) {
            return Err(KeyStoreError::Locked(format!(
                "its dialog was closed a moment ago\nunlock it, or try again in {} s",
                CLOSED_HOLDS.as_secs()
            )));
        }
        let name = user.to_owned();
        let unlocked = self.call(ASKED, move |service| service.unlock(&name));
        if let (Err(_), Some(file)) = (&unlocked, &one) {
            note_closed(file);
        }
        unlocked
    }

    fn is_locked(&self, user: &str) -> Result<bool, KeyStoreError> {
        let name = user.to_owned();
        self.call(QUIET, move |service| service.is_locked(&name))
    }

    fn call<T: Send + 'static>(
        &self,
        bound: Duration,
        work: impl FnOnce(&platform::Service) -> Result<T, KeyStoreError> + Send + 'static,
    ) -> Result<T, KeyStoreError> {
        if let Some(error) = &*self.gave_up.borrow() {
            return Err(error.clone());
        }
        let service = Arc::clone(&self.service);
        let answer = within(bound, move || {
            let mut service = service.lock().map_err(|_| KeyStoreError::Broken("a call to it failed".to_owned()))?;
            if service.is_none() {
                *service = Some(platform::Service::connect()?);
            }
            service.as_ref().map_or_else(|| Err(KeyStoreError::Broken("no connection".to_owned())), work)
        });
        let error = match answer {
            Ok(answer) => return answer,
            Err(NoAnswer::TimedOut) => KeyStoreError::TimedOut { seconds: bound.as_secs() },
            Err(NoAnswer::Died) => KeyStoreError::Broken("a call to it failed".to_owned()),
        };
        self.gave_up.replace(Some(error.clone()));
        Err(error)
    }

    fn user(&self, item: &Item) -> String {
        match item {
            Item::AccessKey(id) => format!("key:{id}"),
            Item::DataKey => format!("data-key:{}", self.folder_id),
        }
    }
}

impl KeyStore for OsKeyring {
    fn label(&self) -> String {
        platform::LABEL.to_owned()
    }

    fn get(&self, item: &Item) -> Result<Option<SecretBytes>, KeyStoreError> {
        let user = self.user(item);
        self.unlock(&user)?;
        let name = user.clone();
        let Some(text) = self.call(platform::BOUND, move |service| service.get(&name))? else { return Ok(None) };
        let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
        let length = STANDARD.decode_slice(text.as_slice(), &mut bytes).map_err(|_| {
            KeyStoreError::Broken(format!(
                "its item {SERVICE} {user} was changed by another program\nremove that item, then add the key again"
            ))
        })?;
        Ok(Some(bytes[..length].to_vec().into()))
    }

    fn put(&self, item: &Item, secret: &SecretBytes) -> Result<(), KeyStoreError> {
        let user = self.user(item);
        self.unlock(&user)?;
        let text = Zeroizing::new(STANDARD.encode(secret.expose_secret()));
        let may_ask = self.may_ask;
        let bound = if may_ask { ASKED } else { platform::BOUND };
        self.call(bound, move |service| service.put(&user, text.as_bytes(), may_ask))
    }

    fn delete(&self, item: &Item) -> Result<bool, KeyStoreError> {
        let user = self.user(item);
        self.unlock(&user)?;
        self.call(platform::BOUND, move |service| service.delete(&user))
    }
}

/// Whether the dialog that this lock file stands for came to nothing a moment ago: all who wait for it would otherwise
/// open it again, one after the other.
fn closed_lately(file: &File) -> bool {
    let noted = file.metadata().ok().filter(|facts| facts.len() > 0).and_then(|facts| facts.modified().ok());
    noted.and_then(|at| at.elapsed().ok()).is_some_and(|age| age < CLOSED_HOLDS)
}

fn note_closed(mut file: &File) {
    // Without the note somebody is asked once more.
    let _ = file.set_len(0).and_then(|()| file.write_all(b"closed\n"));
}

#[cfg(all(test, target_os = "linux"))]
#[path = "os_tests.rs"]
mod tests;

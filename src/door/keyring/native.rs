//! macOS Keychain and Windows Credential Manager, by the stores of the keyring crate's family. Untested: no machine
//! of either kind takes part in the tests.

use std::sync::Arc;
use std::time::Duration;

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;

use super::os::SERVICE;
use crate::port::KeyStoreError;

/// What `status` calls it.
pub(super) const LABEL: &str = if cfg!(windows) { "Credential Manager" } else { "Keychain" };
/// Keychain asks the person whenever the program is not the one that wrote the item.
pub(super) const BOUND: Duration = Duration::from_secs(60);

/// The platform's store.
pub(super) struct Service(Arc<Store>);

impl Service {
    pub(super) fn connect() -> Result<Service, KeyStoreError> {
        Store::new().map(Service).map_err(|error| explain(&error))
    }

    // Both ask by themselves, and only where there is a desktop.
    pub(super) fn default_is_locked(&self) -> Result<bool, KeyStoreError> {
        Ok(false)
    }

    pub(super) fn is_locked(&self, _: &str) -> Result<bool, KeyStoreError> {
        Ok(false)
    }

    pub(super) fn unlock(&self, _: &str) -> Result<(), KeyStoreError> {
        Ok(())
    }

    pub(super) fn get(&self, user: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError> {
        match self.entry(user)?.get_secret() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(explain(&error)),
        }
    }

    pub(super) fn put(&self, user: &str, secret: &[u8], _: bool) -> Result<(), KeyStoreError> {
        self.entry(user)?.set_secret(secret).map_err(|error| explain(&error))
    }

    pub(super) fn delete(&self, user: &str) -> Result<bool, KeyStoreError> {
        match self.entry(user)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(explain(&error)),
        }
    }

    fn entry(&self, user: &str) -> Result<Entry, KeyStoreError> {
        self.0.build(SERVICE, user, None).map_err(|error| explain(&error))
    }
}

fn explain(error: &Error) -> KeyStoreError {
    match error {
        Error::NoStorageAccess(_) => KeyStoreError::Locked(error.to_string()),
        other => KeyStoreError::Broken(other.to_string()),
    }
}

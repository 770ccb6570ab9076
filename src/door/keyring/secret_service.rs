//! The Secret Service by D-Bus: GNOME Keyring, KWallet, KeePassXC.
//!
//! The `secret-service` crate itself, which the keyring crate's store stands on: the store unlocks whenever it finds
//! something locked, and cannot say so beforehand.

use std::collections::HashMap;
use std::time::Duration;

use secret_service::blocking::{Collection, Item, SecretService};
use secret_service::{EncryptionType, Error};
use zeroize::Zeroizing;

use super::os::SERVICE;
use crate::port::KeyStoreError;

/// What `status` calls it.
pub(super) const LABEL: &str = "Secret Service";
/// How long reading may take once it is unlocked.
pub(super) const BOUND: Duration = Duration::from_secs(5);

/// One connection.
pub(super) struct Service(SecretService<'static>);

impl Service {
    pub(super) fn connect() -> Result<Service, KeyStoreError> {
        SecretService::connect(EncryptionType::Dh).map(Service).map_err(|error| explain(&error))
    }

    pub(super) fn default_is_locked(&self) -> Result<bool, KeyStoreError> {
        match self.default()? {
            Some(collection) => collection.is_locked().map_err(|error| explain(&error)),
            None => Err(no_collection()),
        }
    }

    /// Whether the item is in something locked. A locked keyring may hide what it has, so one that shows nothing
    /// counts as locked, not as empty.
    pub(super) fn is_locked(&self, user: &str) -> Result<bool, KeyStoreError> {
        let found = self.search(user)?;
        if !found.0.is_empty() {
            return Ok(false);
        }
        if !found.1.is_empty() {
            return Ok(true);
        }
        match self.default()? {
            Some(collection) => collection.is_locked().map_err(|error| explain(&error)),
            None => Ok(false),
        }
    }

    pub(super) fn unlock(&self, user: &str) -> Result<(), KeyStoreError> {
        let (_, locked) = self.search(user)?;
        if let Some(item) = locked.first() {
            return item.unlock().map_err(|error| explain(&error));
        }
        match self.default()? {
            Some(collection) => collection.unlock().map_err(|error| explain(&error)),
            None => Ok(()),
        }
    }

    pub(super) fn get(&self, user: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyStoreError> {
        let (unlocked, locked) = self.search(user)?;
        // Two collections may both have one; the one that was written last is what a person means.
        let newest = unlocked.iter().max_by_key(|item| item.get_modified().unwrap_or_default());
        match newest {
            Some(item) => item.get_secret().map(|secret| Some(Zeroizing::new(secret))).map_err(|error| explain(&error)),
            None if !locked.is_empty() => Err(explain(&Error::Locked)),
            None => Ok(None),
        }
    }

    pub(super) fn put(&self, user: &str, secret: &[u8], may_ask: bool) -> Result<(), KeyStoreError> {
        let (unlocked, locked) = self.search(user)?;
        if !locked.is_empty() {
            return Err(explain(&Error::Locked));
        }
        if let Some(item) = unlocked.iter().max_by_key(|item| item.get_modified().unwrap_or_default()) {
            return item.set_secret(secret, "text/plain").map_err(|error| explain(&error));
        }
        let collection = match self.default()? {
            Some(collection) => collection,
            // Making one asks for its password in a dialog.
            None if may_ask => self.0.create_collection("Login", "default").map_err(|error| explain(&error))?,
            None => return Err(no_collection()),
        };
        collection
            .create_item(&format!("role-helper {user}"), attributes(user), secret, true, "text/plain")
            .map(|_| ())
            .map_err(|error| explain(&error))
    }

    pub(super) fn delete(&self, user: &str) -> Result<bool, KeyStoreError> {
        let (unlocked, locked) = self.search(user)?;
        if !locked.is_empty() {
            return Err(explain(&Error::Locked));
        }
        for item in &unlocked {
            item.delete().map_err(|error| explain(&error))?;
        }
        Ok(!unlocked.is_empty())
    }

    /// The items, unlocked and locked.
    fn search(&self, user: &str) -> Result<(Vec<Item<'_>>, Vec<Item<'_>>), KeyStoreError> {
        let found = self.0.search_items(attributes(user)).map_err(|error| explain(&error))?;
        Ok((found.unlocked, found.locked))
    }

    fn default(&self) -> Result<Option<Collection<'_>>, KeyStoreError> {
        match self.0.get_default_collection() {
            Ok(collection) => Ok(Some(collection)),
            Err(Error::NoResult) => Ok(None),
            Err(error) => Err(explain(&error)),
        }
    }
}

/// As the keyring crate names them.
fn attributes(user: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", user)])
}

fn no_collection() -> KeyStoreError {
    KeyStoreError::Absent(
        "it has no default keyring to keep keys in\n\
         log in to the desktop once to make one, or set ROLE_HELPER_KEYRING=file to keep keys in an encrypted file"
            .to_owned(),
    )
}

fn explain(error: &Error) -> KeyStoreError {
    match error {
        Error::Unavailable => KeyStoreError::Absent("there is no D-Bus session bus".to_owned()),
        Error::Zbus(error) => explain_bus(error),
        Error::ZbusFdo(error) => explain_standard(error),
        Error::NoResult => no_collection(),
        Error::Locked => KeyStoreError::Locked("it is locked".to_owned()),
        Error::Prompt => {
            KeyStoreError::Locked("it was not unlocked: its dialog was closed or could not open".to_owned())
        }
        Error::PromptDisconnected => KeyStoreError::Broken("it went away while its dialog was open".to_owned()),
        other => KeyStoreError::Broken(other.to_string()),
    }
}

fn explain_bus(error: &zbus::Error) -> KeyStoreError {
    match error {
        zbus::Error::Connection(cause, address) => {
            KeyStoreError::Absent(format!("there is no D-Bus session bus at {address}: {cause}"))
        }
        zbus::Error::Address(_) => KeyStoreError::Absent("there is no D-Bus session bus".to_owned()),
        zbus::Error::FDO(error) => explain_standard(error),
        zbus::Error::MethodError(name, text, _) => {
            let text = text.as_deref().unwrap_or_default();
            match name.as_str().strip_prefix("org.freedesktop.DBus.Error.") {
                Some("ServiceUnknown" | "NameHasNoOwner") => no_service(),
                Some(kind) if kind.starts_with("Spawn.") => {
                    KeyStoreError::Absent(format!("the bus cannot start the service: {text}"))
                }
                _ if name.as_str() == "org.freedesktop.Secret.Error.IsLocked" => explain(&Error::Locked),
                _ => KeyStoreError::Broken(format!("{name}: {text}")),
            }
        }
        other => KeyStoreError::Broken(other.to_string()),
    }
}

fn explain_standard(error: &zbus::fdo::Error) -> KeyStoreError {
    match error {
        zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_) => no_service(),
        zbus::fdo::Error::ZBus(error) => explain_bus(error),
        other => KeyStoreError::Broken(other.to_string()),
    }
}

fn no_service() -> KeyStoreError {
    KeyStoreError::Absent("nothing on the D-Bus session bus offers org.freedesktop.secrets".to_owned())
}

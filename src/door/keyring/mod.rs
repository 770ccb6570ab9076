//! Keyrings: the platform's own, or an encrypted file of ours, and which of the two it is.
//!
//! `ROLE_HELPER_KEYRING` says `os` or `file`; under `auto` it is where something was stored before, else the
//! platform's if it can be used from here, else the file. Where the first thing is stored is written down in a small
//! file of ours, and from then on a keyring that is locked, slow or gone is an error and not a reason to begin a
//! second one: nothing is ever written to two stores.

mod deadline;
mod file;
mod lock;
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod native;
mod os;
mod passphrase;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;

use secrecy::ExposeSecret as _;

pub use file::FileKeyring;
pub use os::OsKeyring;
pub use passphrase::PassphraseSource;

use super::files;
use super::kernel::KernelKeyring;
use super::places::Places;
use super::resident;
use super::surroundings::{KeyringChoice, Surroundings};
use crate::identity::Failure;
use crate::port::{Item, KeyStore, KeyStoreError, Person, SecretBytes};
use crate::profile::PromptMode;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The platform's.
    Os,
    /// The file.
    File,
}

impl Store {
    /// As `ROLE_HELPER_KEYRING` takes it.
    pub fn word(self) -> &'static str {
        match self {
            Store::Os => "os",
            Store::File => "file",
        }
    }
}

/// Which keyring it is, as far as that is known without opening one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// None where the first thing that is stored decides.
    pub store: Option<Store>,
    /// What it is called, such as `Secret Service`.
    pub label: String,
    /// Why it is this one, such as `ROLE_HELPER_KEYRING=os`.
    pub why: String,
}

/// The keyring of this home. Opening it costs nothing until the first call.
#[derive(Debug)]
pub struct Keyring<'a> {
    choice: KeyringChoice,
    os: OsKeyring,
    file: FileKeyring<'a>,
    keyring_file: PathBuf,
    record: PathBuf,
    chosen: OnceCell<(Store, String)>,
    closed: RefCell<Option<KeyStoreError>>,
}

/// The keyring that the environment and what was stored before say. A passphrase is asked of `person` in `mode`; a
/// dialog of the platform's keyring is opened only where there is a display and `mode` allows windows.
pub fn open<'a>(places: &Places, surroundings: &Surroundings, mode: PromptMode, person: &'a dyn Person) -> Keyring<'a> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let display = cfg!(not(all(unix, not(target_os = "macos")))) || set("DISPLAY") || set("WAYLAND_DISPLAY");
    let windows = matches!(mode, PromptMode::Auto | PromptMode::Pinentry | PromptMode::Gui);
    let folder_id = places.folder_id();
    Keyring {
        choice: surroundings.keyring,
        os: OsKeyring::new(&folder_id, display && windows, places.data_dir().join("keyring-dialog.lock")),
        file: FileKeyring::new(
            places.keyring_file(),
            places.wrap_file(),
            surroundings.passphrase_file.as_ref().map(PassphraseSource::parse),
            mode,
            person,
            KernelKeyring::new(&folder_id),
        ),
        keyring_file: places.keyring_file(),
        record: places.keyring_choice_file(),
        chosen: OnceCell::new(),
        closed: RefCell::new(None),
    }
}

impl Keyring<'_> {
    /// Which it is and why. Opens neither and asks nobody.
    pub fn standing(&self) -> Standing {
        let (store, why) = match self.chosen.get() {
            Some((store, why)) => (Some(*store), why.clone()),
            None => match self.settled() {
                Ok(Some((store, why))) => (Some(store), why),
                Ok(None) => (None, "nothing is stored yet: the platform's if it can be used then, else a file".into()),
                Err(error) => (None, error.to_string().replace('\n', "; ")),
            },
        };
        let label = match store {
            Some(Store::Os) => self.os.label(),
            Some(Store::File) => self.file.label(),
            None => "keyring".to_owned(),
        };
        Standing { store, label, why }
    }

    /// What is decided before anything is opened.
    fn settled(&self) -> Result<Option<(Store, String)>, KeyStoreError> {
        match self.choice {
            KeyringChoice::Os => return Ok(Some((Store::Os, "ROLE_HELPER_KEYRING=os".to_owned()))),
            KeyringChoice::File => return Ok(Some((Store::File, "ROLE_HELPER_KEYRING=file".to_owned()))),
            KeyringChoice::Auto => {}
        }
        if let Some(store) = self.recorded()? {
            return Ok(Some((store, "keys were stored there before".to_owned())));
        }
        if self.keyring_file.symlink_metadata().is_ok() {
            return Ok(Some((Store::File, "that file is there".to_owned())));
        }
        Ok(None)
    }

    fn chosen(&self) -> Result<Store, KeyStoreError> {
        if let Some((store, _)) = self.chosen.get() {
            return Ok(*store);
        }
        let (store, why) = match self.settled()? {
            Some(settled) => settled,
            None => match self.os.usable() {
                Ok(()) => (Store::Os, "it answers".to_owned()),
                Err(error) => {
                    let cause = error.to_string();
                    let cause = cause.lines().next().unwrap_or_default();
                    (Store::File, format!("{} cannot be used: {cause}", self.os.label()))
                }
            },
        };
        log::debug!("keyring: {}, {why}", store.word());
        Ok(self.chosen.get_or_init(|| (store, why)).0)
    }

    fn store(&self) -> Result<&dyn KeyStore, KeyStoreError> {
        Ok(match self.chosen()? {
            Store::Os => &self.os,
            Store::File => &self.file,
        })
    }

    /// Does it, unless a person would be asked a second time who has said no: one command needs several items, and
    /// asks for them one by one.
    fn opened<T>(&self, act: impl FnOnce(&dyn KeyStore) -> Result<T, KeyStoreError>) -> Result<T, KeyStoreError> {
        use KeyStoreError::{Declined, Interrupted, Locked, PersonNeeded, TimedOut, WrongPassphrase};
        if let Some(error) = &*self.closed.borrow() {
            return Err(error.clone());
        }
        act(self.store()?).inspect_err(|error| {
            if let Declined(_) | Interrupted | Locked(_) | PersonNeeded(_) | TimedOut { .. } | WrongPassphrase(_) =
                error
            {
                self.closed.replace(Some(error.clone()));
            }
        })
    }

    /// Another keyring is no remedy where the keys are in this one.
    fn where_the_keys_are(&self, error: KeyStoreError) -> KeyStoreError {
        match error {
            KeyStoreError::Absent(cause) if !cause.contains('\n') && matches!(self.recorded(), Ok(Some(_))) => {
                KeyStoreError::Absent(format!("{cause}\nstart it, then try again: the keys of this home are there"))
            }
            error => error,
        }
    }

    /// Where something was stored before.
    fn recorded(&self) -> Result<Option<Store>, KeyStoreError> {
        let bytes = files::read_own(&self.record).map_err(|failure| broken(&failure))?;
        match bytes.as_deref().map(<[u8]>::trim_ascii) {
            None => Ok(None),
            Some(b"os") => Ok(Some(Store::Os)),
            Some(b"file") => Ok(Some(Store::File)),
            Some(_) => Err(KeyStoreError::Broken(format!(
                "{0} says neither os nor file\nset ROLE_HELPER_KEYRING to where the keys are, and remove {0}",
                self.record.display()
            ))),
        }
    }
}

impl KeyStore for Keyring<'_> {
    fn label(&self) -> String {
        self.standing().label
    }

    fn get(&self, item: &Item) -> Result<Option<SecretBytes>, KeyStoreError> {
        let found = self.opened(|store| store.get(item)).map_err(|error| self.where_the_keys_are(error))?;
        if let (Item::AccessKey(_), Some(secret)) = (item, &found) {
            resident::keep(secret.expose_secret());
        }
        Ok(found)
    }

    fn keep_resident(&self, bytes: &[u8]) {
        resident::keep(bytes);
    }

    fn put(&self, item: &Item, secret: &SecretBytes) -> Result<(), KeyStoreError> {
        let store = self.chosen()?;
        let recorded = self.recorded()?;
        if let Some(other) = recorded.filter(|&recorded| recorded != store) {
            return Err(KeyStoreError::Broken(format!(
                "keys of this home are in the keyring `{0}`, and none are kept in two\n\
                 set ROLE_HELPER_KEYRING={0}, or remove {1} to begin anew",
                other.word(),
                self.record.display()
            )));
        }
        self.opened(|store| store.put(item, secret))?;
        if recorded.is_none() {
            files::write_own(&self.record, format!("{}\n", store.word()).as_bytes())
                .map_err(|failure| broken(&failure))?;
        }
        Ok(())
    }

    fn delete(&self, item: &Item) -> Result<bool, KeyStoreError> {
        self.opened(|store| store.delete(item))
    }
}

/// A failure of our own files, as one of the keyring; what to type goes on the second line.
fn broken(failure: &Failure) -> KeyStoreError {
    let mut text = failure.what().to_owned();
    if let Some(cause) = failure.cause_text() {
        text = format!("{text}: {cause}");
    }
    if let Some(hint) = failure.hint_text() {
        text = format!("{text}\n{hint}");
    }
    KeyStoreError::Broken(text)
}

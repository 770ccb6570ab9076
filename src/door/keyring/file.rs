//! The embedded keyring: one sealed file under a passphrase, where there is no OS keyring.
//!
//! Between processes: the file is replaced whole, so readers need no lock; writers hold one and read again before they
//! write, so that none loses another's item; and whoever has to stretch a passphrase, or ask for one, holds a second
//! one, so that fifty processes take 19 MiB once and ask once. Both are files beside the keyring and are never
//! deleted: a lock file that is made again hands out a second lock. A file that cannot be read as ours is never
//! overwritten.
//!
//! The unlocked key is left in the kernel for at most eight hours, wrapped; a person is asked once a working day.

use std::cell::RefCell;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::broken;
use super::lock;
use super::passphrase::PassphraseSource;
use crate::door::files;
use crate::door::kernel::{self, KernelKeyring, random, wrapping_key};
use crate::port::{Item, KeyStore, KeyStoreError, Person, PromptError, SecretBytes, SecretQuestion};
use crate::profile::PromptMode;
use crate::seal::{Items, Stretching, Vault, VaultError, VaultKey, unwrap, wrap};

/// How long a person has to answer.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long to wait for the process that asks or stretches: its person's patience and a little.
const UNLOCK_BOUND: Duration = Duration::from_secs(330);
/// How long to wait for a process that writes, which takes milliseconds.
const WRITE_BOUND: Duration = Duration::from_secs(15);
const TRIES: u32 = 3;

/// The file keyring. Opening it costs nothing.
pub struct FileKeyring<'a> {
    path: PathBuf,
    wrap_file: PathBuf,
    source: Option<PassphraseSource>,
    mode: PromptMode,
    person: &'a dyn Person,
    kernel: KernelKeyring,
    unlocked: RefCell<Option<(Stretching, VaultKey)>>,
}

impl std::fmt::Debug for FileKeyring<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileKeyring").field("path", &self.path).field("source", &self.source).finish_non_exhaustive()
    }
}

impl<'a> FileKeyring<'a> {
    /// The keyring in `path`; `wrap_file` holds what wraps the kernel's copy of its unlocked key. Where there is a
    /// `source`, nobody is asked.
    pub fn new(
        path: PathBuf,
        wrap_file: PathBuf,
        source: Option<PassphraseSource>,
        mode: PromptMode,
        person: &'a dyn Person,
        kernel: KernelKeyring,
    ) -> Self {
        FileKeyring { path, wrap_file, source, mode, person, kernel, unlocked: RefCell::new(None) }
    }

    fn read(&self) -> Result<Option<Vault>, KeyStoreError> {
        let Some(bytes) = files::read_own(&self.path).map_err(|failure| broken(&failure))? else {
            return Ok(None);
        };
        Vault::read(&bytes).map(Some).map_err(|error| self.unreadable(&error))
    }

    /// The items of what was read, by whatever key opens it.
    fn open(&self, vault: &Vault) -> Result<Items, KeyStoreError> {
        if let Some(items) = self.open_by_known_key(vault)? {
            return Ok(items);
        }
        let lock = self.lock_unlocking()?;
        // Whoever held the lock until now may have left the key in the kernel.
        if let Some(items) = self.open_by_known_key(vault)? {
            return Ok(items);
        }
        if let Some(source) = &self.source {
            let key = self.stretch(&vault.stretching, &source.read()?)?;
            let items = vault.open(&key).map_err(|_| {
                KeyStoreError::WrongPassphrase(format!(
                    "the passphrase of {source} does not open it\nput the passphrase it was made with there"
                ))
            })?;
            self.remember(&vault.stretching, key);
            return Ok(items);
        }
        // Whoever waited while a person said no has had his answer; who comes later may ask.
        lock.no_was_said()?;
        self.open_by_asking(vault).inspect_err(|error| lock.say(error))
    }

    fn open_by_asking(&self, vault: &Vault) -> Result<Items, KeyStoreError> {
        let mut note = None;
        for _ in 0..TRIES {
            let purpose = format!("unlock the keyring {}", self.path.display());
            let passphrase = self.ask(purpose, "Passphrase: ", note.take(), false)?;
            let key = self.stretch(&vault.stretching, &passphrase)?;
            if let Ok(items) = vault.open(&key) {
                self.remember(&vault.stretching, key);
                return Ok(items);
            }
            note = Some("that passphrase does not open it".to_owned());
        }
        Err(KeyStoreError::WrongPassphrase(format!("{TRIES} passphrases were tried and none opens it")))
    }

    fn open_by_known_key(&self, vault: &Vault) -> Result<Option<Items>, KeyStoreError> {
        let known =
            self.unlocked.borrow().as_ref().filter(|(of, _)| *of == vault.stretching).map(|(_, key)| key.clone());
        if let Some(key) = known {
            return vault.open(&key).map(Some).map_err(|error| self.unreadable(&error));
        }
        // Where a passphrase was given it has to be the right one, whatever the kernel has.
        if self.source.is_some() {
            return Ok(None);
        }
        let Some(key) = self.kernel_copy(vault) else { return Ok(None) };
        let Ok(items) = vault.open(&key) else { return Ok(None) };
        *self.unlocked.borrow_mut() = Some((vault.stretching.clone(), key));
        Ok(Some(items))
    }

    fn kernel_copy(&self, vault: &Vault) -> Option<VaultKey> {
        let wrapped = self.kernel.get(kernel::FILE_KEYRING).ok()??;
        let wrapping = wrapping_key(&self.wrap_file, false).ok()??;
        VaultKey::from_bytes(&unwrap(&wrapping, &wrapped, &kernel_context(&vault.stretching))?)
    }

    /// Keeps the key for this process, and for others in the kernel, as far as that is possible here.
    fn remember(&self, stretching: &Stretching, key: VaultKey) {
        let kept = wrapping_key(&self.wrap_file, true).map_err(|failure| failure.to_string()).and_then(|wrapping| {
            let wrapping = wrapping.ok_or("no wrapping key")?;
            let wrapped = wrap(&wrapping, random(), key.bytes(), &kernel_context(stretching));
            self.kernel.put(kernel::FILE_KEYRING, &wrapped, kernel::LONGEST).map_err(|error| error.to_string())
        });
        if let Err(reason) = kept {
            log::debug!("the file keyring's key is not kept in the kernel: {reason}");
        }
        *self.unlocked.borrow_mut() = Some((stretching.clone(), key));
    }

    fn stretch(&self, stretching: &Stretching, passphrase: &[u8]) -> Result<VaultKey, KeyStoreError> {
        stretching.key(passphrase).ok_or_else(|| self.unreadable(&VaultError::Damaged))
    }

    fn ask(
        &self,
        purpose: String,
        label: &str,
        note: Option<String>,
        twice: bool,
    ) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let question = SecretQuestion { purpose, label, note, twice, mode: self.mode, deadline: PATIENCE };
        match self.person.secret(&question) {
            Ok(passphrase) if passphrase.expose_secret().is_empty() => Err(declined()),
            Ok(passphrase) => Ok(Zeroizing::new(passphrase.expose_secret().as_bytes().to_vec())),
            Err(PromptError::Interrupted) => Err(KeyStoreError::Interrupted),
            Err(PromptError::Declined) => Err(declined()),
            Err(error @ (PromptError::Unreachable(_) | PromptError::TimedOut { .. } | PromptError::Failed(_))) => {
                Err(KeyStoreError::PersonNeeded(error.to_string()))
            }
        }
    }

    /// A key for a keyring that is not there yet. The caller holds the lock for unlocking.
    fn create(&self) -> Result<(Stretching, VaultKey), KeyStoreError> {
        let passphrase = match &self.source {
            Some(source) => source.read()?,
            None => self.ask(
                format!("choose a passphrase for the new keyring {}; nobody can recover it", self.path.display()),
                "New passphrase: ",
                None,
                true,
            )?,
        };
        let stretching = Stretching::new(random());
        let key = self.stretch(&stretching, &passphrase)?;
        Ok((stretching, key))
    }

    /// Changes the items, unless somebody else does so at the same time: then one after the other.
    fn change(&self, create: bool, apply: &dyn Fn(&mut Items) -> bool) -> Result<bool, KeyStoreError> {
        loop {
            let (stretching, key) = match self.read()? {
                Some(vault) => {
                    self.open(&vault)?;
                    let Some(unlocked) = self.unlocked.borrow().clone() else { continue };
                    unlocked
                }
                None if !create => return Ok(false),
                None => {
                    let _unlocking = self.lock_unlocking()?;
                    if self.read()?.is_some() {
                        continue;
                    }
                    let (stretching, key) = self.create()?;
                    // Written while the lock is held: whoever waits for it then finds a keyring and opens that.
                    let _writing = self.lock_writing()?;
                    if self.read()?.is_some() {
                        continue;
                    }
                    self.write(&stretching, &key, &Items::new())?;
                    self.remember(&stretching, key.clone());
                    (stretching, key)
                }
            };
            let _writing = self.lock_writing()?;
            let Some(vault) = self.read()?.filter(|vault| vault.stretching == stretching) else { continue };
            let mut items = vault.open(&key).map_err(|error| self.unreadable(&error))?;
            let changed = apply(&mut items);
            if changed {
                self.write(&stretching, &key, &items)?;
            }
            return Ok(changed);
        }
    }

    fn write(&self, stretching: &Stretching, key: &VaultKey, items: &Items) -> Result<(), KeyStoreError> {
        files::write_own(&self.path, &Vault::write(stretching, key, items, random()))
            .map_err(|failure| broken(&failure))
    }

    /// Held by whoever asks for a passphrase or stretches one.
    fn lock_unlocking(&self) -> Result<Unlocking, KeyStoreError> {
        let mut waited = false;
        let file = lock::hold_if_possible(&self.beside("unlock.lock"), UNLOCK_BOUND, || {
            waited = true;
            if self.source.is_none() {
                self.person.tell("waiting for another role-helper that unlocks the keyring");
            }
        })?;
        let begun = if waited { file.as_ref().map(lock::text).unwrap_or_default() } else { String::new() };
        if !waited && let Some(file) = &file {
            lock::leave(file, "");
        }
        Ok(Unlocking { file, begun })
    }

    fn lock_writing(&self) -> Result<File, KeyStoreError> {
        lock::hold(&self.beside("lock"), WRITE_BOUND, || ())
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(suffix);
        path.into()
    }

    fn unreadable(&self, error: &VaultError) -> KeyStoreError {
        let path = self.path.display();
        let remedy = match error {
            VaultError::Newer(_) => "install that version again".to_owned(),
            VaultError::Foreign => format!("move it away: mv {path} {path}.other"),
            VaultError::Damaged | VaultError::Excessive | VaultError::WrongKey => {
                format!("put a backup back, or move it away and add the keys again: mv {path} {path}.damaged")
            }
        };
        KeyStoreError::Broken(format!("{error}\n{remedy}"))
    }
}

/// The lock of whoever asks for a passphrase, and what its last holder left in it for those who waited.
struct Unlocking {
    file: Option<File>,
    begun: String,
}

impl Unlocking {
    /// Fails as the holder before failed, if a person told him no while we waited.
    fn no_was_said(&self) -> Result<(), KeyStoreError> {
        match self.begun.split_once(' ') {
            Some(("declined", reason)) => Err(KeyStoreError::Declined(reason.to_owned())),
            Some(("wrong", reason)) => Err(KeyStoreError::WrongPassphrase(reason.to_owned())),
            _ => Ok(()),
        }
    }

    /// Leaves a person's no for those who wait.
    fn say(&self, error: &KeyStoreError) {
        let word = match error {
            KeyStoreError::Declined(_) => "declined",
            KeyStoreError::WrongPassphrase(_) => "wrong",
            _ => return,
        };
        if let Some(file) = &self.file {
            lock::leave(file, &format!("{word} {error}"));
        }
    }
}

impl KeyStore for FileKeyring<'_> {
    fn label(&self) -> String {
        format!("file {}", self.path.display())
    }

    fn get(&self, item: &Item) -> Result<Option<SecretBytes>, KeyStoreError> {
        let Some(vault) = self.read()? else { return Ok(None) };
        let items = self.open(&vault)?;
        Ok(items.get(&name(item)).map(|value| value.to_vec().into()))
    }

    fn put(&self, item: &Item, secret: &SecretBytes) -> Result<(), KeyStoreError> {
        let value = secret.expose_secret();
        let put = |items: &mut Items| {
            items.insert(name(item), Zeroizing::new(value.to_vec()));
            true
        };
        self.change(true, &put).map(|_| ())
    }

    fn delete(&self, item: &Item) -> Result<bool, KeyStoreError> {
        self.change(false, &|items| items.remove(&name(item)).is_some())
    }
}

/// What an item is called inside the file.
fn name(item: &Item) -> String {
    match item {
        Item::AccessKey(id) => format!("key:{id}"),
        Item::DataKey => "data-key".to_owned(),
    }
}

/// Bound to the salt, so that the copy of a keyring that was replaced is none.
fn kernel_context(stretching: &Stretching) -> Vec<u8> {
    [b"role-helper file keyring ", &stretching.salt()[..]].concat()
}

fn declined() -> KeyStoreError {
    KeyStoreError::Declined("no passphrase was given".to_owned())
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;

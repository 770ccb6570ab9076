//! Where secrets that must survive are kept.

use secrecy::SecretSlice;
use thiserror::Error;

use crate::identity::AccessKeyId;

/// Secret bytes: wiped on drop, redacted in `Debug`.
pub type SecretBytes = SecretSlice<u8>;

/// What is kept in a keyring. One item a thing, so that nothing is overwritten by something else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item {
    /// The secret of a long-term access key, by the key's id: a new key never overwrites an old one.
    AccessKey(AccessKeyId),
    /// The 32 bytes that seal the session cache.
    DataKey,
}

/// Why a keyring has no answer: three different messages, for three different remedies, and two more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyStoreError {
    /// There is none: no bus, no service, no collection.
    #[error("{0}")]
    Absent(String),
    /// It is locked and was not unlocked: the person is needed.
    #[error("{0}")]
    Locked(String),
    /// It is there and does not work, or its file is damaged.
    #[error("{0}")]
    Broken(String),
    /// The passphrase does not open it.
    #[error("{0}")]
    WrongPassphrase(String),
    /// A passphrase is needed and nobody can be asked.
    #[error("{0}")]
    PersonNeeded(String),
    /// It did not answer in time.
    #[error("the keyring did not answer within {seconds} s")]
    TimedOut {
        /// The bound.
        seconds: u64,
    },
    /// The person interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// A keyring. Every call has a deadline; nothing is ever written to two of them.
pub trait KeyStore {
    /// What `status` calls it, such as `Secret Service` or `file ~/.local/share/role-helper/keyring`.
    fn label(&self) -> String;

    /// The item, or none where it was never put.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    fn get(&self, item: &Item) -> Result<Option<SecretBytes>, KeyStoreError>;

    /// Puts or replaces the item. When this returns, the item survives a power cut.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    fn put(&self, item: &Item, secret: &SecretBytes) -> Result<(), KeyStoreError>;

    /// Forgets the item; whether there was one.
    ///
    /// # Errors
    /// See [`KeyStoreError`].
    fn delete(&self, item: &Item) -> Result<bool, KeyStoreError>;
}

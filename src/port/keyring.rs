//! Where secrets that must survive are kept.

use secrecy::SecretSlice;
use thiserror::Error;

use crate::identity::{AccessKeyId, Failure, Kind};

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

/// Why a keyring has no answer: three different messages, for three different remedies, and more.
///
/// A text says the cause; a second line in it, where there is one, is what to type ([`KeyStoreError::failure`]).
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
    /// The person was asked and said no.
    #[error("{0}")]
    Declined(String),
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

impl KeyStoreError {
    /// What a person is told of it; `label` is what the keyring is called ([`KeyStore::label`]).
    pub fn failure(&self, label: &str) -> Failure {
        let (kind, what, remedy) = match self {
            KeyStoreError::Absent(_) => (
                Kind::Keyring,
                "is not there",
                "start it, or set ROLE_HELPER_KEYRING=file to keep keys in an encrypted file",
            ),
            KeyStoreError::Locked(_) => (Kind::PersonNeeded, "is locked", "unlock it, then try again"),
            KeyStoreError::Broken(_) => (Kind::Keyring, "does not work", "role-helper status"),
            KeyStoreError::WrongPassphrase(_) => {
                (Kind::Keyring, "was not opened", "try again with the passphrase it was made with")
            }
            KeyStoreError::PersonNeeded(_) => (
                Kind::PersonNeeded,
                "needs its passphrase",
                "run role-helper login on a terminal, or set ROLE_HELPER_PASSPHRASE_FILE",
            ),
            KeyStoreError::Declined(_) => (Kind::Refused, "was not opened", "try again with its passphrase"),
            KeyStoreError::TimedOut { .. } => {
                (Kind::Keyring, "does not answer", "unlock or restart it, then try again")
            }
            KeyStoreError::Interrupted => return Failure::new(Kind::Interrupted, "interrupted"),
        };
        let text = self.to_string();
        let (cause, remedy) = text.split_once('\n').unwrap_or((&text, remedy));
        Failure::new(kind, format!("the keyring {label} {what}")).cause(cause).hint(remedy)
    }
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

    /// Keeps the memory that holds these bytes of an item out of swap, where the system can and allows it.
    fn keep_resident(&self, _bytes: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_exit_code_and_something_to_type() {
        let text = || "because".to_owned();
        for (error, code) in [
            (KeyStoreError::Absent(text()), 5),
            (KeyStoreError::Locked(text()), 4),
            (KeyStoreError::Broken(text()), 5),
            (KeyStoreError::WrongPassphrase(text()), 5),
            (KeyStoreError::PersonNeeded(text()), 4),
            (KeyStoreError::Declined(text()), 1),
            (KeyStoreError::TimedOut { seconds: 5 }, 5),
        ] {
            let failure = error.failure("x");
            assert_eq!(failure.kind().exit_code(), code, "{error:?}");
            assert!(failure.cause_text().is_some() && failure.hint_text().is_some());
        }
        assert_eq!(KeyStoreError::Interrupted.failure("x").kind().exit_code(), 130);
    }

    #[test]
    fn a_second_line_is_what_to_type() {
        let failure = KeyStoreError::Broken("wrong mode\nchmod 600 x".into()).failure("file x");
        assert_eq!(
            failure.to_string(),
            "role-helper: the keyring file x does not work\ncause: wrong mode\nhint: chmod 600 x"
        );
    }
}

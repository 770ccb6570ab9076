//! Keyrings: the platform's own, or an encrypted file of ours, and which of the two it is.

mod deadline;
mod file;
mod passphrase;

pub use file::FileKeyring;
pub use passphrase::PassphraseSource;

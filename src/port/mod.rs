//! The traits through which use cases speak to the outside.
//!
//! `session/` and `keys/` know these and nothing of what stands behind them; `door/` implements them. Each answers
//! in words of `identity/`, and each error says what its caller does next.

mod aws;
mod keyring;
mod memory;
mod person;

pub use aws::{
    AssumeRole, AwsError, CallerIdentity, Federation, Iam, Issued, MfaAnswer, MfaDevices, Signer, SigninToken, Sts,
};
pub use keyring::{Item, KeyStore, KeyStoreError, SecretBytes};
pub use memory::{Clock, Held, LockError, OneAtATime, Refusal, SessionCache, SourceIndex};
pub use person::{Confirmation, Person, PromptError, Question, SecretQuestion};

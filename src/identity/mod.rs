//! The words everything else is said in: ARNs, names, secrets, credentials, lifetimes and failures.
//!
//! Nothing here touches the outside; every value that exists is valid, because parsing is the only way to one.

mod arn;
mod color;
mod credentials;
mod failure;
mod lifetime;
mod mfa;
mod name;
mod source;

pub use arn::{Arn, ArnError, CallerArn, RoleArn, UserArn};
pub use color::{Color, ColorError};
pub use credentials::{AccessKey, AccessKeyId, AccessKeyIdError, SessionCredentials};
pub use failure::{Failure, Kind};
pub use lifetime::{Lifetime, LifetimeError};
pub use mfa::{MfaSerial, MfaSerialError, TokenCode, TokenCodeError};
pub use name::{SessionName, SessionNameError};
pub use source::SourceFacts;

pub use jiff::Timestamp;
pub use secrecy::{ExposeSecret, SecretString};

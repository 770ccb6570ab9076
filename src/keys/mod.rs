//! Source keys: enrol one, remove one.
//!
//! The order of the steps is the whole point: whatever happens half-way, a person can do the same again, no key is
//! known without its secret, and no secret is left behind that nothing names.

mod enrol;
mod remove;
#[cfg(test)]
mod rig;
mod settle;

pub use enrol::{DeviceQuestion, Enrolled, Enrolment, enrol, owner};
pub use remove::{Removed, Secret, remove};

use crate::port::{Clock, Iam, KeyStore, SourceIndex, Sts};

/// The outside, as these use cases know it.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "doors are not printed")]
pub struct Outside<'a> {
    /// Whose key it is.
    pub sts: &'a dyn Sts,
    /// Which MFA devices the user has.
    pub iam: &'a dyn Iam,
    /// Where the secret goes, and nowhere else.
    pub keyring: &'a dyn KeyStore,
    /// Where the facts go.
    pub index: &'a dyn SourceIndex,
    /// When it was.
    pub clock: &'a dyn Clock,
}

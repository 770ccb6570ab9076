//! AWS's no, in a person's words.

use crate::identity::{Failure, Kind};
use crate::port::AwsError;
use crate::profile::{Hop, Plan};

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct CallContext<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The role; none for an MFA session.
    pub hop: Option<&'a Hop>,
    /// Whether the call carried a code.
    pub with_mfa: bool,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalReason {
    /// Wrong, or used already.
    WrongCode,
    /// Our clock is off.
    ClockSkew,
    /// Another reason.
    Other,
}

/// The reason and what a person reads.
pub fn refusal(error: &AwsError, _call: &CallContext<'_>) -> (RefusalReason, Failure) {
    (RefusalReason::Other, Failure::new(Kind::Refused, "AWS refused").cause(error.to_string()))
}

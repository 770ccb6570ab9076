//! The clear part of a sealed session: what `list`, `status` and the prompt need without a key.

use serde::{Deserialize, Serialize};

use crate::identity::Timestamp;

/// What anybody who can read the file may know. Bound to the sealed part as associated data: a changed header
/// opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The profile it was first obtained for.
    pub profile: String,
    /// The source key's name.
    pub source: String,
    /// The role's ARN; none for an MFA session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The role session's name; none for an MFA session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// Twelve digits.
    pub account_id: String,
    /// When AWS issued it, by our clock.
    pub issued: Timestamp,
    /// When it ends, by AWS's clock.
    pub expiration: Timestamp,
    /// AWS's clock less ours when it was issued, in seconds.
    pub clock_offset: i64,
}

impl Header {
    /// Seconds left at `now` by our clock, corrected by what AWS's clock showed; negative once expired.
    pub fn seconds_left(&self, now: Timestamp) -> i64 {
        self.expiration.as_second().saturating_sub(now.as_second().saturating_add(self.clock_offset))
    }

    /// The whole life, in seconds.
    pub fn life(&self) -> i64 {
        self.expiration.as_second().saturating_sub(self.issued.as_second().saturating_add(self.clock_offset))
    }
}

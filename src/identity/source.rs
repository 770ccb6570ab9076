//! What is known of a source key without its secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccessKeyId, MfaSerial, UserArn};

/// The facts of one source key, learnt once when it was added, so that a hit never asks the network who it is.
/// No secret among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// The name it was added under.
    pub name: String,
    /// The IAM user the key belongs to.
    pub user_arn: UserArn,
    /// The key's id.
    pub access_key_id: AccessKeyId,
    /// The user's MFA device, if one was found or given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_serial: Option<MfaSerial>,
    /// When the key was added.
    pub added: Timestamp,
}

//! The plan: all that will be called to serve a profile, decided before anything is called.
//!
//! `explain` prints it, `session/` carries it out, `seal/` hashes it. A plan is plain data: building one asks
//! nobody anything, so every rule about profiles can be tried without a network.

use secrecy::SecretString;

use crate::identity::{
    AccessKey, AccessKeyId, Color, Failure, Lifetime, MfaSerial, RoleArn, SessionName, SourceFacts, UserArn,
};

/// What serves a profile.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The profile's name, as the caller gave it.
    pub profile: String,
    /// Whose key signs the first call.
    pub base: Base,
    /// The MFA device and where its code goes; none where no device is known.
    pub mfa: Option<Mfa>,
    /// The roles, in the order they are assumed. Empty where the profile is an IAM user's own.
    pub hops: Vec<Hop>,
    /// The region for clients, and for STS unless an endpoint is set. Never part of the cache key.
    pub region: Option<String>,
    /// An STS endpoint that was configured, where one was.
    pub sts_endpoint: Option<Endpoint>,
    /// How a person is asked.
    pub asking: Asking,
    /// How it is shown in a prompt.
    pub look: Look,
    /// Where each setting came from, in the order a person reads them.
    pub origins: Vec<Origin>,
    /// What works but should not stay so, such as a plaintext key; a line each.
    pub warnings: Vec<String>,
}

/// Whose long-term key signs the first call.
#[derive(Debug, Clone)]
pub enum Base {
    /// A key that was added: its secret is in the keyring under its id.
    Added {
        /// The source's name.
        name: String,
        /// The user.
        user_arn: UserArn,
        /// The key.
        access_key_id: AccessKeyId,
    },
    /// A key that lies in a file in plain text.
    Plaintext {
        /// The profile it was found in.
        name: String,
        /// The user, resolved once by the network and remembered by key id.
        user_arn: UserArn,
        /// The key itself.
        key: AccessKey,
    },
}

impl Base {
    /// The name people know the key by.
    pub fn name(&self) -> &str {
        match self {
            Base::Added { name, .. } | Base::Plaintext { name, .. } => name,
        }
    }
    /// The IAM user.
    pub fn user_arn(&self) -> &UserArn {
        match self {
            Base::Added { user_arn, .. } | Base::Plaintext { user_arn, .. } => user_arn,
        }
    }
    /// The key's id.
    pub fn access_key_id(&self) -> &AccessKeyId {
        match self {
            Base::Added { access_key_id, .. } => access_key_id,
            Base::Plaintext { key, .. } => &key.id,
        }
    }
}

/// The device, and which call carries its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mfa {
    /// The device.
    pub serial: MfaSerial,
    /// Where the code goes.
    pub at: MfaAt,
}

/// Which call carries the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MfaAt {
    /// Direct: the first AssumeRole, so the role may live up to its own maximum.
    FirstHop,
    /// Shared: one GetSessionToken of this lifetime, and roles from it for at most an hour each. Also what a
    /// profile without a role yields.
    Session(Lifetime),
}

/// One AssumeRole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The profile that describes it.
    pub profile: String,
    /// The role.
    pub role_arn: RoleArn,
    /// The session's name in CloudTrail.
    pub session_name: SessionName,
    /// Lifetime asked for.
    pub duration: Lifetime,
    /// As AssumeRole takes it.
    pub external_id: Option<String>,
    /// As AssumeRole takes it.
    pub source_identity: Option<SessionName>,
    /// An inline session policy: JSON text.
    pub session_policy: Option<String>,
    /// ARNs of managed session policies.
    pub session_policy_arns: Vec<String>,
    /// Session tags in the order given.
    pub tags: Vec<(String, String)>,
    /// Keys of the tags that later hops inherit.
    pub transitive_tags: Vec<String>,
}

/// An endpoint someone configured, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL.
    pub url: String,
    /// `AWS_ENDPOINT_URL_STS`, or the file and line.
    pub origin: String,
    /// Whether the configuration allows it by `role_helper_allow_endpoint`.
    pub allowed: bool,
}

/// How a person is asked, if one must be.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    /// Which rung of the ladder.
    pub prompt: PromptMode,
    /// A command that prints a code.
    pub mfa_process: Option<String>,
    /// Whether every issuance needs a yes.
    pub confirm: bool,
}

/// How a profile is shown in a shell's prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// `role_helper_color`.
    pub color: Option<Color>,
    /// `role_helper_account_alias`: a word to show instead of the account's digits.
    pub account_alias: Option<String>,
}

/// The rungs a prompt may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PromptMode {
    /// Terminal, then dialog.
    #[default]
    Auto,
    /// Terminal only.
    Tty,
    /// Pinentry only.
    Pinentry,
    /// The desktop's dialog only.
    Gui,
    /// Nobody is ever asked.
    None,
}

/// Where one setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The profile it is for.
    pub profile: String,
    /// Its name, such as `role_arn`.
    pub setting: String,
    /// Its value in effect; never a secret.
    pub value: String,
    /// `~/.aws/config:12 role_helper_role_arn`, `--duration`, `default`, `added key alice`, …
    pub from: String,
}

/// What the command line changes in a plan.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--session-name`, for the last hop.
    pub session_name: Option<SessionName>,
    /// `--duration`, for the last hop.
    pub duration: Option<Lifetime>,
    /// `--region`.
    pub region: Option<String>,
    /// `--session-policy` as JSON text; refused where the profile has one, for two would widen.
    pub session_policy: Option<String>,
    /// `--session-policy` as the ARN of a managed policy.
    pub session_policy_arns: Vec<String>,
    /// `--tag K=V`.
    pub tags: Vec<(String, String)>,
}

/// A plaintext key whose user is not known yet: the one question a plan can leave open.
#[derive(Debug, Clone)]
pub struct UnknownUser {
    /// The profile it was found in.
    pub profile: String,
    /// The id.
    pub access_key_id: AccessKeyId,
    /// The secret.
    pub secret: SecretString,
}

/// What a plan must know of the source keys.
pub trait SourceLookup {
    /// The source added under this name.
    ///
    /// # Errors
    /// Where the index cannot be read.
    fn added(&self, name: &str) -> Result<Option<SourceFacts>, Failure>;

    /// What was learnt of a key that lies in a file in plain text, by its id.
    ///
    /// # Errors
    /// Where the index cannot be read.
    fn plaintext(&self, id: &AccessKeyId) -> Result<Option<SourceFacts>, Failure>;

    /// The names that were added, for "did you mean".
    fn names(&self) -> Vec<String>;
}

/// What the environment says of plans, read once by a door.
#[derive(Debug, Clone, Default)]
pub struct PlanEnvironment {
    /// `AWS_REGION` or `AWS_DEFAULT_REGION`: the value and the variable.
    pub region: Option<(String, &'static str)>,
    /// `AWS_ENDPOINT_URL_STS` or `AWS_ENDPOINT_URL`: the value and the variable.
    pub endpoint: Option<(String, &'static str)>,
    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`.
    pub ignore_configured_endpoints: bool,
    /// `ROLE_HELPER_MFA_PROMPT`.
    pub mfa_prompt: Option<String>,
}

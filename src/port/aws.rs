//! AWS: the calls of STS and IAM that the practice needs, and what they answer.

use thiserror::Error;

use crate::identity::{AccessKey, Lifetime, MfaSerial, SecretString, SessionCredentials, TokenCode, UserArn};
use crate::profile::Hop;

/// What signs a request.
#[derive(Debug, Clone, Copy)]
pub enum Signer<'a> {
    /// A long-term key.
    LongTerm(&'a AccessKey),
    /// A session.
    Session(&'a SessionCredentials),
}

/// A device and the code it shows now.
#[derive(Debug, Clone, Copy)]
pub struct MfaAnswer<'a> {
    /// The device.
    pub serial: &'a MfaSerial,
    /// Its code. It is sent once: see [`Sts`].
    pub code: &'a TokenCode,
}

/// One AssumeRole: the hop as planned, signed by what the hop before gave.
#[derive(Debug, Clone, Copy)]
pub struct AssumeRole<'a> {
    /// What is asked for.
    pub hop: &'a Hop,
    /// The lifetime to ask for, which may be shorter than the hop's where AWS caps it.
    pub duration: Lifetime,
    /// The code, on the first hop of direct MFA.
    pub mfa: Option<MfaAnswer<'a>>,
}

/// What STS issued.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The credentials.
    pub credentials: SessionCredentials,
    /// AWS's clock less ours, in seconds, by the `Date` header of this answer; 0 where it had none.
    pub clock_offset: i64,
    /// The ARN of the role session (`AssumedRoleUser`); none for GetSessionToken.
    pub assumed_role_arn: Option<String>,
    /// How full the packed policy and tags are, in percent.
    pub packed_policy_percent: Option<u8>,
}

/// GetCallerIdentity's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// Who.
    pub arn: String,
    /// Twelve digits.
    pub account: String,
}

/// What ListMFADevices found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MfaDevices {
    /// Devices that show codes.
    pub usable: Vec<MfaSerial>,
    /// Serials passed over, such as FIDO keys, with the reason.
    pub passed_over: Vec<String>,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AwsError {
    /// AWS answered with an error. Code and message are its own words.
    #[error("{code}: {message}")]
    Answered {
        /// HTTP status.
        status: u16,
        /// Such as `AccessDenied`, `ValidationError`, `ExpiredToken`.
        code: String,
        /// AWS's text.
        message: String,
        /// AWS's clock less ours, in seconds, where its answer had a `Date`.
        clock_offset: Option<i64>,
    },
    /// No connection was made: nothing was sent, a code in the request is unused. Why, and in a second line what to
    /// type, where the reason tells.
    #[error("{0}")]
    NotConnected(String),
    /// A request left and no usable answer came back; a code in it may be used up.
    #[error("{0}")]
    NoAnswer(String),
    /// The time for the request ended; a code in it may be used up.
    #[error("no answer within {seconds} s")]
    TimedOut {
        /// The bound.
        seconds: u64,
    },
    /// Our own rules forbid the endpoint, or it cannot be made from the configuration. Nothing was sent. Lines as in
    /// [`AwsError::NotConnected`].
    #[error("{0}")]
    Endpoint(String),
}

/// STS.
///
/// A request that carries a code is sent at most once, repeated only where no connection was made or AWS refused
/// the clock (the code is then still good). Every call is bounded by 30 s.
pub trait Sts {
    /// Who the key belongs to. Needs no permission.
    ///
    /// # Errors
    /// See [`AwsError`].
    fn caller_identity(&self, signer: Signer<'_>) -> Result<CallerIdentity, AwsError>;

    /// One MFA session for many roles.
    ///
    /// # Errors
    /// See [`AwsError`].
    fn session_token(&self, key: &AccessKey, lifetime: Lifetime, mfa: MfaAnswer<'_>) -> Result<Issued, AwsError>;

    /// A role session.
    ///
    /// # Errors
    /// See [`AwsError`].
    fn assume_role(&self, signer: Signer<'_>, request: AssumeRole<'_>) -> Result<Issued, AwsError>;
}

/// A sign-in token, and where it is spent.
#[derive(Debug, Clone)]
pub struct SigninToken {
    /// The token: whoever has it is signed in, once.
    pub token: SecretString,
    /// Scheme and host of the endpoint that issued it.
    pub endpoint: String,
}

/// The federation endpoint of the console.
pub trait Federation {
    /// A token that signs the session in to the console. `host` is the partition's own, used where no endpoint is
    /// configured; `seconds` the console session's life, where it may be said.
    ///
    /// # Errors
    /// See [`AwsError`]; a session that cannot sign in gets `Answered` with status 400.
    fn signin_token(
        &self,
        session: &SessionCredentials,
        host: &str,
        seconds: Option<u32>,
    ) -> Result<SigninToken, AwsError>;
}

/// IAM.
pub trait Iam {
    /// The MFA devices of the key's own user (`iam:ListMFADevices`). The user is named: without a name AWS asks for
    /// the permission on every user, which nobody with next to no permissions has.
    ///
    /// # Errors
    /// See [`AwsError`]; a user without the permission gets `AccessDenied`.
    fn mfa_devices(&self, key: &AccessKey, user: &UserArn) -> Result<MfaDevices, AwsError>;
}

//! What AWS's no means, and what to type next.
//!
//! STS has few error codes and many reasons: a wrong code, a wrong device and a policy's denial are all
//! `AccessDenied` and differ in their message alone. Its words are always shown; where they leave several reasons
//! open, the hint says what to look at instead of guessing.

use crate::identity::{Failure, Kind, Lifetime, MfaSerial};
use crate::port::AwsError;
use crate::profile::{Hop, MfaAt, Plan};

/// Why there are no credentials, as far as AWS tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalReason {
    /// The code is wrong, or was used before: AWS says the same of both.
    WrongCode,
    /// The device does not belong to the user, or does not exist.
    WrongDevice,
    /// A code or a serial was missing.
    MfaRequired,
    /// No identity policy of the caller's allows it, or one forbids it.
    Permission,
    /// The role's trust policy does not allow it.
    TrustPolicy,
    /// Denied, and AWS does not say by what.
    Denied,
    /// Longer than the role's `MaxSessionDuration`.
    DurationOverRoleMax,
    /// Longer than an hour from a session.
    ChainedOverHour,
    /// AWS does not know the key: deleted, deactivated, or of another partition.
    UnknownKey,
    /// The secret does not belong to the key id.
    WrongSecret,
    /// The session that signed has expired or was revoked.
    SessionExpired,
    /// This machine's clock is off by more than AWS takes, and its answer did not say by how much.
    ClockSkew,
    /// A session policy is not one.
    MalformedPolicy,
    /// Session policies and tags are too large together.
    PackedPolicyTooLarge,
    /// The region is not enabled in the account.
    RegionDisabled,
    /// Too many requests.
    Throttled,
    /// AWS has a fault of its own.
    AwsFault,
    /// No connection was made.
    NotConnected,
    /// A request left and no usable answer came.
    NoAnswer,
    /// Our own rules forbid the endpoint.
    Endpoint,
    /// Anything else.
    Other,
}

/// What was asked for while a plan was carried out.
#[derive(Debug, Clone, Copy)]
pub struct CallContext<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The role; none for an MFA session.
    pub hop: Option<&'a Hop>,
    /// Whether the call carried a code.
    pub with_mfa: bool,
}

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// GetCallerIdentity.
    CallerIdentity,
    /// ListMFADevices.
    MfaDevices,
    /// GetSessionToken.
    SessionToken,
    /// AssumeRole.
    Role {
        /// The hop.
        hop: &'a Hop,
        /// What signed it, where it was not the long-term key: `the role before it`, `the MFA session`.
        session: Option<&'static str>,
    },
}

/// What was asked, by whom, and with what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// The call.
    pub(crate) asked: Asked<'a>,
    /// The name of the source key.
    pub(crate) source: &'a str,
    /// The user's ARN, where it is known.
    pub(crate) user_arn: Option<&'a str>,
    /// The device whose code was in the request.
    pub(crate) mfa_serial: Option<&'a MfaSerial>,
    /// The profile this is for, where there is one: what `explain` and `login` take.
    pub(crate) profile: Option<&'a str>,
}

/// What the error means, and the failure to show.
pub fn refusal(error: &AwsError, call: &CallContext<'_>) -> (RefusalReason, Failure) {
    let CallContext { plan, hop, with_mfa } = *call;
    let asked = match hop {
        None => Asked::SessionToken,
        Some(hop) => {
            let first = plan.hops.first() == Some(hop);
            let mfa_session = plan.mfa.as_ref().is_some_and(|mfa| matches!(mfa.at, MfaAt::Session(_)));
            let session = match (first, mfa_session) {
                (false, _) => Some("the role before it"),
                (true, true) => Some("the MFA session"),
                (true, false) => None,
            };
            Asked::Role { hop, session }
        }
    };
    let circumstances = Circumstances {
        asked,
        source: plan.base.name(),
        user_arn: Some(plan.base.user_arn().as_str()),
        mfa_serial: plan.mfa.as_ref().map(|mfa| &mfa.serial).filter(|_| with_mfa),
        profile: Some(&plan.profile),
    };
    explain(error, &circumstances)
}

impl Circumstances<'_> {
    fn what(&self) -> String {
        match self.asked {
            Asked::CallerIdentity => format!("AWS does not say whose key {} is", self.source),
            Asked::MfaDevices => format!("the MFA devices of {} cannot be listed", self.source),
            Asked::SessionToken => format!("no MFA session for {}", self.source),
            Asked::Role { hop, .. } => format!("no session of {} for {}", hop.role_arn, hop.session_name),
        }
    }

    fn retry(&self) -> String {
        match self.profile {
            Some(profile) => format!("role-helper login {profile}"),
            None => "the same again".to_owned(),
        }
    }
}

/// What the error means, and the failure to show.
pub(crate) fn explain(error: &AwsError, call: &Circumstances<'_>) -> (RefusalReason, Failure) {
    let reason = reason(error, call);
    let kind = match reason {
        RefusalReason::NotConnected | RefusalReason::NoAnswer | RefusalReason::AwsFault => Kind::Unreachable,
        RefusalReason::Endpoint | RefusalReason::MalformedPolicy | RefusalReason::PackedPolicyTooLarge => {
            Kind::Configuration
        }
        _ => Kind::Refused,
    };
    let failure = Failure::new(kind, call.what()).cause(cause(error));
    let failure = match hint(reason, error, call) {
        Some(hint) => failure.hint(hint),
        None => failure,
    };
    (reason, failure)
}

fn cause(error: &AwsError) -> String {
    match error {
        AwsError::Answered { code, message, .. } if message.is_empty() => format!("AWS answered {code}"),
        AwsError::Answered { code, message, .. } => format!("{code}: {}", message.trim_end_matches('.')),
        AwsError::NotConnected(text) | AwsError::Endpoint(text) => text.lines().next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    }
}

/// What the door itself says to type.
fn remedy(error: &AwsError) -> Option<&str> {
    match error {
        AwsError::NotConnected(text) | AwsError::Endpoint(text) => text.lines().nth(1),
        AwsError::Answered { .. } | AwsError::NoAnswer(_) | AwsError::TimedOut { .. } => None,
    }
}

fn reason(error: &AwsError, call: &Circumstances<'_>) -> RefusalReason {
    let (status, code, message) = match error {
        AwsError::Answered { status, code, message, .. } => (*status, code.as_str(), message.as_str()),
        AwsError::NotConnected(_) => return RefusalReason::NotConnected,
        AwsError::NoAnswer(_) | AwsError::TimedOut { .. } => return RefusalReason::NoAnswer,
        AwsError::Endpoint(_) => return RefusalReason::Endpoint,
    };
    // Older and newer protocols of the same service differ in the suffix.
    match code.strip_suffix("Exception").unwrap_or(code) {
        "AccessDenied" => denied(message),
        "ValidationError" | "Validation" => {
            if message.contains("role chaining") {
                RefusalReason::ChainedOverHour
            } else if message.contains("MaxSessionDuration") {
                RefusalReason::DurationOverRoleMax
            } else {
                RefusalReason::Other
            }
        }
        "InvalidClientTokenId" | "UnrecognizedClient" if call.signed_by_session() => RefusalReason::SessionExpired,
        "InvalidClientTokenId" | "UnrecognizedClient" => RefusalReason::UnknownKey,
        "ExpiredToken" => RefusalReason::SessionExpired,
        "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => RefusalReason::ClockSkew,
        "SignatureDoesNotMatch" | "InvalidSignature" => {
            if message.starts_with("Signature expired") || message.starts_with("Signature not yet current") {
                RefusalReason::ClockSkew
            } else {
                RefusalReason::WrongSecret
            }
        }
        "MalformedPolicyDocument" => RefusalReason::MalformedPolicy,
        "PackedPolicyTooLarge" => RefusalReason::PackedPolicyTooLarge,
        "RegionDisabled" => RefusalReason::RegionDisabled,
        "Throttling" | "Throttled" | "TooManyRequests" | "RequestLimitExceeded" => RefusalReason::Throttled,
        _ if status >= 500 => RefusalReason::AwsFault,
        _ => RefusalReason::Other,
    }
}

impl Circumstances<'_> {
    fn signed_by_session(&self) -> bool {
        matches!(self.asked, Asked::Role { session: Some(_), .. })
    }
}

fn denied(message: &str) -> RefusalReason {
    let says = |text: &str| message.contains(text);
    if says("invalid MFA one time pass code") {
        RefusalReason::WrongCode
    } else if says("unable to validate MFA code") {
        RefusalReason::WrongDevice
    } else if says("must provide both MFA serial number and one time pass code") {
        RefusalReason::MfaRequired
    } else if says("identity-based policy") || says("permissions boundary") || says("service control policy") {
        RefusalReason::Permission
    } else if says("resource-based policy") || says("role trust policy") {
        RefusalReason::TrustPolicy
    } else {
        RefusalReason::Denied
    }
}

fn hint(reason: RefusalReason, error: &AwsError, call: &Circumstances<'_>) -> Option<String> {
    let text = match reason {
        RefusalReason::WrongCode => "type the code that the device shows next: each is good for one use".to_owned(),
        RefusalReason::WrongDevice => match call.mfa_serial {
            Some(serial) => format!(
                "{serial} is not a device of this user: `aws iam list-mfa-devices` shows them; then set mfa_serial"
            ),
            None => "set mfa_serial to a device of this user".to_owned(),
        },
        RefusalReason::MfaRequired => "set mfa_serial to a device of this user".to_owned(),
        RefusalReason::Permission => permission(call),
        RefusalReason::TrustPolicy | RefusalReason::Denied => checklist(reason, error, call),
        RefusalReason::DurationOverRoleMax => {
            format!(
                "lower --duration, or `duration` of the profile, below {}; or raise the role's MaxSessionDuration (1h unless set)",
                asked_for(call)
            )
        }
        RefusalReason::ChainedOverHour => {
            format!(
                "set `duration` to 1h: a role assumed from a session lives no longer, {} was asked for",
                asked_for(call)
            )
        }
        RefusalReason::UnknownKey => format!(
            "the key was deleted or deactivated, or is of another partition: look at it in IAM, or add a new one: \
             role-helper add {}",
            call.source
        ),
        RefusalReason::WrongSecret => {
            format!("the secret does not belong to this key id: role-helper add {} with the right one", call.source)
        }
        RefusalReason::SessionExpired => call.retry(),
        RefusalReason::ClockSkew => match error {
            AwsError::Answered { clock_offset: Some(offset), .. } if offset.abs() > 60 => {
                format!(
                    "set this machine's clock: it is {} off from AWS's",
                    Lifetime::from_seconds(u32::try_from(offset.unsigned_abs()).unwrap_or(u32::MAX))
                )
            }
            _ => "set this machine's clock".to_owned(),
        },
        RefusalReason::MalformedPolicy => "look at session_policy and session_policy_arns of the profile".to_owned(),
        RefusalReason::PackedPolicyTooLarge => "shorten session_policy or the tags of the profile".to_owned(),
        RefusalReason::RegionDisabled => "use another region, or enable STS there in the account's settings".to_owned(),
        RefusalReason::Throttled | RefusalReason::AwsFault => format!("wait a little, then {}", call.retry()),
        RefusalReason::NotConnected => match remedy(error) {
            Some(remedy) => remedy.to_owned(),
            None => "look at the network, the proxy settings and the region".to_owned(),
        },
        RefusalReason::NoAnswer if call.mfa_serial.is_some() => {
            "the code may be used up: wait for the next one, then try again".to_owned()
        }
        RefusalReason::NoAnswer => "look at the network and the proxy settings, then try again".to_owned(),
        RefusalReason::Endpoint => {
            let shown =
                || call.profile.map(|profile| format!("role-helper explain {profile} shows where it comes from"));
            return remedy(error).map(str::to_owned).or_else(shown);
        }
        RefusalReason::Other => return call.profile.map(|profile| format!("role-helper explain {profile}")),
    };
    Some(text)
}

fn asked_for(call: &Circumstances<'_>) -> String {
    match call.asked {
        Asked::Role { hop, .. } => hop.duration.to_string(),
        _ => "what is set".to_owned(),
    }
}

fn who<'a>(call: &Circumstances<'a>) -> &'a str {
    call.user_arn.unwrap_or("the user")
}

fn permission(call: &Circumstances<'_>) -> String {
    match call.asked {
        Asked::Role { hop, session: None } => {
            format!("{} needs a policy that allows sts:AssumeRole on {}", who(call), hop.role_arn)
        }
        Asked::Role { hop, session: Some(session) } => {
            format!("{session} needs a policy that allows sts:AssumeRole on {}", hop.role_arn)
        }
        Asked::MfaDevices => format!("{} needs iam:ListMFADevices, or pass --mfa-serial", who(call)),
        Asked::SessionToken | Asked::CallerIdentity => format!("a policy forbids it to {}", who(call)),
    }
}

/// What a person can look at where AWS says only "not authorized".
fn checklist(reason: RefusalReason, error: &AwsError, call: &Circumstances<'_>) -> String {
    let Asked::Role { hop, session } = call.asked else { return permission(call) };
    let message = if let AwsError::Answered { message, .. } = error { message.as_str() } else { "" };
    if message.contains("sts:TagSession") {
        return "the role's trust policy and the caller's policy must both allow sts:TagSession".to_owned();
    }
    if message.contains("sts:SetSourceIdentity") {
        return "the role's trust policy and the caller's policy must both allow sts:SetSourceIdentity".to_owned();
    }
    let mut trust = vec![session.unwrap_or(who(call)).to_owned()];
    trust.push(format!("session name {}", hop.session_name));
    if let Some(source_identity) = &hop.source_identity {
        trust.push(format!("source identity {source_identity}"));
    }
    if hop.external_id.is_some() {
        trust.push("this external id".to_owned());
    }
    let mfa = match call.mfa_serial {
        // An MFA session carries it along; a hop from a role does not.
        None if session.is_none() => " (no MFA was given: set mfa_serial if it wants one)",
        _ => "",
    };
    let trust = format!("the trust policy of {} must allow {}{mfa}", hop.role_arn.role_name(), trust.join(", "));
    if reason == RefusalReason::TrustPolicy {
        return trust;
    }
    format!("{trust}, and the caller's own policy sts:AssumeRole on it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop() -> Hop {
        Hop {
            profile: "prod".into(),
            role_arn: "arn:aws:iam::222233334444:role/Admin".parse().unwrap(),
            session_name: "alice".parse().unwrap(),
            duration: Lifetime::from_seconds(43_200),
            external_id: None,
            source_identity: None,
            session_policy: None,
            session_policy_arns: vec![],
            tags: vec![],
            transitive_tags: vec![],
        }
    }

    fn of(
        code: &str,
        message: &str,
        session: Option<&'static str>,
        serial: Option<&MfaSerial>,
    ) -> (RefusalReason, Failure) {
        let error =
            AwsError::Answered { status: 403, code: code.into(), message: message.into(), clock_offset: Some(-5400) };
        let hop = hop();
        let call = Circumstances {
            asked: Asked::Role { hop: &hop, session },
            source: "alice",
            user_arn: Some("arn:aws:iam::111122223333:user/alice"),
            mfa_serial: serial,
            profile: Some("prod"),
        };
        explain(&error, &call)
    }

    #[test]
    fn awss_words_and_what_they_mean() {
        use RefusalReason::*;
        let not_authorized = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:AssumeRole on \
                              resource: arn:aws:iam::222233334444:role/Admin";
        let no_identity = format!("{not_authorized} because no identity-based policy allows the sts:AssumeRole action");
        let no_trust = format!("{not_authorized} because no resource-based policy allows the sts:AssumeRole action");
        let tags = not_authorized.replace("sts:AssumeRole", "sts:TagSession");
        let cases = [
            (
                "AccessDenied",
                "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
                WrongCode,
                "shows next",
            ),
            (
                "AccessDenied",
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is \
                 valid and associated with this user.",
                WrongDevice,
                "mfa/alice is not a device",
            ),
            (
                "AccessDenied",
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
                MfaRequired,
                "mfa_serial",
            ),
            ("AccessDenied", not_authorized, Denied, "session name alice"),
            ("AccessDenied", &no_identity, Permission, "needs a policy that allows sts:AssumeRole"),
            ("AccessDenied", &no_trust, TrustPolicy, "the trust policy of Admin must allow"),
            ("AccessDenied", &tags, Denied, "sts:TagSession"),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                DurationOverRoleMax,
                "below 12h",
            ),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
                ChainedOverHour,
                "to 1h",
            ),
            (
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
                UnknownKey,
                "role-helper add alice",
            ),
            ("SignatureDoesNotMatch", "Signature expired: 2026 is now earlier than 2027", ClockSkew, "it is 1h30m off"),
            ("SignatureDoesNotMatch", "The request signature we calculated does not match", WrongSecret, "key id"),
            (
                "ExpiredTokenException",
                "The security token included in the request is expired",
                SessionExpired,
                "login prod",
            ),
            ("MalformedPolicyDocument", "Syntax errors in policy.", MalformedPolicy, "session_policy"),
            ("PackedPolicyTooLarge", "Packed size 120%", PackedPolicyTooLarge, "shorten"),
            ("RegionDisabledException", "STS is not activated in this region", RegionDisabled, "another region"),
            ("Throttling", "Rate exceeded", Throttled, "wait"),
            ("Strange", "Something new", Other, "explain prod"),
        ];
        let serial = "arn:aws:iam::111122223333:mfa/alice".parse().unwrap();
        for (code, message, expected, hint) in cases {
            let (reason, failure) = of(code, message, None, Some(&serial));
            assert_eq!(reason, expected, "{message}");
            assert!(failure.hint_text().is_some_and(|text| text.contains(hint)), "{failure}");
            let cause = failure.cause_text().unwrap();
            assert!(cause.starts_with(code) && cause.contains(message.trim().trim_end_matches('.')), "{failure}");
            assert_eq!(failure.to_string().lines().count(), 3);
        }
    }

    #[test]
    fn the_same_words_of_a_session_are_about_the_session() {
        let (reason, _) = of(
            "InvalidClientTokenId",
            "The security token included in the request is invalid",
            Some("the role before it"),
            None,
        );
        assert_eq!(reason, RefusalReason::SessionExpired);
        let (_, failure) =
            of("AccessDenied", "not authorized to perform: sts:AssumeRole", Some("the role before it"), None);
        assert!(failure.hint_text().unwrap().contains("the role before it"), "{failure}");
        let (_, failure) = of("AccessDenied", "not authorized to perform: sts:AssumeRole", None, None);
        assert!(failure.hint_text().unwrap().contains("no MFA was given"), "{failure}");
    }

    #[test]
    fn only_what_left_may_have_used_the_code_up() {
        let serial: MfaSerial = "arn:aws:iam::111122223333:mfa/alice".parse().unwrap();
        let call = Circumstances {
            asked: Asked::SessionToken,
            source: "alice",
            user_arn: None,
            mfa_serial: Some(&serial),
            profile: None,
        };
        for (error, exit, of_the_code) in [
            (AwsError::NotConnected("refused".into()), 6, false),
            (AwsError::NoAnswer("reset".into()), 6, true),
            (AwsError::TimedOut { seconds: 30 }, 6, true),
            (AwsError::Endpoint("not allowed".into()), 3, false),
        ] {
            let (_, failure) = explain(&error, &call);
            let warned = failure.hint_text().is_some_and(|hint| hint.contains("may be used up"));
            assert_eq!((failure.kind().exit_code(), warned), (exit, of_the_code), "{error:?}");
        }
    }
}

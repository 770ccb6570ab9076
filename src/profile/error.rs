//! Why there is no plan, and what a person should do about it.

use thiserror::Error;

use super::plan::UnknownUser;
use crate::identity::{Failure, Kind, Lifetime};

/// Which of AWS's two rules keeps a role session at an hour (STS API Reference, AssumeRole, "role chaining").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// The role is assumed from another role's session.
    Chained,
    /// The role is assumed from an MFA session, which AWS treats as role chaining too.
    MfaSession,
}

/// Why there is no plan. Positions are `file:line`.
#[derive(Debug, Clone, Error)]
pub enum PlanError {
    /// Neither a profile of the files nor an added name.
    #[error("profile `{profile}` is not in {config}")]
    UnknownProfile {
        /// As asked for.
        profile: String,
        /// What may have been meant.
        nearest: Option<String>,
        /// The file.
        config: String,
        /// A header that is no profile's, and may be the one that was meant: where, and why it is none.
        misread: Option<String>,
    },
    /// A role and nobody to assume it.
    #[error("profile `{profile}` has a role and no source_profile")]
    NoSource {
        /// The profile.
        profile: String,
        /// Where its role is.
        at: String,
    },
    /// `source_profile` names neither an added key nor a profile.
    #[error("the source profile `{source_name}` of `{profile}` was not added")]
    SourceNotAdded {
        /// Who names it.
        profile: String,
        /// The name.
        source_name: String,
        /// Where.
        at: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A profile with neither a role nor a key.
    #[error("profile `{profile}` has neither a role nor a key")]
    DeadEnd {
        /// The profile.
        profile: String,
        /// Its header.
        at: String,
    },
    /// `source_profile` comes back to where it was.
    #[error("the source profiles form a loop: {}", shown(.links))]
    Loop {
        /// Each profile and where it names the next; the last names the first again.
        links: Vec<(String, String)>,
    },
    /// A value that cannot be.
    #[error("{key} of profile `{profile}` cannot be used")]
    BadValue {
        /// The profile.
        profile: String,
        /// Where.
        at: String,
        /// As written.
        key: String,
        /// Why.
        reason: String,
    },
    /// An option or a variable of the environment that cannot be.
    #[error("{option} cannot be used")]
    BadOption {
        /// Such as `--duration`.
        option: String,
        /// Why.
        reason: String,
    },
    /// A `role_helper_` key that means nothing.
    #[error("profile `{profile}` has an unknown key `{key}`")]
    UnknownKey {
        /// The profile.
        profile: String,
        /// Where.
        at: String,
        /// The key.
        key: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A line that is no property.
    #[error("profile `{profile}` cannot be read")]
    BrokenLine {
        /// The profile.
        profile: String,
        /// Where.
        at: String,
        /// What was expected.
        reason: String,
    },
    /// More than the hour that AWS gives.
    #[error("{found} is too long for profile `{profile}`")]
    DurationCapped {
        /// The profile of the hop.
        profile: String,
        /// What was asked for.
        found: Lifetime,
        /// Where: a position, or `--duration`.
        from: String,
        /// The rule.
        cap: Cap,
    },
    /// The user's name cannot be a session name.
    #[error("the user name `{user}` cannot be the session name")]
    BadSessionName {
        /// The profile asked for.
        profile: String,
        /// The name.
        user: String,
        /// Why.
        reason: String,
    },
    /// The profile has a session policy, and another was passed.
    #[error("profile `{profile}` has a session policy already")]
    TwoSessionPolicies {
        /// The profile.
        profile: String,
        /// Where.
        at: String,
    },
    /// An option that needs a role.
    #[error("{option} needs a role, and profile `{profile}` has none")]
    NeedsRole {
        /// The profile.
        profile: String,
        /// The option.
        option: &'static str,
    },
    /// An MFA session is wanted and no device is known.
    #[error("no MFA device is known for `{source_name}`")]
    NoMfaDevice {
        /// The profile asked for.
        profile: String,
        /// The key.
        source_name: String,
        /// Who wants it: a position, or none where the profile has no role.
        wanted: Option<String>,
    },
    /// Credentials of a kind that is not used as a source.
    #[error("profile `{profile}` gets its credentials by {key}, which role-helper does not use as a source yet")]
    NotSupported {
        /// The profile.
        profile: String,
        /// Where.
        at: String,
        /// The key.
        key: String,
    },
    /// Static keys with a session token.
    #[error("the keys of profile `{profile}` are temporary: they cannot be a source")]
    TemporaryKey {
        /// The profile.
        profile: String,
        /// Where.
        at: String,
    },
    /// A plaintext key whose user is not known yet: ask AWS, remember it, and resolve again.
    #[error("the user of access key {} of profile `{}` is not known yet", .0.access_key_id, .0.profile)]
    UnknownUser(UnknownUser),
    /// The index of added keys cannot be read.
    #[error("{}", .0.what())]
    Lookup(Failure),
}

fn shown(links: &[(String, String)]) -> String {
    // A loop of a thousand profiles is not read; its ends are.
    const MOST: usize = 8;
    let link = |(profile, at): &(String, String)| format!("{profile} ({at}) -> ");
    let mut text: String = match links.len() {
        ..=MOST => links.iter().map(link).collect(),
        many => {
            let (first, last) = (&links[..MOST / 2], &links[many - MOST / 2..]);
            let between = format!("… {} more … -> ", many - MOST);
            first.iter().map(link).chain([between]).chain(last.iter().map(link)).collect()
        }
    };
    text.push_str(links.first().map_or("", |(profile, _)| profile));
    text
}

fn meant(nearest: Option<&str>, otherwise: &str) -> String {
    nearest.map_or_else(|| otherwise.to_owned(), |name| format!("did you mean `{name}`? Else {otherwise}"))
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Failure {
        let what = error.to_string();
        let configuration = || Failure::new(Kind::Configuration, what.clone());
        let usage = || Failure::new(Kind::Usage, what.clone());
        match error {
            PlanError::Lookup(failure) => failure,
            PlanError::UnknownProfile { profile, nearest, misread, .. } => {
                let failure = match misread {
                    Some(misread) => configuration().cause(misread),
                    None => configuration(),
                };
                failure.hint(meant(nearest.as_deref(), &format!("role-helper setup {profile}")))
            }
            PlanError::NoSource { profile, at } => configuration()
                .cause(format!("{at}: a role is assumed with the key of a source profile"))
                .hint(format!("add `source_profile = NAME`, or role-helper setup {profile}")),
            PlanError::SourceNotAdded { source_name, at, nearest, .. } => configuration()
                .cause(format!("{at}: no added key and no profile has this name"))
                .hint(meant(nearest.as_deref(), &format!("role-helper add {source_name}"))),
            PlanError::DeadEnd { profile, at } => configuration()
                .cause(format!("{at}: no role_arn, no source_profile, and no key was added as `{profile}`"))
                .hint(format!("role-helper add {profile}, or role-helper setup {profile}")),
            PlanError::Loop { links } => {
                configuration().cause("a chain of roles must begin with an IAM user's key").hint(match links.last() {
                    Some((_, at)) => format!("let source_profile at {at} name a key: role-helper list shows them"),
                    None => "role-helper list".to_owned(),
                })
            }
            PlanError::BadValue { at, reason, .. } => {
                configuration().cause(format!("{at}: {reason}")).hint(format!("mend {at}"))
            }
            PlanError::BadOption { reason, .. } => usage().cause(reason),
            PlanError::UnknownKey { at, nearest, .. } => configuration()
                .cause(format!("{at}: role-helper has no such setting"))
                .hint(meant(nearest.as_deref(), "remove the line")),
            PlanError::BrokenLine { at, reason, .. } => {
                configuration().cause(format!("{at}: {reason}")).hint(format!("mend {at}"))
            }
            PlanError::DurationCapped { from, cap, .. } => {
                let cause = match cap {
                    Cap::Chained => "AWS ends a role assumed from another role's session after 1h (role chaining)",
                    Cap::MfaSession => "AWS ends a role assumed from an MFA session (mfa_session) after 1h",
                };
                let hint = match cap {
                    Cap::Chained => "a duration of at most 1h; it is renewed from the source without a new code",
                    Cap::MfaSession => "a duration of at most 1h, or no mfa_session: a code a role, up to its maximum",
                };
                let failure = if from.starts_with("--") { usage() } else { configuration() };
                failure.cause(format!("{from}: {cause}")).hint(hint)
            }
            PlanError::BadSessionName { profile, reason, .. } => configuration().cause(reason).hint(format!(
                "role-helper exec {profile} --session-name NAME, or role_helper_session_name in the profile"
            )),
            PlanError::TwoSessionPolicies { at, .. } => usage()
                .cause(format!("{at}: with a second one the session could do more than the profile allows"))
                .hint("leave out --session-policy, or use a profile without a session policy"),
            PlanError::NeedsRole { .. } => {
                usage().cause("an MFA session of the user itself has no name, policy or tags")
            }
            PlanError::NoMfaDevice { profile, source_name, wanted } => {
                let cause = match wanted {
                    Some(at) => format!("{at}: mfa_session needs a device"),
                    None => {
                        format!("`{profile}` is an IAM user's own profile: it yields an MFA session, never the key")
                    }
                };
                configuration().cause(cause).hint(format!(
                    "role-helper add {source_name} --mfa-serial arn:aws:iam::ACCOUNT:mfa/NAME, or mfa_serial in the profile"
                ))
            }
            PlanError::NotSupported { at, key, .. } => configuration()
                .cause(format!("{at}: {key}"))
                .hint("let source_profile name an IAM user's key: role-helper add NAME"),
            PlanError::TemporaryKey { at, profile } => configuration()
                .cause(format!("{at}: a key with aws_session_token expires, and is not an IAM user's own"))
                .hint(format!("role-helper add {profile} with the user's long-term key")),
            PlanError::UnknownUser(user) => {
                configuration().hint(format!("role-helper add {0} --from-profile {0}", user.profile))
            }
        }
    }
}

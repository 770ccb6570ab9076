//! Options that several commands share: the code, and what changes a session.

use std::path::Path;

use clap::Args;

use super::input;
use crate::identity::{Failure, Kind, Lifetime, SessionName, TokenCode};
use crate::profile::Overrides;

/// A code given instead of asked for.
#[derive(Debug, Args)]
pub(super) struct CodeOption {
    /// The MFA code, instead of being asked; `-` reads it from stdin. A code given here is visible in `ps`
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    mfa_code: Option<String>,
}

impl CodeOption {
    /// The code.
    ///
    /// # Errors
    /// Where it is not six digits; the text is not repeated.
    pub(super) fn read(&self) -> Result<Option<TokenCode>, Failure> {
        let parsed = match self.mfa_code.as_deref() {
            None => return Ok(None),
            Some("-") => input::stdin_line("the MFA code")?.parse::<TokenCode>(),
            Some(text) => text.parse(),
        };
        parsed.map(Some).map_err(|error| Failure::new(Kind::Usage, "--mfa-code is not a code").cause(error.to_string()))
    }
}

/// What changes the session of this one run.
#[derive(Debug, Args)]
pub(super) struct RoleOptions {
    /// How long the session lives: 1h, 90m, 3600
    #[arg(long, value_name = "DURATION")]
    duration: Option<Lifetime>,
    /// The session's name in CloudTrail, instead of the IAM user's name
    #[arg(long, value_name = "NAME")]
    session_name: Option<SessionName>,
    /// A policy that narrows the role: a file of JSON, or a managed policy's ARN (repeatable)
    #[arg(long, value_name = "FILE|ARN")]
    session_policy: Vec<String>,
    /// A session tag (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    tag: Vec<(String, String)>,
    /// The region for the command, instead of the profile's
    #[arg(long)]
    region: Option<String>,
    /// Neither use nor keep a sealed session: ask AWS anew
    #[arg(long)]
    no_session_cache: bool,
    #[command(flatten)]
    pub(super) code: CodeOption,
}

impl RoleOptions {
    /// As the plan takes them.
    ///
    /// # Errors
    /// Where a policy file cannot be read, or two are given: two would widen, not narrow.
    pub(super) fn overrides(&self) -> Result<Overrides, Failure> {
        let (arns, files): (Vec<_>, Vec<_>) = self.session_policy.iter().partition(|text| text.starts_with("arn:"));
        let session_policy = match files[..] {
            [] => None,
            [file] => Some(input::file(Path::new(file), "the session policy")?.trim().to_owned()),
            _ => {
                return Err(Failure::new(Kind::Usage, "--session-policy takes one file")
                    .cause("two inline policies would widen the session, not narrow it")
                    .hint("put both into one file, or name managed policies by ARN"));
            }
        };
        Ok(Overrides {
            session_name: self.session_name.clone(),
            duration: self.duration,
            region: self.region.clone(),
            session_policy,
            session_policy_arns: arns.into_iter().cloned().collect(),
            tags: self.tag.clone(),
        })
    }

    pub(super) fn no_session_cache(&self) -> bool {
        self.no_session_cache
    }
}

fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a tag is KEY=VALUE".to_owned()),
    }
}

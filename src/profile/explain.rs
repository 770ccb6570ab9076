//! A plan as a person reads it, and as `--json` gives it: who, which calls in which order, and where each setting
//! came from. No secret is among it.

use std::fmt;

use serde::Serialize;

use super::plan::{Base, Mfa, MfaAt, Plan};

/// A plan, explained. The fields' names and order are what `explain --json` promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The profile.
    pub profile: String,
    /// The source key's name.
    pub source: String,
    /// The IAM user at the beginning: the person.
    pub user_arn: String,
    /// The key's id.
    pub access_key_id: String,
    /// Whether the key lies in a file in plain text.
    pub plaintext: bool,
    /// The MFA device, where one is known.
    pub mfa_serial: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The STS endpoint, where one was configured.
    pub sts_endpoint: Option<ExplainedEndpoint>,
    /// What is called, in order, where nothing is cached.
    pub calls: Vec<Call>,
    /// Where each setting came from.
    pub settings: Vec<ExplainedSetting>,
    /// What works but should not stay so.
    pub warnings: Vec<String>,
}

/// A configured endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedEndpoint {
    /// The URL.
    pub url: String,
    /// Who set it.
    pub from: String,
    /// Whether codes may be sent there.
    pub allowed: bool,
}

/// One call to STS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// `GetSessionToken` or `AssumeRole`.
    pub operation: &'static str,
    /// The role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// The session's name in CloudTrail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
    /// The source identity in CloudTrail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Seconds.
    pub duration_seconds: u32,
    /// Whether a code goes with it.
    pub mfa: bool,
}

/// One setting in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedSetting {
    /// The profile it is for.
    pub profile: String,
    /// Such as `role_arn`.
    pub setting: String,
    /// In effect.
    pub value: String,
    /// Such as `~/.aws/config:12 role_helper_role_arn`.
    pub from: String,
}

/// Explains a plan.
pub fn explain(plan: &Plan) -> Explanation {
    Explanation {
        profile: plan.profile.clone(),
        source: plan.base.name().to_owned(),
        user_arn: plan.base.user_arn().to_string(),
        access_key_id: plan.base.access_key_id().to_string(),
        plaintext: matches!(plan.base, Base::Plaintext { .. }),
        mfa_serial: plan.mfa.as_ref().map(|mfa| mfa.serial.to_string()),
        region: plan.region.clone(),
        sts_endpoint: plan.sts_endpoint.as_ref().map(|endpoint| ExplainedEndpoint {
            url: endpoint.url.clone(),
            from: endpoint.origin.clone(),
            allowed: endpoint.allowed,
        }),
        calls: calls(plan),
        settings: plan
            .origins
            .iter()
            .map(|origin| ExplainedSetting {
                profile: origin.profile.clone(),
                setting: origin.setting.clone(),
                value: origin.value.clone(),
                from: origin.from.clone(),
            })
            .collect(),
        warnings: plan.warnings.clone(),
    }
}

fn calls(plan: &Plan) -> Vec<Call> {
    let mut calls = Vec::with_capacity(plan.hops.len() + 1);
    if let Some(Mfa { at: MfaAt::Session(lifetime), .. }) = &plan.mfa {
        calls.push(Call {
            operation: "GetSessionToken",
            role_arn: None,
            session_name: None,
            source_identity: None,
            duration_seconds: lifetime.seconds(),
            mfa: true,
        });
    }
    let direct = matches!(&plan.mfa, Some(mfa) if mfa.at == MfaAt::FirstHop);
    calls.extend(plan.hops.iter().enumerate().map(|(at, hop)| Call {
        operation: "AssumeRole",
        role_arn: Some(hop.role_arn.to_string()),
        session_name: Some(hop.session_name.to_string()),
        source_identity: hop.source_identity.as_ref().map(ToString::to_string),
        duration_seconds: hop.duration.seconds(),
        mfa: direct && at == 0,
    }));
    calls
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if let Some(role) = &self.role_arn {
            write!(f, " {role}")?;
        }
        if let Some(name) = &self.session_name {
            write!(f, " as {name}")?;
        }
        if let Some(identity) = &self.source_identity {
            write!(f, ", source identity {identity}")?;
        }
        write!(f, " for {}", crate::identity::Lifetime::from_seconds(self.duration_seconds))?;
        if self.mfa { f.write_str(", with an MFA code") } else { Ok(()) }
    }
}

impl fmt::Display for Explanation {
    /// Several lines, without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {}: key {} of {}", self.profile, self.source, self.user_arn)?;
        if let Some(endpoint) = &self.sts_endpoint {
            let verdict = if endpoint.allowed { "" } else { ", which is not allowed" };
            write!(f, "\nSTS at {} ({}){verdict}", endpoint.url, endpoint.from)?;
        }
        f.write_str("\n\ncalls, where nothing is cached:")?;
        for (at, call) in self.calls.iter().enumerate() {
            write!(f, "\n  {}. {call}", at + 1)?;
        }
        f.write_str("\n\nsettings:")?;
        let wide = |of: fn(&ExplainedSetting) -> String| {
            self.settings.iter().map(|setting| of(setting).chars().count()).max().unwrap_or(0)
        };
        let (profiles, names) = (wide(|s| s.profile.clone()), wide(|s| s.setting.clone()));
        for ExplainedSetting { profile, setting, value, from } in &self.settings {
            write!(f, "\n  {profile:profiles$}  {setting:names$}  {} ({from})", plain(value))?;
        }
        for warning in &self.warnings {
            write!(f, "\n\nwarning: {}", plain(warning))?;
        }
        Ok(())
    }
}

/// Values come from files: a control character in one must not move the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

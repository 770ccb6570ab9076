//! The settings of one profile: `role_helper_K` if it is there, else AWS's own key for K.
//!
//! A profile may stand in both files; as for every AWS client, the credentials file then wins (AWS SDKs and Tools
//! Reference Guide, "Shared config and credentials files").

use super::error::PlanError;
use super::nearest::nearest;
use super::resolve::Files;
use super::text::{Property, Section};

/// What our own keys begin with.
pub const PREFIX: &str = "role_helper_";

/// A setting: its name, and AWS's own key for it where AWS has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    aws: Option<&'static str>,
}

const fn aws(name: &'static str) -> Setting {
    Setting { name, aws: Some(name) }
}

const fn own(name: &'static str) -> Setting {
    Setting { name, aws: None }
}

pub(super) const ROLE_ARN: Setting = aws("role_arn");
pub(super) const SOURCE_PROFILE: Setting = aws("source_profile");
pub(super) const CREDENTIAL_SOURCE: Setting = aws("credential_source");
pub(super) const WEB_IDENTITY: Setting = aws("web_identity_token_file");
pub(super) const LOGIN_SESSION: Setting = aws("login_session");
pub(super) const SSO_SESSION: Setting = aws("sso_session");
pub(super) const SSO_START_URL: Setting = aws("sso_start_url");
pub(super) const EXTERNAL_ID: Setting = aws("external_id");
pub(super) const REGION: Setting = aws("region");
pub(super) const MFA_SERIAL: Setting = aws("mfa_serial");
pub(super) const DURATION: Setting = Setting { name: "duration", aws: Some("duration_seconds") };
pub(super) const SESSION_NAME: Setting = Setting { name: "session_name", aws: Some("role_session_name") };
pub(super) const MFA_SESSION: Setting = own("mfa_session");
pub(super) const SOURCE_IDENTITY: Setting = own("source_identity");
pub(super) const SESSION_POLICY: Setting = own("session_policy");
pub(super) const SESSION_POLICY_ARNS: Setting = own("session_policy_arns");
pub(super) const TAGS: Setting = own("tags");
pub(super) const TRANSITIVE_TAGS: Setting = own("transitive_tags");
pub(super) const MFA_PROMPT: Setting = own("mfa_prompt");
pub(super) const MFA_PROCESS: Setting = own("mfa_process");
pub(super) const CONFIRM: Setting = own("confirm");
pub(super) const COLOR: Setting = own("color");
pub(super) const ACCOUNT_ALIAS: Setting = own("account_alias");
pub(super) const ALLOW_ENDPOINT: Setting = own("allow_endpoint");

/// The names that may follow [`PREFIX`].
pub const KNOWN: &[&str] = &[
    "role_arn",
    "source_profile",
    "credential_source",
    "external_id",
    "web_identity_token_file",
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "sso_region",
    "sso_start_url",
    "sso_registration_scopes",
    "login_session",
    "region",
    "mfa_serial",
    "duration",
    "mfa_session",
    "session_name",
    "source_identity",
    "session_policy",
    "session_policy_arns",
    "tags",
    "transitive_tags",
    "mfa_prompt",
    "mfa_process",
    "record",
    "confirm",
    "color",
    "account_alias",
    "allow_endpoint",
];

/// A value in effect.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) value: String,
    /// As written in the file, such as `role_helper_role_arn`.
    pub(super) key: String,
    /// `~/.aws/config:12`.
    pub(super) at: String,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.from())
    }
}

impl Found {
    /// `~/.aws/config:12 role_helper_role_arn`.
    pub(super) fn from(&self) -> String {
        format!("{} {}", self.at, self.key)
    }

    pub(super) fn is_own(&self) -> bool {
        self.key.starts_with(PREFIX)
    }
}

/// One profile, from both files.
#[derive(Debug)]
pub(super) struct Settings<'c> {
    pub(super) name: String,
    sections: Vec<Section<'c>>,
    // By section, in the order in which later ones win.
    properties: Vec<(usize, Property<'c>)>,
}

impl<'c> Settings<'c> {
    /// The profile's settings, or none where neither file has it.
    pub(super) fn of(files: &'c Files<'c>, name: &str) -> Result<Option<Settings<'c>>, PlanError> {
        let sections: Vec<Section<'c>> =
            [files.config.profile(name), files.credentials.profile(name)].into_iter().flatten().collect();
        if sections.is_empty() {
            return Ok(None);
        }
        let mut properties = Vec::new();
        for (at, section) in sections.iter().enumerate() {
            if let Some((line, why)) = section.broken_line() {
                return Err(PlanError::BrokenLine {
                    profile: name.to_owned(),
                    at: section.at(line),
                    reason: why.to_string(),
                });
            }
            properties.extend(section.properties().into_iter().map(|property| (at, property)));
        }
        let settings = Settings { name: name.to_owned(), sections, properties };
        settings.refuse_unknown_keys()?;
        settings.refuse_empty_role()?;
        Ok(Some(settings))
    }

    fn refuse_unknown_keys(&self) -> Result<(), PlanError> {
        for (section, property) in &self.properties {
            let Some(name) = property.key.strip_prefix(PREFIX) else { continue };
            let at = self.sections[*section].at(property.value.line);
            if !KNOWN.contains(&name) {
                // AWS's own word for a setting, with our prefix, is meant for ours.
                let nearest = match name {
                    "duration_seconds" => Some("duration"),
                    "role_session_name" => Some("session_name"),
                    _ => nearest(name, KNOWN.iter().copied()),
                };
                let nearest = nearest.map(|known| format!("{PREFIX}{known}"));
                return Err(PlanError::UnknownKey {
                    profile: self.name.clone(),
                    at,
                    key: property.key.to_string(),
                    nearest,
                });
            }
            if property.value.text.is_empty() {
                return Err(PlanError::BadValue {
                    profile: self.name.clone(),
                    at,
                    key: property.key.to_string(),
                    reason: "it has no value".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A role that was left out by mistake would turn the profile into its source's own, with other permissions.
    fn refuse_empty_role(&self) -> Result<(), PlanError> {
        let Some((section, role)) = self.properties.iter().rev().find(|(_, p)| p.key == "role_arn") else {
            return Ok(());
        };
        if !role.value.text.is_empty() || self.get(ROLE_ARN).is_some() {
            return Ok(());
        }
        Err(PlanError::BadValue {
            profile: self.name.clone(),
            at: self.sections[*section].at(role.value.line),
            key: role.key.to_string(),
            reason: "it has no value".to_owned(),
        })
    }

    /// The setting in effect. AWS's own keys without a value count as absent, as they do for AWS's tools.
    pub(super) fn get(&self, setting: Setting) -> Option<Found> {
        let prefixed = |key: &str| key.strip_prefix(PREFIX) == Some(setting.name);
        self.last(prefixed).or_else(|| setting.aws.and_then(|aws| self.key(aws)))
    }

    /// A key of AWS's own, or of anybody's.
    pub(super) fn key(&self, key: &str) -> Option<Found> {
        self.last(|found| found == key)
    }

    fn last(&self, matches: impl Fn(&str) -> bool) -> Option<Found> {
        let (section, property) =
            self.properties.iter().rev().find(|(_, p)| matches(&p.key) && !p.value.text.is_empty())?;
        Some(Found {
            value: property.value.text.to_string(),
            key: property.key.to_string(),
            at: self.sections[*section].at(property.value.line),
        })
    }

    /// Where the profile begins.
    pub(super) fn at_header(&self) -> String {
        self.sections.first().map(|section| section.at(section.line())).unwrap_or_default()
    }

    pub(super) fn bad(&self, found: &Found, reason: impl ToString) -> PlanError {
        PlanError::BadValue {
            profile: self.name.clone(),
            at: found.at.clone(),
            key: found.key.clone(),
            reason: reason.to_string(),
        }
    }

    /// The setting as a `T`, with where it was found.
    pub(super) fn parsed<T>(&self, setting: Setting) -> Result<Option<(T, Found)>, PlanError>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        match self.get(setting) {
            None => Ok(None),
            Some(found) => match found.value.parse() {
                Ok(value) => Ok(Some((value, found))),
                Err(reason) => Err(self.bad(&found, reason)),
            },
        }
    }
}

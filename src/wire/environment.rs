//! The environment of a command that runs with a role: what is set, and what is removed because it would
//! contradict it.
//!
//! Clients look for credentials in many variables and in different orders (the JS SDK lets `AWS_PROFILE` win over
//! keys, others the reverse), so all that names other credentials has to go.

use super::process_json::instant;
use super::role_facts::{self, RoleFacts};
use crate::identity::{ExposeSecret, SecretString, SessionCredentials};

/// Variables that would contradict the keys we set.
pub const REMOVED: [&str; 19] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    // Older names for the same secrets; some libraries still read them first.
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_CREDENTIAL_FILE",
    // Taken for the account of the keys beside it, and put in endpoints.
    "AWS_ACCOUNT_ID",
    "AWS_SESSION_EXPIRATION",
    "AWS_CREDENTIAL_SCOPE",
    // Other ways to credentials.
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SOURCE_PROFILE",
    "AWS_MFA_SERIAL",
    "AWS_SSO_SESSION",
];

/// Opens the file keyring: a command that runs with a role has no business with it. A shell that takes an `export`
/// keeps it, for it is the person's own.
pub const PASSPHRASE_FILE: &str = "ROLE_HELPER_PASSPHRASE_FILE";

/// The variables a command gets, in the order people read them.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Name and value. All are kept as secrets, though not all are.
    pub set: Vec<(&'static str, SecretString)>,
    /// Names to remove.
    pub removed: &'static [&'static str],
}

/// What a command gets that runs with the credentials of `profile`; `facts` is for the prompts it may show.
pub fn of(credentials: &SessionCredentials, region: Option<&str>, profile: &str, facts: &RoleFacts) -> Environment {
    let mut set = vec![
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id.as_str().to_owned().into()),
        ("AWS_SECRET_ACCESS_KEY", copy(&credentials.secret_access_key)),
        ("AWS_SESSION_TOKEN", copy(&credentials.session_token)),
        ("AWS_CREDENTIAL_EXPIRATION", instant(credentials.expiration).into()),
    ];
    if let Some(region) = region {
        set.push(("AWS_REGION", region.to_owned().into()));
        set.push(("AWS_DEFAULT_REGION", region.to_owned().into()));
    }
    set.push(("ROLE_HELPER_PROFILE", profile.to_owned().into()));
    set.push((role_facts::VARIABLE, facts.to_string().into()));
    Environment { set, removed: &REMOVED }
}

/// Every variable that [`of`] sets or removes, once.
pub fn changed() -> impl Iterator<Item = &'static str> {
    SET.iter().chain(&REMOVED).copied()
}

/// The names that are set, the region's where there is one.
const SET: [&str; 8] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "ROLE_HELPER_PROFILE",
    role_facts::VARIABLE,
];

fn copy(secret: &SecretString) -> SecretString {
    secret.expose_secret().to_owned().into()
}

#[cfg(test)]
mod tests {
    use super::super::process_json::tests::credentials;
    use super::*;

    #[test]
    fn what_is_set_is_never_removed_and_no_name_comes_twice() {
        let environment = of(&credentials("s", "t"), Some("ap-northeast-1"), "prod", &RoleFacts::default());
        let mut names: Vec<&str> = environment.set.iter().map(|(name, _)| *name).collect();
        names.extend(environment.removed);
        let all: Vec<&str> = changed().collect();
        assert_eq!(names, all);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn both_regions_or_none() {
        let get = |region: Option<&str>, name: &str| {
            let environment = of(&credentials("s", "t"), region, "prod", &RoleFacts::default());
            environment.set.iter().find(|(n, _)| *n == name).map(|(_, value)| value.expose_secret().to_owned())
        };
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            assert_eq!(get(Some("eu-west-1"), name).as_deref(), Some("eu-west-1"));
            assert_eq!(get(None, name), None);
        }
        assert_eq!(get(None, "AWS_CREDENTIAL_EXPIRATION").as_deref(), Some("2026-11-23T20:01:02Z"));
        assert_eq!(get(None, "ROLE_HELPER_PROFILE").as_deref(), Some("prod"));
    }
}

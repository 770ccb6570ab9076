//! What exists in the simulated AWS: users with keys, devices and permissions, roots, roles with their trust. Built in Rust
//! by the methods here, or read from JSON with the same field names.

use serde::Deserialize;

/// The whole of it, with AWS's limits as defaults.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    pub partition: String,
    pub users: Vec<User>,
    pub roots: Vec<Root>,
    pub roles: Vec<Role>,
    /// Seconds of a TOTP step.
    pub totp_step_seconds: i64,
    /// Steps before and after the present one whose codes are taken too.
    pub totp_window_steps: i64,
    /// Seconds that a signature may be off, either way.
    pub clock_window_seconds: i64,
    /// Regions where STS answers `RegionDisabledException`.
    pub disabled_regions: Vec<String>,
    /// Seconds until a created access key works.
    pub new_key_delay_seconds: i64,
    /// Bytes of a session token; AWS promises no size.
    pub session_token_bytes: usize,
    /// What `s3:ListAllMyBuckets` lists.
    pub buckets: Vec<String>,
    /// Members of one page of an IAM list.
    pub page_size: usize,
}

impl Default for World {
    fn default() -> Self {
        Self {
            partition: "aws".into(),
            users: Vec::new(),
            roots: Vec::new(),
            roles: Vec::new(),
            totp_step_seconds: 30,
            totp_window_steps: 1,
            clock_window_seconds: 300,
            disabled_regions: Vec::new(),
            new_key_delay_seconds: 0,
            session_token_bytes: 700,
            buckets: Vec::new(),
            page_size: 100,
        }
    }
}

impl World {
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }

    pub fn root(mut self, account: &str, key_id: &str, secret: &str) -> Self {
        self.roots.push(Root { account: account.into(), keys: vec![Key::new(key_id, secret)] });
        self
    }
}

/// An IAM user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub account: String,
    #[serde(default = "slash")]
    pub path: String,
    pub name: String,
    #[serde(default)]
    pub keys: Vec<Key>,
    #[serde(default)]
    pub mfa: Vec<Device>,
    #[serde(default)]
    pub allow: Vec<Allow>,
}

impl User {
    pub fn new(account: &str, name: &str) -> Self {
        Self { account: account.into(), path: "/".into(), name: name.into(), keys: vec![], mfa: vec![], allow: vec![] }
    }

    /// `/` or `/a/b/`.
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.into();
        self
    }

    pub fn key(mut self, id: &str, secret: &str) -> Self {
        self.keys.push(Key::new(id, secret));
        self
    }

    pub fn inactive_key(mut self, id: &str, secret: &str) -> Self {
        self.keys.push(Key { active: false, ..Key::new(id, secret) });
        self
    }

    /// A virtual device and its base32 seed.
    pub fn mfa(mut self, serial: &str, seed: &str) -> Self {
        self.mfa.push(Device { serial: serial.into(), seed: Some(seed.into()) });
        self
    }

    /// A FIDO device: listed by IAM, of no use to STS.
    pub fn fido(mut self, serial: &str) -> Self {
        self.mfa.push(Device { serial: serial.into(), seed: None });
        self
    }

    /// Allows an action (`sts:*`) on a resource (`*` and `?` match, `${aws:username}` is the user).
    pub fn may(mut self, action: &str, resource: &str) -> Self {
        self.allow.push(Allow::new(action, resource));
        self
    }

    /// The same, only where MFA is present.
    pub fn may_with_mfa(mut self, action: &str, resource: &str) -> Self {
        self.allow.push(Allow { mfa: true, ..Allow::new(action, resource) });
        self
    }
}

/// An access key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub id: String,
    pub secret: String,
    #[serde(default = "yes")]
    pub active: bool,
    /// Seconds since 1970 before which nobody knows it.
    #[serde(default)]
    pub known_from: i64,
}

impl Key {
    pub fn new(id: &str, secret: &str) -> Self {
        Self { id: id.into(), secret: secret.into(), active: true, known_from: 0 }
    }
}

/// An MFA device; without a seed it is a FIDO one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    pub serial: String,
    #[serde(default)]
    pub seed: Option<String>,
}

/// The keys of an account's root user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    pub account: String,
    pub keys: Vec<Key>,
}

/// One statement of an identity's policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    pub action: String,
    pub resource: String,
    #[serde(default)]
    pub mfa: bool,
}

impl Allow {
    fn new(action: &str, resource: &str) -> Self {
        Self { action: action.into(), resource: resource.into(), mfa: false }
    }
}

/// A role.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// With its path.
    pub arn: String,
    #[serde(default = "hour")]
    pub max_session_seconds: i64,
    /// Statements of the trust policy: one that fits is enough.
    pub trust: Vec<Trust>,
    #[serde(default)]
    pub allow: Vec<Allow>,
}

impl Role {
    pub fn new(arn: &str) -> Self {
        Self { arn: arn.into(), max_session_seconds: 3600, trust: vec![], allow: vec![] }
    }

    pub fn max_hours(mut self, hours: i64) -> Self {
        self.max_session_seconds = hours * 3600;
        self
    }

    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust.push(trust);
        self
    }

    pub fn may(mut self, action: &str, resource: &str) -> Self {
        self.allow.push(Allow::new(action, resource));
        self
    }

    /// The last segment, which is all that a session's ARN shows.
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    pub fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }
}

/// One Allow statement of a trust policy: `sts:AssumeRole`, and two more actions where they are named.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// ARNs of users, roles, role sessions and roots; an account number is its root; `*` is anybody.
    pub principals: Vec<String>,
    /// `Bool aws:MultiFactorAuthPresent true`.
    pub mfa: bool,
    /// `NumericLessThan aws:MultiFactorAuthAge`, seconds.
    pub mfa_age_below: Option<i64>,
    /// `StringLike sts:RoleSessionName`.
    pub session_name: Option<String>,
    /// `StringEquals sts:ExternalId`.
    pub external_id: Option<String>,
    /// `StringLike sts:SourceIdentity`.
    pub source_identity: Option<String>,
    /// `sts:TagSession` is allowed too.
    pub tag_session: bool,
    /// `sts:SetSourceIdentity` is allowed too.
    pub set_source_identity: bool,
}

impl Trust {
    pub fn of(principal: &str) -> Self {
        Self { principals: vec![principal.into()], ..Self::default() }
    }

    pub fn and(mut self, principal: &str) -> Self {
        self.principals.push(principal.into());
        self
    }

    pub fn mfa(mut self) -> Self {
        self.mfa = true;
        self
    }

    pub fn mfa_age_below(mut self, seconds: i64) -> Self {
        self.mfa_age_below = Some(seconds);
        self
    }

    /// `*`, `?` and `${aws:username}` as in IAM.
    pub fn session_name(mut self, pattern: &str) -> Self {
        self.session_name = Some(pattern.into());
        self
    }

    pub fn external_id(mut self, id: &str) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// `*`, `?` and `${aws:username}` as in IAM.
    pub fn source_identity(mut self, pattern: &str) -> Self {
        self.source_identity = Some(pattern.into());
        self
    }

    pub fn tag_session(mut self) -> Self {
        self.tag_session = true;
        self
    }

    pub fn set_source_identity(mut self) -> Self {
        self.set_source_identity = true;
        self
    }
}

fn slash() -> String {
    "/".into()
}

fn yes() -> bool {
    true
}

fn hour() -> i64 {
    3600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_as_the_methods() {
        let read: World = serde_json::from_str(
            r#"{
                "users": [{
                    "account": "111122223333", "name": "bob",
                    "keys": [{"id": "AKIABOB", "secret": "s"}],
                    "mfa": [{"serial": "arn:aws:iam::111122223333:mfa/bob", "seed": "JBSW"}],
                    "allow": [{"action": "sts:AssumeRole", "resource": "*"}]
                }],
                "roles": [{
                    "arn": "arn:aws:iam::222233334444:role/Admin", "max_session_seconds": 7200,
                    "trust": [{"principals": ["111122223333"], "mfa": true, "session_name": "${aws:username}"}]
                }],
                "totp_window_steps": 5
            }"#,
        )
        .unwrap();
        let bob = User::new("111122223333", "bob").key("AKIABOB", "s").mfa("arn:aws:iam::111122223333:mfa/bob", "JBSW");
        let trust = Trust::of("111122223333").mfa().session_name("${aws:username}");
        let role = Role::new("arn:aws:iam::222233334444:role/Admin").max_hours(2).trust(trust);
        let mut built = World::default().user(bob.may("sts:AssumeRole", "*")).role(role);
        built.totp_window_steps = 5;
        assert_eq!(format!("{read:?}"), format!("{built:?}"));
        assert!(serde_json::from_str::<World>(r#"{"user": []}"#).is_err());
    }
}

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
            page_size: 100,
        }
    }
}

/// The key of [`World::demo`]'s user: AWS's example with a digit changed, so that no scanner takes it for a real one.
pub const DEMO_KEY_ID: &str = "AKIAIOSFODNN7EXAMPL2";
pub const DEMO_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE2";
/// The MFA device of [`World::demo`]'s user.
pub const DEMO_MFA: &str = "arn:aws:iam::111122223333:mfa/alice";
/// Its seed, base32.
pub const DEMO_SEED: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

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
        self.roots.push(Root {
            account: account.into(),
            keys: vec![Key::new(key_id, secret)],
        });
        self
    }

    /// The practice in small: alice of the people's account, roles in the workload's account.
    ///
    /// `Admin` (up to 12 h) and `ReadOnly` (1 h) want MFA and the user's name as session name; `Chained` (1 h) trusts `Admin`.
    pub fn demo() -> Self {
        let named = || {
            Trust::of("111122223333")
                .mfa()
                .session_name("${aws:username}")
                .tag_session()
                .set_source_identity()
        };
        Self::default()
            .user(
                User::new("111122223333", "alice")
                    .path("/division/")
                    .key(DEMO_KEY_ID, DEMO_SECRET)
                    .mfa(DEMO_MFA, DEMO_SEED)
                    .may(
                        "iam:ListMFADevices",
                        "arn:aws:iam::*:user/*/${aws:username}",
                    )
                    .may("sts:*", "arn:aws:iam::222233334444:role/*"),
            )
            .role(
                Role::new("arn:aws:iam::222233334444:role/Admin")
                    .max_hours(12)
                    .trust(named())
                    .may("sts:AssumeRole", "*"),
            )
            .role(Role::new("arn:aws:iam::222233334444:role/ReadOnly").trust(named()))
            .role(
                Role::new("arn:aws:iam::222233334444:role/Chained").trust(
                    Trust::of("arn:aws:iam::222233334444:role/Admin")
                        .tag_session()
                        .set_source_identity(),
                ),
            )
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
        Self {
            account: account.into(),
            path: "/".into(),
            name: name.into(),
            keys: vec![],
            mfa: vec![],
            allow: vec![],
        }
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
        self.keys.push(Key {
            active: false,
            ..Key::new(id, secret)
        });
        self
    }

    /// A virtual device and its base32 seed.
    pub fn mfa(mut self, serial: &str, seed: &str) -> Self {
        self.mfa.push(Device {
            serial: serial.into(),
            seed: Some(seed.into()),
        });
        self
    }

    /// A FIDO device: listed by IAM, of no use to STS.
    pub fn fido(mut self, serial: &str) -> Self {
        self.mfa.push(Device {
            serial: serial.into(),
            seed: None,
        });
        self
    }

    /// Allows an action (`sts:*`) on a resource (`*` and `?` match, `${aws:username}` is the user).
    pub fn may(mut self, action: &str, resource: &str) -> Self {
        self.allow.push(Allow::new(action, resource));
        self
    }

    /// The same, only where MFA is present.
    pub fn may_with_mfa(mut self, action: &str, resource: &str) -> Self {
        self.allow.push(Allow {
            mfa: true,
            ..Allow::new(action, resource)
        });
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
        Self {
            id: id.into(),
            secret: secret.into(),
            active: true,
            known_from: 0,
        }
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
        Self {
            action: action.into(),
            resource: resource.into(),
            mfa: false,
        }
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
        Self {
            arn: arn.into(),
            max_session_seconds: 3600,
            trust: vec![],
            allow: vec![],
        }
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
        Self {
            principals: vec![principal.into()],
            ..Self::default()
        }
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

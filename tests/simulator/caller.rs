//! Who signed a request, what that identity is called, and what it may do.

use serde_json::Value;

use super::state;
use super::world::{Allow, Role, User};

/// An authenticated identity.
#[derive(Clone, Debug)]
pub struct Caller {
    pub who: Who,
    /// Signed with temporary credentials.
    pub temporary: bool,
    /// When the MFA that these credentials carry was given, seconds since 1970.
    pub mfa_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub enum Who {
    Root { account: String },
    User(User),
    Session(Box<RoleSession>),
}

/// A role session, with what it hands down a chain.
#[derive(Clone, Debug)]
pub struct RoleSession {
    pub role: Role,
    pub name: String,
    pub source_identity: Option<String>,
    pub transitive_tags: Vec<(String, String)>,
    /// The inline session policy.
    pub policy: Option<Value>,
}

impl Caller {
    pub fn account(&self) -> &str {
        match &self.who {
            Who::Root { account } => account,
            Who::User(user) => &user.account,
            Who::Session(session) => session.role.account(),
        }
    }

    /// As GetCallerIdentity says it: a role's path is dropped.
    pub fn arn(&self, partition: &str) -> String {
        match &self.who {
            Who::Root { account } => format!("arn:{partition}:iam::{account}:root"),
            Who::User(user) => user_arn(partition, user),
            Who::Session(s) => session_arn(partition, &s.role, &s.name),
        }
    }

    pub fn user_id(&self, partition: &str) -> String {
        match &self.who {
            Who::Root { account } => account.clone(),
            Who::User(user) => state::unique_id("AIDA", &user_arn(partition, user)),
            Who::Session(s) => format!("{}:{}", state::unique_id("AROA", &s.role.arn), s.name),
        }
    }

    /// `${aws:username}`, which only IAM users have.
    pub fn username(&self) -> Option<&str> {
        match &self.who {
            Who::User(user) => Some(&user.name),
            _ => None,
        }
    }

    /// The identity's own policies, and the session's policy where it has one.
    pub fn may(&self, action: &str, resource: &str) -> bool {
        let granted = |allow: &[Allow]| {
            allow.iter().any(|a| {
                glob(&a.action.to_ascii_lowercase(), &action.to_ascii_lowercase())
                    && self.fill(&a.resource).is_some_and(|r| glob(&r, resource))
                    && (!a.mfa || self.mfa_at.is_some())
            })
        };
        match &self.who {
            Who::Root { .. } => true,
            Who::User(user) => granted(&user.allow),
            Who::Session(s) => granted(&s.role.allow) && s.policy.as_ref().is_none_or(|p| permits(p, action, resource)),
        }
    }

    /// A pattern with its variable filled in; nothing where the caller has no such variable, and then nothing matches.
    pub fn fill(&self, pattern: &str) -> Option<String> {
        if !pattern.contains("${aws:username}") {
            return Some(pattern.to_owned());
        }
        self.username().map(|name| pattern.replace("${aws:username}", name))
    }
}

pub fn user_arn(partition: &str, user: &User) -> String {
    format!("arn:{partition}:iam::{}:user{}{}", user.account, user.path, user.name)
}

pub fn session_arn(partition: &str, role: &Role, name: &str) -> String {
    format!("arn:{partition}:sts::{}:assumed-role/{}/{name}", role.account(), role.name())
}

/// IAM's StringLike: `*` any run, `?` any one character.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Evaluates Effect, Action and Resource of a policy document; an explicit Deny wins. Conditions are not looked at.
fn permits(policy: &Value, action: &str, resource: &str) -> bool {
    let one_or_many = |v: &Value| match v {
        Value::Array(many) => many.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let matches = |v: &Value, text: &str, fold: bool| {
        one_or_many(v)
            .iter()
            .filter_map(Value::as_str)
            .any(|p| if fold { glob(&p.to_ascii_lowercase(), &text.to_ascii_lowercase()) } else { glob(p, text) })
    };
    let hits = |effect: &str| {
        one_or_many(&policy["Statement"]).iter().any(|s| {
            s["Effect"] == effect && matches(&s["Action"], action, true) && matches(&s["Resource"], resource, false)
        })
    };
    hits("Allow") && !hits("Deny")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_iam() {
        assert!(glob("sts:*", "sts:AssumeRole"));
        assert!(glob("arn:aws:iam::*:role/a?c", "arn:aws:iam::1:role/abc"));
        assert!(glob("*a*b", "xxaxxbxb"));
        assert!(!glob("alice", "alice2"));
        assert!(!glob("a*c", "ab"));
        assert!(glob("**", ""));
    }

    #[test]
    fn a_deny_of_a_session_policy_wins() {
        let policy = serde_json::json!({"Statement": [
            {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["STS:assumerole"], "Resource": ["arn:x"]},
        ]});
        assert!(permits(&policy, "sts:AssumeRole", "arn:y"));
        assert!(!permits(&policy, "sts:AssumeRole", "arn:x"));
        assert!(!permits(&policy, "s3:GetObject", "arn:y"));
    }
}

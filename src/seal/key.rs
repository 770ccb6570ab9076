//! The cache key: a hash of everything that changes the answer.
//!
//! Two requests share a session exactly if AWS would answer them alike. A key that leaves something out hands one
//! role's session to another, or a session without MFA to a profile that demands it; both happened to tools like
//! this one. The region is left out on purpose: credentials hold everywhere in their partition.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::profile::{Hop, MfaAt, Plan};

/// The name of a sealed session: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey(String);

impl CacheKey {
    /// The role session behind the first `hops` hops of the plan, counted from one.
    pub fn of_hops(plan: &Plan, hops: usize) -> CacheKey {
        let mut fields = Fields::of_base(plan);
        for hop in &plan.hops[..hops] {
            fields.hop(hop);
        }
        fields.finish()
    }

    /// What the plan ends in.
    pub fn of_plan(plan: &Plan) -> CacheKey {
        CacheKey::of_hops(plan, plan.hops.len())
    }

    /// 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CacheKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let valid = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if valid { Ok(CacheKey(text.to_owned())) } else { Err(()) }
    }
}

/// Length-prefixed fields, so that no two lists of fields share a byte string.
struct Fields(Sha256);

impl Fields {
    fn of_base(plan: &Plan) -> Fields {
        let mut fields = Fields(Sha256::new());
        fields.text("role-helper session 1");
        fields.text(plan.base.user_arn().as_str());
        fields.text(plan.base.access_key_id().as_str());
        match &plan.mfa {
            None => fields.text("no mfa"),
            Some(mfa) => {
                fields.text(mfa.serial.as_str());
                match mfa.at {
                    MfaAt::FirstHop => fields.text("first hop"),
                    MfaAt::Session(lifetime) => {
                        fields.text("session");
                        fields.number(lifetime.seconds().into());
                    }
                }
            }
        }
        fields.option(plan.sts_endpoint.as_ref().map(|endpoint| endpoint.url.as_str()));
        fields
    }

    // The partition is in the role's ARN.
    fn hop(&mut self, hop: &Hop) {
        let Hop {
            profile: _,
            role_arn,
            session_name,
            duration,
            external_id,
            source_identity,
            session_policy,
            session_policy_arns,
            tags,
            transitive_tags,
        } = hop;
        self.text(role_arn.as_str());
        self.text(session_name.as_str());
        self.number(duration.seconds().into());
        self.option(external_id.as_deref());
        self.option(source_identity.as_ref().map(|name| name.as_str()));
        self.option(session_policy.as_deref());
        self.list(session_policy_arns.iter().map(String::as_str));
        self.list(tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]));
        self.list(transitive_tags.iter().map(String::as_str));
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn option(&mut self, text: Option<&str>) {
        self.number(text.is_some().into());
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn list<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let texts: Vec<&str> = texts.collect();
        self.number(texts.len() as u64);
        for text in texts {
            self.text(text);
        }
    }

    fn finish(self) -> CacheKey {
        let mut hex = String::with_capacity(64);
        for byte in self.0.finalize() {
            hex.push(char::from_digit((byte >> 4).into(), 16).unwrap_or('0'));
            hex.push(char::from_digit((byte & 15).into(), 16).unwrap_or('0'));
        }
        CacheKey(hex)
    }
}

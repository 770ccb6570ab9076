//! Whether a caller gets a role: the role's trust policy and the caller's own permissions, for `sts:AssumeRole` and for the
//! two actions that ride on it (`sts:TagSession`, `sts:SetSourceIdentity`).

use super::caller::{Caller, Who, glob};
use super::state::Denial;
use super::world::{Role, Trust, World};

/// What an AssumeRole asks for, as conditions see it.
pub struct Asked<'a> {
    pub arn: &'a str,
    pub name: &'a str,
    pub external_id: Option<&'a str>,
    pub source_identity: Option<&'a str>,
    /// Session tags are passed or inherited.
    pub tagged: bool,
    /// Seconds since the MFA of this request, if there is one.
    pub mfa_age: Option<i64>,
}

/// `arn:PARTITION:iam::12 DIGITS:role/…`.
pub fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(&parts[..], ["arn", partition, "iam", "", account, resource]
        if !partition.is_empty()
            && account.len() == 12
            && account.bytes().all(|b| b.is_ascii_digit())
            && resource.strip_prefix("role/").is_some_and(|r| !r.is_empty() && !r.ends_with('/')))
}

/// The source identity that a chain carries on, which no later hop may change.
pub fn carried_source_identity(caller: &Caller) -> Option<String> {
    match &caller.who {
        Who::Session(session) => session.source_identity.clone(),
        _ => None,
    }
}

/// The role, or AWS's denial; a role that does not exist is denied like one that is forbidden.
pub fn decide(world: &World, caller: &Caller, asked: &Asked) -> Result<Role, Denial> {
    let who = caller.arn(&world.partition);
    let denied = |action: &str| Denial::not_authorized(&who, action, asked.arn);
    let role = world.roles.iter().find(|r| r.arn == asked.arn).ok_or_else(|| denied("sts:AssumeRole"))?;
    let carried = carried_source_identity(caller);
    let source_identity = asked.source_identity.map(str::to_owned).or(carried.clone());

    let fits = |t: &Trust| conditions_hold(t, caller, asked, source_identity.as_deref());
    let allowed = |action: &str, wanted: &dyn Fn(&Trust) -> bool| {
        role.trust.iter().filter(|t| fits(t) && wanted(t)).any(|t| {
            let named = t.principals.iter().any(|p| names(p, caller, &who));
            let account = t.principals.iter().any(|p| names_account(p, caller));
            // A trust policy that names the caller is enough within an account; across accounts both sides must allow.
            let same_account = role.account() == caller.account();
            (named && same_account) || ((named || account) && caller.may(action, asked.arn))
        })
    };
    if !allowed("sts:AssumeRole", &|_| true) {
        return Err(denied("sts:AssumeRole"));
    }
    if asked.tagged && !allowed("sts:TagSession", &|t| t.tag_session) {
        return Err(denied("sts:TagSession"));
    }
    let changed = carried.is_some() && source_identity != carried;
    if changed || (source_identity.is_some() && !allowed("sts:SetSourceIdentity", &|t| t.set_source_identity)) {
        return Err(denied("sts:SetSourceIdentity"));
    }
    Ok(role.clone())
}

fn conditions_hold(trust: &Trust, caller: &Caller, asked: &Asked, source_identity: Option<&str>) -> bool {
    let like = |pattern: &Option<String>, value: Option<&str>| match pattern {
        None => true,
        Some(pattern) => caller.fill(pattern).zip(value).is_some_and(|(p, v)| glob(&p, v)),
    };
    (!trust.mfa || asked.mfa_age.is_some())
        && trust.mfa_age_below.is_none_or(|most| asked.mfa_age.is_some_and(|age| age < most))
        && like(&trust.session_name, Some(asked.name))
        && trust.external_id.as_deref().is_none_or(|id| asked.external_id == Some(id))
        && like(&trust.source_identity, source_identity)
}

/// A principal that names the caller itself: a user, a role of which it is a session, or that session.
fn names(principal: &str, caller: &Caller, arn: &str) -> bool {
    match &caller.who {
        Who::Session(session) => principal == session.role.arn || principal == arn,
        _ => principal == arn,
    }
}

/// A principal that leaves it to the caller's account (or to every account) whom to allow.
fn names_account(principal: &str, caller: &Caller) -> bool {
    principal == "*"
        || principal == caller.account()
        || (principal.ends_with(":root") && principal.split(':').nth(4) == Some(caller.account()))
}

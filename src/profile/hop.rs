//! The settings of one role, checked against what AssumeRole takes (STS API Reference, AssumeRole).

use super::error::{Cap, PlanError};
use super::plan::{Hop, Origin, Overrides};
use super::settings::{
    DURATION, EXTERNAL_ID, Found, PREFIX, SESSION_NAME, SESSION_POLICY, SESSION_POLICY_ARNS, SOURCE_IDENTITY, Settings,
    TAGS, TRANSITIVE_TAGS,
};
use crate::identity::{Arn, Lifetime, RoleArn, SessionName, UserArn};

/// What a hop must know besides its profile.
pub(super) struct Place<'a> {
    /// The person: whose key begins the chain.
    pub(super) user: &'a UserArn,
    /// Which of AWS's rules keeps it at an hour.
    pub(super) cap: Option<Cap>,
    /// What the command line changes, if this is the last hop.
    pub(super) overrides: Option<&'a Overrides>,
    /// The profile asked for.
    pub(super) asked: &'a str,
}

pub(super) fn hop(
    settings: &Settings<'_>,
    role: &Found,
    place: &Place<'_>,
    origins: &mut Vec<Origin>,
) -> Result<Hop, PlanError> {
    let mut note = |setting: &str, value: String, from: String| {
        origins.push(Origin { profile: settings.name.clone(), setting: setting.to_owned(), value, from });
    };
    let role_arn: RoleArn = role.value.parse().map_err(|error| settings.bad(role, error))?;
    note("role_arn", role_arn.to_string(), role.from());

    let (session_name, from) = session_name(settings, place)?;
    note("session_name", session_name.to_string(), from);

    let (duration, from) = duration(settings, place)?;
    note("duration", duration.to_string(), from);

    let external_id = match settings.get(EXTERNAL_ID) {
        None => None,
        Some(found) => {
            let charset = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
            if !(2..=1224).contains(&found.value.len()) || !found.value.chars().all(charset) {
                return Err(settings.bad(&found, "an external id is 2 to 1224 letters, digits and _+=,.@:/-"));
            }
            note("external_id", found.value.clone(), found.from());
            Some(found.value)
        }
    };
    let source_identity = match settings.get(SOURCE_IDENTITY) {
        None => None,
        Some(found) => {
            let identity = if found.value == "user" {
                person(place)?
            } else {
                found.value.parse().map_err(|error| settings.bad(&found, error))?
            };
            note("source_identity", identity.to_string(), found.from());
            Some(identity)
        }
    };
    let (session_policy, session_policy_arns) = policies(settings, place, &mut note)?;
    let tags = tags(settings, place, &mut note)?;
    let transitive_tags = match settings.get(TRANSITIVE_TAGS) {
        None => Vec::new(),
        Some(found) => {
            let keys: Vec<String> = list(&found.value);
            if keys.len() > 50 || keys.is_empty() {
                return Err(settings.bad(&found, "1 to 50 keys of tags, separated by commas"));
            }
            for key in &keys {
                tag_text(key, true).map_err(|error| settings.bad(&found, error))?;
            }
            note("transitive_tags", keys.join(","), found.from());
            keys
        }
    };
    Ok(Hop {
        profile: settings.name.clone(),
        role_arn,
        session_name,
        duration,
        external_id,
        source_identity,
        session_policy,
        session_policy_arns,
        tags,
        transitive_tags,
    })
}

fn session_name(settings: &Settings<'_>, place: &Place<'_>) -> Result<(SessionName, String), PlanError> {
    if let Some(name) = place.overrides.and_then(|overrides| overrides.session_name.clone()) {
        return Ok((name, "--session-name".to_owned()));
    }
    if let Some((name, found)) = settings.parsed(SESSION_NAME)? {
        return Ok((name, found.from()));
    }
    Ok((person(place)?, format!("user name of {}", place.user)))
}

/// The person as a session name, or why the name cannot be one.
fn person(place: &Place<'_>) -> Result<SessionName, PlanError> {
    let user = place.user.user_name();
    user.parse().map_err(|error: crate::identity::SessionNameError| PlanError::BadSessionName {
        profile: place.asked.to_owned(),
        user: user.to_owned(),
        reason: error.to_string(),
    })
}

fn duration(settings: &Settings<'_>, place: &Place<'_>) -> Result<(Lifetime, String), PlanError> {
    let (found, from) = match place.overrides.and_then(|overrides| overrides.duration) {
        Some(duration) => {
            let option = "--duration".to_owned();
            duration
                .for_assume_role()
                .map_err(|error| PlanError::BadOption { option: option.clone(), reason: error.to_string() })?;
            (duration, option)
        }
        None => match settings.parsed::<Lifetime>(DURATION)? {
            Some((duration, found)) => {
                duration.for_assume_role().map_err(|error| settings.bad(&found, error))?;
                (duration, found.from())
            }
            None => return Ok((Lifetime::HOUR, "default".to_owned())),
        },
    };
    match place.cap {
        Some(cap) if found > Lifetime::HOUR => {
            Err(PlanError::DurationCapped { profile: settings.name.clone(), found, from, cap })
        }
        _ => Ok((found, from)),
    }
}

type Note<'n> = dyn FnMut(&str, String, String) + 'n;

fn policies(
    settings: &Settings<'_>,
    place: &Place<'_>,
    note: &mut Note<'_>,
) -> Result<(Option<String>, Vec<String>), PlanError> {
    let inline = settings.get(SESSION_POLICY);
    let managed = settings.get(SESSION_POLICY_ARNS);
    if let Some(overrides) = place.overrides
        && (overrides.session_policy.is_some() || !overrides.session_policy_arns.is_empty())
    {
        if let Some(found) = inline.as_ref().or(managed.as_ref()) {
            return Err(PlanError::TwoSessionPolicies { profile: settings.name.clone(), at: found.at.clone() });
        }
        let option = |reason: String| PlanError::BadOption { option: "--session-policy".to_owned(), reason };
        if let Some(policy) = &overrides.session_policy {
            policy_text(policy).map_err(option)?;
            note("session_policy", policy.clone(), "--session-policy".to_owned());
        }
        if !overrides.session_policy_arns.is_empty() {
            policy_arns(&overrides.session_policy_arns).map_err(option)?;
            note("session_policy_arns", overrides.session_policy_arns.join(","), "--session-policy".to_owned());
        }
        return Ok((overrides.session_policy.clone(), overrides.session_policy_arns.clone()));
    }
    if let Some(found) = &inline {
        policy_text(&found.value).map_err(|error| settings.bad(found, error))?;
        note("session_policy", found.value.clone(), found.from());
    }
    let arns = match &managed {
        None => Vec::new(),
        Some(found) => {
            let arns = list(&found.value);
            policy_arns(&arns).map_err(|error| settings.bad(found, error))?;
            note("session_policy_arns", arns.join(","), found.from());
            arns
        }
    };
    Ok((inline.map(|found| found.value), arns))
}

fn policy_text(text: &str) -> Result<(), String> {
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    match object {
        Err(_) if text.starts_with("file:") || text.starts_with('/') || text.starts_with("arn:") => Err(format!(
            "it must be the policy's JSON itself; an ARN goes into {PREFIX}session_policy_arns, and a file is read by --session-policy only"
        )),
        Err(error) => Err(format!("it is not a policy in JSON: {error}")),
        Ok(_) if text.chars().count() > 2048 => Err("STS takes session policies of at most 2048 characters".to_owned()),
        Ok(_) => Ok(()),
    }
}

fn policy_arns(arns: &[String]) -> Result<(), String> {
    if arns.is_empty() || arns.len() > 10 {
        return Err("STS takes 1 to 10 managed session policies".to_owned());
    }
    for text in arns {
        let arn: Arn = text.parse().map_err(|error: crate::identity::ArnError| error.to_string())?;
        if arn.service() != "iam" || !arn.resource().starts_with("policy/") {
            return Err(format!("`{text}` is not the ARN of a policy: expected arn:aws:iam::ACCOUNT:policy/NAME"));
        }
    }
    Ok(())
}

fn tags(settings: &Settings<'_>, place: &Place<'_>, note: &mut Note<'_>) -> Result<Vec<(String, String)>, PlanError> {
    let mut tags: Vec<(String, String)> = Vec::new();
    if let Some(found) = settings.get(TAGS) {
        for text in list(&found.value) {
            let Some((key, value)) = text.split_once('=') else {
                return Err(settings.bad(&found, format!("`{text}` is not a tag: write KEY=VALUE,KEY=VALUE")));
            };
            let tag = (key.trim().to_owned(), value.trim().to_owned());
            if tags.iter().any(|(other, _)| other.eq_ignore_ascii_case(&tag.0)) {
                return Err(
                    settings.bad(&found, format!("the tag `{key}` is there twice: STS ignores the case of keys"))
                );
            }
            check_tag(&tag).map_err(|error| settings.bad(&found, error))?;
            tags.push(tag);
        }
        if tags.len() > MOST_TAGS {
            return Err(settings.bad(&found, too_many_tags()));
        }
        note("tags", shown(&tags), found.from());
    }
    let added = place.overrides.map_or(&[][..], |overrides| &overrides.tags);
    for tag in added {
        check_tag(tag).map_err(|reason| PlanError::BadOption { option: "--tag".to_owned(), reason })?;
        tags.retain(|(key, _)| !key.eq_ignore_ascii_case(&tag.0));
        tags.push(tag.clone());
    }
    if !added.is_empty() {
        note("tags", shown(added), "--tag".to_owned());
    }
    if tags.len() > MOST_TAGS {
        return Err(PlanError::BadOption { option: "--tag".to_owned(), reason: too_many_tags() });
    }
    Ok(tags)
}

/// Of one session (STS API Reference, AssumeRole, `Tags`).
const MOST_TAGS: usize = 50;

fn too_many_tags() -> String {
    format!("STS takes at most {MOST_TAGS} tags")
}

fn shown(tags: &[(String, String)]) -> String {
    tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn check_tag((key, value): &(String, String)) -> Result<(), String> {
    tag_text(key, true)?;
    tag_text(value, false)
}

/// Keys have 1 to 128 characters, values up to 256, of letters, blanks, digits and `_.:/=+-@` (STS API Reference,
/// Tag).
fn tag_text(text: &str, is_key: bool) -> Result<(), String> {
    let (least, most, what) = if is_key { (1, 128, "key") } else { (0, 256, "value") };
    let length = text.chars().count();
    if length < least || length > most {
        return Err(format!("the {what} of a tag has {least} to {most} characters"));
    }
    let charset = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    match text.chars().find(|&c| !charset(c)) {
        Some(c) => Err(format!("the {what} of a tag cannot hold `{}`", c.escape_default())),
        None if is_key && text.len() >= 4 && text.is_char_boundary(4) && text[..4].eq_ignore_ascii_case("aws:") => {
            Err("the key of a tag cannot begin with `aws:`, which AWS keeps for itself".to_owned())
        }
        None => Ok(()),
    }
}

/// Elements separated by commas.
fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|element| !element.is_empty()).map(str::to_owned).collect()
}

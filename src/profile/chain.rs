//! From a profile to the key at the beginning of its chain: who names whom, where it ends, and why it may not.

use std::fmt;

use secrecy::SecretString;

use super::error::PlanError;
use super::nearest::nearest;
use super::plan::SourceLookup;
use super::resolve::Files;
use super::settings::{
    CREDENTIAL_SOURCE, Found, LOGIN_SESSION, ROLE_ARN, SOURCE_PROFILE, SSO_SESSION, SSO_START_URL, Settings,
    WEB_IDENTITY,
};
use crate::identity::{AccessKeyId, SourceFacts};

/// The profiles between the one asked for and the key.
#[derive(Debug)]
pub(super) struct Chain<'c> {
    /// From the profile asked for towards the key; the key's own profile, where it has one, is the last.
    pub(super) profiles: Vec<Settings<'c>>,
    /// Which of them are roles, with the role; in the order in which they are assumed.
    pub(super) roles: Vec<(usize, Found)>,
    pub(super) key: Key,
    /// Where the key was named: `file:line key`, or the command line.
    pub(super) named: String,
}

/// The key a chain begins with.
pub(super) enum Key {
    Added(SourceFacts),
    Plaintext { profile: String, at: String, id: AccessKeyId, secret: SecretString, facts: Option<SourceFacts> },
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Added(facts) => write!(f, "Added({})", facts.name),
            Key::Plaintext { profile, id, .. } => write!(f, "Plaintext({profile}, {id})"),
        }
    }
}

enum Next {
    Key(Key),
    Profile(String, Found),
}

pub(super) fn walk<'c>(
    files: &'c Files<'c>,
    sources: &dyn SourceLookup,
    profile: &str,
) -> Result<Chain<'c>, PlanError> {
    let mut profiles: Vec<Settings<'c>> = Vec::new();
    let mut links: Vec<(String, Found)> = Vec::new();
    let mut roles = Vec::new();
    let mut name = profile.to_owned();
    loop {
        let named = links.last().map_or_else(|| "command line".to_owned(), |(_, found)| found.from());
        let settings = Settings::of(files, &name)?;
        if !links.is_empty()
            && let Some(facts) = sources.added(&name).map_err(PlanError::Lookup)?
        {
            profiles.extend(settings.filter(|_| links.iter().all(|(visited, _)| *visited != name)));
            return finish(profiles, roles, Key::Added(facts), named);
        }
        let Some(settings) = settings else {
            return match links.last() {
                Some((by, found)) => Err(not_added(files, sources, by, found, &name)),
                None => match sources.added(&name).map_err(PlanError::Lookup)? {
                    Some(facts) => finish(profiles, roles, Key::Added(facts), named),
                    None => Err(unknown(files, sources, &name)),
                },
            };
        };
        if let Some(first) = links.iter().position(|(visited, _)| *visited == name) {
            // A profile may name itself for its own static keys (AWS CLI Reference, "aws help config-vars").
            let itself = first + 1 == links.len();
            if itself && let Some(key) = static_key(&settings, sources)? {
                return finish(profiles, roles, key, named);
            }
            let links = links.drain(first..).map(|(profile, found)| (profile, found.at)).collect();
            return Err(PlanError::Loop { links });
        }
        let role = settings.get(ROLE_ARN);
        let next = next(&settings, sources, role.as_ref(), links.is_empty())?;
        // Whoever has its own static keys is the beginning of a chain, whatever role stands beside them.
        if let (Some(role), Next::Profile(..)) = (role, &next) {
            roles.push((profiles.len(), role));
        }
        profiles.push(settings);
        match next {
            Next::Key(key) => return finish(profiles, roles, key, named),
            Next::Profile(next, found) => links.push((std::mem::replace(&mut name, next), found)),
        }
    }
}

fn finish<'c>(
    profiles: Vec<Settings<'c>>,
    mut roles: Vec<(usize, Found)>,
    key: Key,
    named: String,
) -> Result<Chain<'c>, PlanError> {
    roles.reverse();
    Ok(Chain { profiles, roles, key, named })
}

fn next(
    settings: &Settings<'_>,
    sources: &dyn SourceLookup,
    role: Option<&Found>,
    asked_for: bool,
) -> Result<Next, PlanError> {
    let source = settings.get(SOURCE_PROFILE);
    if let Some(role) = role {
        // As a source, static keys come before the role beside them for every AWS client; our own keys say more.
        if !asked_for
            && !role.is_own()
            && let Some(key) = static_key(settings, sources)?
        {
            return Ok(Next::Key(key));
        }
        return match source {
            Some(source) => Ok(Next::Profile(source.value.clone(), source)),
            None => Err(unsupported(settings)
                .unwrap_or(PlanError::NoSource { profile: settings.name.clone(), at: role.at.clone() })),
        };
    }
    if let Some(source) = source.as_ref().filter(|source| source.is_own()) {
        return Ok(Next::Profile(source.value.clone(), source.clone()));
    }
    if let Some(facts) = sources.added(&settings.name).map_err(PlanError::Lookup)? {
        return Ok(Next::Key(Key::Added(facts)));
    }
    if let Some(key) = static_key(settings, sources)? {
        return Ok(Next::Key(key));
    }
    if let Some(source) = source {
        return Ok(Next::Profile(source.value.clone(), source));
    }
    if let Some(process) = settings.key("credential_process") {
        match our_profile(&process.value) {
            Some(other) if other != settings.name => return Ok(Next::Profile(other, process)),
            Some(_) => {}
            None => {
                return Err(PlanError::NotSupported {
                    profile: settings.name.clone(),
                    at: process.at,
                    key: process.key,
                });
            }
        }
    }
    Err(unsupported(settings)
        .unwrap_or_else(|| PlanError::DeadEnd { profile: settings.name.clone(), at: settings.at_header() }))
}

fn unsupported(settings: &Settings<'_>) -> Option<PlanError> {
    [CREDENTIAL_SOURCE, WEB_IDENTITY, SSO_SESSION, SSO_START_URL, LOGIN_SESSION]
        .into_iter()
        .find_map(|setting| settings.get(setting))
        .map(|found| PlanError::NotSupported { profile: settings.name.clone(), at: found.at, key: found.key })
}

/// The profile that a `credential_process` of ours is called for. It is never run: it would call us in a circle.
fn our_profile(command: &str) -> Option<String> {
    let mut words = command.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let program = words.next()?.rsplit(['/', '\\']).next()?;
    if !matches!(program, "role-helper" | "role-helper.exe") || words.next()? != "credential-process" {
        return None;
    }
    words.find(|word| !word.starts_with('-')).map(str::to_owned)
}

fn static_key(settings: &Settings<'_>, sources: &dyn SourceLookup) -> Result<Option<Key>, PlanError> {
    let (Some(id), secret) = (settings.key("aws_access_key_id"), settings.key("aws_secret_access_key")) else {
        return Ok(None);
    };
    let Some(secret) = secret else {
        return Err(settings.bad(&id, "there is no aws_secret_access_key beside it"));
    };
    let parsed: AccessKeyId = id.value.parse().map_err(|error| settings.bad(&id, error))?;
    if settings.key("aws_session_token").is_some() || parsed.is_temporary() {
        return Err(PlanError::TemporaryKey { profile: settings.name.clone(), at: id.at });
    }
    let facts = sources.plaintext(&parsed).map_err(PlanError::Lookup)?;
    Ok(Some(Key::Plaintext {
        profile: settings.name.clone(),
        at: id.at,
        id: parsed,
        secret: SecretString::from(secret.value),
        facts,
    }))
}

fn nearest_name(files: &Files<'_>, sources: &dyn SourceLookup, wanted: &str) -> Option<String> {
    let names = sources.names();
    let known = files.config.profiles().chain(files.credentials.profiles()).chain(names.iter().map(String::as_str));
    nearest(wanted, known.filter(|name| *name != wanted)).map(str::to_owned)
}

fn unknown(files: &Files<'_>, sources: &dyn SourceLookup, profile: &str) -> PlanError {
    PlanError::UnknownProfile {
        profile: profile.to_owned(),
        nearest: nearest_name(files, sources, profile),
        config: files.config.origin().to_owned(),
        misread: files.config.misread_header(profile).or_else(|| files.credentials.misread_header(profile)),
    }
}

fn not_added(files: &Files<'_>, sources: &dyn SourceLookup, by: &str, found: &Found, name: &str) -> PlanError {
    PlanError::SourceNotAdded {
        profile: by.to_owned(),
        source_name: name.to_owned(),
        at: found.at.clone(),
        nearest: nearest_name(files, sources, name),
    }
}

//! What a prompt shows, found in the environment and in two small files: no config, no keyring, no network.
//!
//! Within `exec`, `shell` and after `export`, the environment says which role is active. Else it is the profile that
//! `AWS_PROFILE` names, if a session of it is sealed: a file of the profile, written when one was, says under which
//! key, and the sealed file's clear header says until when. A session that was logged out has no sealed file, and so
//! nothing is shown of it, wherever it was used.

use std::ffi::OsString;
use std::path::PathBuf;

use super::files;
use super::places::Places;
use super::spelling::encode;
use crate::identity::{Failure, Timestamp};
use crate::seal::{self, Header};
use crate::wire::role_facts::{self, RoleFacts};
use crate::wire::segment::Role;

/// What the environment says to prompts.
#[derive(Debug, Clone, Default)]
pub struct PromptEnvironment {
    /// `ROLE_HELPER_PROFILE`: set by `exec` and `export`.
    pub active: Option<String>,
    /// `AWS_PROFILE`, else `AWS_DEFAULT_PROFILE`.
    pub profile: Option<String>,
    /// `AWS_CREDENTIAL_EXPIRATION`.
    pub expiration: Option<Timestamp>,
    /// `ROLE_HELPER_PROMPT`.
    pub facts: RoleFacts,
    /// Whether colours are wanted: `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR`, `TERM`. A prompt is captured by a shell,
    /// so whether stdout is a terminal says nothing.
    pub color: bool,
    /// Whether the locale's characters are Unicode: `LC_ALL`, `LC_CTYPE`, `LANG`.
    pub unicode: bool,
}

impl PromptEnvironment {
    /// Of this process.
    pub fn read() -> Self {
        Self::of(&|name| std::env::var_os(name))
    }

    /// Of an environment that is looked up name by name. What is not UTF-8 counts as unset.
    pub fn of(look_up: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| look_up(name)?.into_string().ok().filter(|value| !value.is_empty());
        let first = |names: &[&str]| names.iter().find_map(|name| text(name));
        let switched_on = |name: &str| text(name).is_some_and(|value| value != "0");
        // no-color.org and bixense.com/clicolors: any value of the first forbids, the second commands.
        let color = text("NO_COLOR").is_none()
            && (switched_on("CLICOLOR_FORCE")
                || (text("CLICOLOR").as_deref() != Some("0") && text("TERM").as_deref() != Some("dumb")));
        let locale = first(&["LC_ALL", "LC_CTYPE", "LANG"]).map(|locale| locale.to_ascii_lowercase());
        let unicode = match locale {
            Some(locale) => locale.contains("utf-8") || locale.contains("utf8"),
            None => cfg!(any(windows, target_os = "macos")),
        };
        PromptEnvironment {
            active: text("ROLE_HELPER_PROFILE"),
            profile: first(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]),
            expiration: text("AWS_CREDENTIAL_EXPIRATION").and_then(|text| text.parse().ok()),
            facts: text(role_facts::VARIABLE).map(|line| RoleFacts::read(&line)).unwrap_or_default(),
            color,
            unicode,
        }
    }
}

/// The role that is active here; none where none is, where its session was logged out, or where our own files say
/// nothing that can be read.
pub fn active(environment: &PromptEnvironment, places: &Places, now: Timestamp) -> Option<Role> {
    let remembered = |profile: &str| -> Option<RoleFacts> {
        let bytes = files::read_own(&file(places, profile)).ok()??;
        Some(RoleFacts::read(std::str::from_utf8(&bytes).ok()?)).filter(|facts| facts.session.is_some())
    };
    let role = |profile: &str, facts: RoleFacts, seconds_left: Option<i64>| Role {
        profile: profile.to_owned(),
        account_id: facts.account_id,
        alias: facts.alias,
        color: facts.color,
        seconds_left,
    };
    match (&environment.active, &environment.profile) {
        (Some(profile), _) => {
            // With `--server` the credentials renew themselves, and only the sealed session knows their end.
            let facts = match environment.facts == RoleFacts::default() {
                true => remembered(profile).unwrap_or_default(),
                false => environment.facts.clone(),
            };
            let sealed = match &facts.session {
                Some(session) => Some(header(places, session)?),
                None => None,
            };
            let seconds_left = match (environment.expiration, &sealed) {
                (Some(end), sealed) => {
                    let offset = sealed.as_ref().map_or(0, |header| header.clock_offset);
                    Some(end.as_second() - (now.as_second() + offset))
                }
                (None, Some(header)) => Some(header.seconds_left(now)),
                (None, None) => None,
            };
            Some(role(profile, facts, seconds_left))
        }
        (None, Some(profile)) => {
            let facts = remembered(profile)?;
            let header = header(places, facts.session.as_deref()?)?;
            Some(role(profile, facts, Some(header.seconds_left(now))))
        }
        (None, None) => None,
    }
}

/// Keeps for prompts what is to be known of the profile. Nothing is written where it is known already.
///
/// # Errors
/// As [`files::write_own`].
pub fn remember(places: &Places, profile: &str, facts: &RoleFacts) -> Result<(), Failure> {
    let (file, line) = (file(places, profile), format!("{facts}\n"));
    match files::read_own(&file) {
        Ok(Some(known)) if known == line.as_bytes() => Ok(()),
        _ => files::write_own(&file, line.as_bytes()),
    }
}

/// Forgets the profile.
///
/// # Errors
/// Where there is a file that cannot be removed.
pub fn forget(places: &Places, profile: &str) -> Result<(), Failure> {
    files::remove_own(&file(places, profile)).map(|_| ())
}

/// Forgets all profiles.
///
/// # Errors
/// Where there is a file that cannot be removed.
pub fn forget_all(places: &Places) -> Result<(), Failure> {
    let folder = places.prompt_dir();
    for name in files::names_in(&folder)? {
        files::remove_own(&folder.join(name))?;
    }
    Ok(())
}

/// Whether a session of this cache key is sealed.
pub fn is_sealed(places: &Places, session: &str) -> bool {
    header(places, session).is_some()
}

fn header(places: &Places, session: &str) -> Option<Header> {
    seal::clear_header(&files::read_own(&places.sealed_file(session)).ok()??)
}

fn file(places: &Places, profile: &str) -> PathBuf {
    places.prompt_dir().join(encode(profile))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::surroundings::Surroundings;

    fn of(variables: &[(&str, &str)]) -> PromptEnvironment {
        PromptEnvironment::of(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn colours_are_for_whoever_wants_them() {
        for (variables, wanted) in [
            (&[][..], true),
            (&[("TERM", "dumb")], false),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
            (&[("CLICOLOR_FORCE", "0"), ("TERM", "dumb")], false),
            (&[("CLICOLOR", "0")], false),
            (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
            (&[("NO_COLOR", "")], true),
        ] {
            assert_eq!(of(variables).color, wanted, "{variables:?}");
        }
    }

    #[test]
    fn the_locale_decides_on_unicode() {
        assert!(of(&[("LANG", "ja_JP.UTF-8")]).unicode && of(&[("LC_ALL", "C.utf8"), ("LANG", "C")]).unicode);
        assert!(!of(&[("LC_ALL", "C"), ("LANG", "ja_JP.UTF-8")]).unicode && !of(&[("LANG", "POSIX")]).unicode);
    }

    #[test]
    fn the_environment_of_exec_needs_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let surroundings = Surroundings::of(&|name| (name == "HOME").then(|| home.into())).unwrap();
        let places = Places::new(&surroundings).unwrap();
        let now = "2026-11-23T19:00:00Z".parse().unwrap();
        let inside = [
            ("ROLE_HELPER_PROFILE", "prod"),
            ("AWS_CREDENTIAL_EXPIRATION", "2026-11-23T19:52:00Z"),
            ("ROLE_HELPER_PROMPT", "account=222233334444,color=blue"),
            ("AWS_PROFILE", "other"),
        ];
        let role = active(&of(&inside), &places, now).unwrap();
        assert_eq!((role.profile.as_str(), role.seconds_left), ("prod", Some(52 * 60)));
        assert_eq!(role.account_id.as_deref(), Some("222233334444"));
        // Where a session was sealed and is no more, it was logged out.
        let session = format!("account=222233334444,session={}", "a".repeat(64));
        let gone = [inside[0], inside[1], ("ROLE_HELPER_PROMPT", session.as_str())];
        assert_eq!(active(&of(&gone), &places, now), None);
        assert_eq!(active(&of(&inside[3..]), &places, now), None);
        assert_eq!(active(&of(&[]), &places, now), None);
    }

    #[test]
    fn any_profile_is_remembered_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        let own = own.to_str().unwrap();
        let surroundings = Surroundings::of(&|name| (name == "ROLE_HELPER_HOME").then(|| own.into())).unwrap();
        let places = Places::new(&surroundings).unwrap();
        let facts = RoleFacts::read(&format!("account=222233334444,session={}", "a".repeat(64)));
        for profile in ["prod", "../../etc", "本 番 'x'"] {
            remember(&places, profile, &facts).unwrap();
            remember(&places, profile, &facts).unwrap();
            assert!(file(&places, profile).starts_with(places.prompt_dir()) && file(&places, profile).is_file());
        }
        forget(&places, "prod").unwrap();
        forget(&places, "prod").unwrap();
        assert_eq!(files::names_in(&places.prompt_dir()).unwrap().len(), 2);
        forget_all(&places).unwrap();
        assert_eq!(files::names_in(&places.prompt_dir()).unwrap().len(), 0);
    }
}

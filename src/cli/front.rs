//! The front's side: the hot commands, and the way to the companion for all else.
//!
//! A hit is answered from the environment, the config, one file of facts and one sealed session. Whatever is not
//! exactly that, even an error, is the companion's: it has the words, and nothing here may be slow for its sake.

use std::ffi::OsString;

use super::segment;
use crate::door::surroundings::Surroundings;
use crate::door::{aws_files, cache, clock::SystemClock, companion, index::Index, output, places::Places, process};
use crate::identity::Failure;
use crate::port::Clock;
use crate::profile::{self, Config, FileKind, Files, MfaAt, Overrides, Plan};
use crate::seal::{CacheKey, Consumer, Freshness, freshness};
use crate::wire::{SecretText, process_json};

/// Runs the front; what it returns is the exit code.
pub fn run() -> u8 {
    process::harden_front();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let [_, command, profile] = &arguments[..]
        && command == "credential-process"
        && let Some(profile) = profile.to_str()
        && !profile.starts_with('-')
        && let Some(line) = hit(profile)
    {
        let Err(failure) = super::output::secret(&line) else { return 0 };
        return complain(&failure);
    }
    if let [_, command, words @ ..] = &arguments[..]
        && command == "prompt"
        && let Some(wanted) = segment::read(words)
    {
        // A prompt whose shell went away is nobody's.
        let _ = output::put(segment::line(&wanted).as_bytes());
        return 0;
    }
    if let [_, command, words @ ..] = &arguments[..]
        && command == "__complete"
    {
        // A shell that stopped listening has gone on.
        let _ = output::put(super::values::candidates(words).as_bytes());
        return 0;
    }
    complain(&companion::become_companion(&arguments))
}

fn complain(failure: &Failure) -> u8 {
    output::complain(&failure.to_string());
    failure.kind().exit_code()
}

/// The answer, if a sealed session gives it.
fn hit(profile: &str) -> Option<SecretText> {
    let surroundings = Surroundings::read().ok()?;
    if surroundings.log.is_some() {
        return None; // A log tells the whole way, and the companion goes it.
    }
    let places = Places::new(&surroundings).ok()?;
    let config = aws_files::read(&surroundings.config_file().ok()?).ok()?;
    let credentials = aws_files::read(&surroundings.credentials_file().ok()?).ok()?;
    let files = Files {
        config: Config::parse(&config, FileKind::Config, ""),
        credentials: Config::parse(&credentials, FileKind::Credentials, ""),
    };
    let plan =
        profile::resolve(&files, &Index::new(&places), &surroundings.plan, profile, &Overrides::default()).ok()?;
    let session = cache::peek(&places, &CacheKey::of_plan(&plan))?;
    match freshness(&session.header, SystemClock.now(), Consumer::ReAsks, certainly_needs_a_person(&plan)) {
        Freshness::Good => process_json::line(&session.credentials).ok(),
        Freshness::Ageing | Freshness::Old => None,
    }
}

/// Whether renewing asks for a code whatever else is sealed: nothing below this session could sign.
fn certainly_needs_a_person(plan: &Plan) -> bool {
    match plan.mfa.as_ref().map(|mfa| mfa.at) {
        Some(MfaAt::FirstHop) => plan.hops.len() == 1,
        Some(MfaAt::Session(_)) => plan.hops.is_empty(),
        None => false,
    }
}

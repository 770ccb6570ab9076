//! What the shells complete: names that only this machine knows. The front answers, at every press of Tab: from the
//! config, the index and the clear headers; no keyring, no network, and never a word of complaint, for it would
//! appear in the middle of somebody's line.

use std::ffi::OsString;

use super::regions::REGIONS;
use crate::door::surroundings::Surroundings;
use crate::door::{aws_files, cache, clock::SystemClock, index::Index, places::Places};
use crate::port::Clock;
use crate::profile::{Config, FileKind, SourceLookup};
use crate::wire::console::SERVICES;

/// The candidates of a kind (`profiles`, `sources`, `sessions`, `regions`, `services`) that begin with the prefix, a line each,
/// as they are: quoting is the shell's. Names with control characters, which would be more than a line, are left out.
pub(super) fn candidates(words: &[OsString]) -> String {
    let word = |at: usize| words.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let (kind, prefix) = (word(0), word(1));
    let mut text = String::new();
    for name in names(kind).unwrap_or_default() {
        if name.starts_with(prefix) && !name.contains(char::is_control) {
            text.push_str(&name);
            text.push('\n');
        }
    }
    text
}

fn names(kind: &str) -> Option<Vec<String>> {
    if kind == "regions" {
        return Some(REGIONS.iter().map(|region| (*region).to_owned()).collect());
    }
    if kind == "services" {
        return Some(SERVICES.iter().map(|service| service.name.to_owned()).collect());
    }
    let surroundings = Surroundings::read().ok()?;
    let places = Places::new(&surroundings).ok()?;
    match kind {
        "profiles" => {
            let text = aws_files::read(&surroundings.config_file().ok()?).ok()?;
            Some(profiles(&Config::parse(&text, FileKind::Config, "")))
        }
        "sources" => Some(Index::new(&places).names()),
        "sessions" => {
            let now = SystemClock.now();
            let headers = cache::headers(&places).into_iter();
            let mut names: Vec<String> =
                headers.filter(|(_, header)| header.seconds_left(now) > 0).map(|(_, header)| header.profile).collect();
            names.sort();
            names.dedup();
            Some(names)
        }
        _ => None,
    }
}

/// The profiles that can be meant: those that name a role or a source key.
fn profiles(config: &Config<'_>) -> Vec<String> {
    const TELLING: [&str; 4] = ["role_helper_role_arn", "role_arn", "role_helper_source_profile", "source_profile"];
    let sections = config.profile_sections().into_iter();
    sections
        .filter(|section| TELLING.iter().any(|key| section.get(key).is_some()))
        .map(|section| section.name().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_those_with_a_role_or_a_source() {
        let text = "[default]\nregion = x\n[profile \"a b\"]\nrole_arn = r\n[profile k]\nrole_helper_source_profile = s\n\
                    [profile bare]\noutput = json\n";
        assert_eq!(profiles(&Config::parse(text, FileKind::Config, "")), ["a b", "k"]);
    }

    #[test]
    fn regions_need_nothing_and_unknown_kinds_give_nothing() {
        let of = |words: [&str; 2]| candidates(&words.map(OsString::from));
        assert_eq!(of(["regions", "ap-northeast-"]), "ap-northeast-1\nap-northeast-2\nap-northeast-3\n");
        assert_eq!(of(["keys", ""]), "");
    }
}

//! Writing a profile into the text of `~/.aws/config`, everything else byte for byte as it was.
//!
//! What is written must be read alike by every client: flat `key = value` lines of plain characters. A file that a
//! client would refuse is not touched, and none is made.

use thiserror::Error;

use super::problems::{Problem, Severity};
use super::text::{Config, FileKind, SectionKind, What, lower};
use crate::identity::{Failure, Kind};

/// The text after an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole file.
    pub text: String,
    /// Whether it differs from what was there.
    pub changed: bool,
}

/// Why nothing was edited.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// A name that some client cannot read.
    #[error("`{0}` cannot be written as a profile's name")]
    Name(String),
    /// A key that some client cannot read.
    #[error("`{0}` cannot be written as a key")]
    Key(String),
    /// A value that some client reads differently.
    #[error("the value of {key} cannot be written")]
    Value {
        /// The key.
        key: String,
        /// Why.
        reason: String,
    },
    /// The file is already one that a client refuses.
    #[error("the file cannot be edited safely")]
    Refused(Problem),
    /// The profile holds what must not stand beside what would be written.
    #[error("profile `{profile}` has keys that contradict credential_process")]
    Conflict {
        /// The profile.
        profile: String,
        /// The keys, each with its line and who would stumble.
        problems: Vec<Problem>,
    },
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Failure {
        let what = error.to_string();
        match error {
            EditError::Name(_) => Failure::new(Kind::Usage, what)
                .cause("clients agree on letters, digits and _./:@=- only, not beginning with `-`")
                .hint("choose another name"),
            EditError::Key(_) => Failure::new(Kind::Usage, what).cause("clients agree on a-z, 0-9 and _ only"),
            EditError::Value { reason, .. } => Failure::new(Kind::Usage, what).cause(reason),
            EditError::Refused(problem) => Failure::new(Kind::Configuration, what)
                .cause(format!("line {}: {}: {}", problem.line, problem.what, problem.who))
                .hint(format!("in line {}: {}", problem.line, problem.remedy)),
            EditError::Conflict { problems, .. } => {
                let list: Vec<String> =
                    problems.iter().map(|problem| format!("line {}: {}", problem.line, problem.what)).collect();
                let who = problems.first().map_or("", |problem| problem.who);
                Failure::new(Kind::Configuration, what)
                    .cause(format!("{} ({who})", list.join(", ")))
                    .hint("remove these lines, or let setup replace them with --force")
            }
        }
    }
}

/// Whether `setup` may write a profile of this name: `[A-Za-z0-9_./:@=-]+` without a leading `-`.
pub fn is_portable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./:@=-".contains(&b))
}

/// The text with `settings` (AWS's or `role_helper_` keys, with their values) in the section of `profile`, which is
/// made at the end where there is none.
///
/// # Errors
/// See [`EditError`].
pub fn set_profile(text: &str, profile: &str, settings: &[(&str, &str)]) -> Result<Edited, EditError> {
    replace_in_profile(text, profile, settings, &[])
}

/// As [`set_profile`], and the keys in `remove` are removed from that section, such as a `role_arn` that must not
/// stand beside `credential_process`.
///
/// # Errors
/// See [`EditError`].
pub fn replace_in_profile(
    text: &str,
    profile: &str,
    settings: &[(&str, &str)],
    remove: &[&str],
) -> Result<Edited, EditError> {
    if !is_portable_name(profile) {
        return Err(EditError::Name(profile.to_owned()));
    }
    for (key, value) in settings {
        check(key, value)?;
    }
    let config = Config::parse(text, FileKind::Config, "config");
    if let Some(problem) = config.problems().into_iter().find(|problem| problem.severity == Severity::File) {
        return Err(EditError::Refused(problem));
    }
    let line_break =
        if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let edited = match section_of(&config, profile) {
        Some(header) => in_section(&config, header, settings, remove, line_break),
        None => at_the_end(text, profile, settings, line_break),
    };
    refuse_new_problems(&edited, profile)?;
    Ok(Edited { changed: edited != text, text: edited })
}

fn section_of(config: &Config<'_>, profile: &str) -> Option<usize> {
    let of = |kind| config.headers.iter().position(|header| header.kind == kind && header.name == profile);
    of(SectionKind::Profile).or_else(|| of(SectionKind::PlainDefault))
}

/// A key of our own or of AWS's, and a value in which no client finds a comment, a quote or a header.
fn check(key: &str, value: &str) -> Result<(), EditError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if key.is_empty() || !key.bytes().all(plain) {
        return Err(EditError::Key(key.to_owned()));
    }
    let reason = if value.trim().is_empty() {
        "it is empty".to_owned()
    } else if value.trim() != value {
        "it begins or ends with a blank".to_owned()
    } else if let Some(c) = value.chars().find(|&c| "[]#;\\\"'".contains(c) || c.is_control() || !c.is_ascii()) {
        format!("clients read `{}` in a value differently", c.escape_default())
    } else {
        return Ok(());
    };
    Err(EditError::Value { key: key.to_owned(), reason })
}

fn in_section(
    config: &Config<'_>,
    header: usize,
    settings: &[(&str, &str)],
    remove: &[&str],
    line_break: &str,
) -> String {
    let text = config.text;
    let body = config.body(header);
    let mut edited = text[..body.start].to_owned();
    if !edited.ends_with('\n') {
        edited.push_str(line_break);
    }
    let mut missing: Vec<(&str, &str)> = settings.to_vec();
    // Behind the last line that belongs to a property, so that blanks and comments before the next section stay
    // with that section.
    let mut end_of_properties = edited.len();
    let mut dropping = false;
    for line in config.lines(body.clone()) {
        let source = &text[line.bytes.clone()];
        match line.what {
            What::Property { key, value, comment } => {
                let key = lower(key);
                let wanted = missing.iter().position(|(name, _)| *name == key).map(|at| missing.remove(at));
                dropping = match wanted {
                    Some((_, new))
                        if new == value && comment.is_none() && !continues(config, &body, line.bytes.end) =>
                    {
                        edited.push_str(source);
                        false
                    }
                    Some((name, new)) => {
                        let ending = if source.ends_with("\r\n") { "\r\n" } else { line_break };
                        // Clients disagree on a comment behind a value, so it gets a line of its own.
                        if let Some(comment) = comment {
                            edited.push_str(comment);
                            edited.push_str(ending);
                        }
                        edited.push_str(name);
                        edited.push_str(" = ");
                        edited.push_str(new);
                        if source.ends_with('\n') {
                            edited.push_str(ending);
                        }
                        true
                    }
                    None if remove.contains(&key.as_ref()) => true,
                    None => {
                        edited.push_str(source);
                        false
                    }
                };
                end_of_properties = edited.len();
            }
            What::Continuation { .. } if dropping => {}
            What::Continuation { .. } => {
                edited.push_str(source);
                end_of_properties = edited.len();
            }
            What::Blank | What::Comment | What::Broken(_) => edited.push_str(source),
        }
    }
    if !missing.is_empty() {
        let tail = edited.split_off(end_of_properties);
        if !edited.ends_with('\n') {
            edited.push_str(line_break);
        }
        push_settings(&mut edited, &missing, line_break);
        edited.push_str(&tail);
    }
    edited.push_str(&text[body.end..]);
    edited
}

/// Whether the value that ends at this byte goes on in the next line.
fn continues(config: &Config<'_>, body: &std::ops::Range<usize>, end: usize) -> bool {
    config
        .lines(body.clone())
        .find(|line| line.bytes.start >= end && !matches!(line.what, What::Blank | What::Comment))
        .is_some_and(|line| matches!(line.what, What::Continuation { .. }))
}

fn at_the_end(text: &str, profile: &str, settings: &[(&str, &str)], line_break: &str) -> String {
    let mut edited = text.to_owned();
    if !edited.is_empty() {
        if !edited.ends_with('\n') {
            edited.push_str(line_break);
        }
        let blank = edited.ends_with("\n\n") || edited.ends_with("\n\r\n");
        if !blank {
            edited.push_str(line_break);
        }
    }
    let header = if profile == "default" { "[default]".to_owned() } else { format!("[profile {profile}]") };
    edited.push_str(&header);
    edited.push_str(line_break);
    push_settings(&mut edited, settings, line_break);
    edited
}

fn push_settings(text: &mut String, settings: &[(&str, &str)], line_break: &str) {
    for (key, value) in settings {
        text.push_str(key);
        text.push_str(" = ");
        text.push_str(value);
        text.push_str(line_break);
    }
}

fn refuse_new_problems(text: &str, profile: &str) -> Result<(), EditError> {
    let problems = Config::parse(text, FileKind::Config, "config").problems();
    let (mut in_profile, others): (Vec<Problem>, Vec<Problem>) = problems
        .into_iter()
        .filter(|problem| problem.severity != Severity::Differs)
        .partition(|problem| problem.severity == Severity::Profile);
    if let Some(problem) = others.into_iter().next() {
        return Err(EditError::Refused(problem));
    }
    in_profile.retain(|problem| problem.profile.as_deref() == Some(profile));
    if in_profile.is_empty() {
        Ok(())
    } else {
        Err(EditError::Conflict { profile: profile.to_owned(), problems: in_profile })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WANTED: &[(&str, &str)] =
        &[("region", "eu-west-1"), ("role_helper_role_arn", "arn:aws:iam::222233334444:role/Admin")];

    #[test]
    fn a_new_section_stands_at_the_end_after_a_blank_line() {
        let new = "[profile prod]\nregion = eu-west-1\nrole_helper_role_arn = arn:aws:iam::222233334444:role/Admin\n";
        for (before, between) in
            [("", ""), ("[profile a]\nx = 1", "\n\n"), ("[profile a]\nx = 1\n", "\n"), ("[profile a]\nx = 1\n\n", "")]
        {
            let edited = set_profile(before, "prod", WANTED).unwrap();
            assert_eq!(edited.text, format!("{before}{between}{new}"));
            assert!(edited.changed);
            let again = set_profile(&edited.text, "prod", WANTED).unwrap();
            assert_eq!((again.text == edited.text, again.changed), (true, false));
        }
        let crlf = set_profile("[profile a]\r\nx = 1\r\n", "prod", WANTED).unwrap();
        assert_eq!(crlf.text, format!("[profile a]\r\nx = 1\r\n\r\n{}", new.replace('\n', "\r\n")));
        assert!(set_profile("", "default", WANTED).unwrap().text.starts_with("[default]\n"));
    }

    #[test]
    fn keys_change_in_place_and_all_else_stays() {
        let before = "# mine\n[profile prod] # big\nRegion=us-east-1  ; near\n# keep\nfoo = 1\n\n# about b\n[profile b]\nregion = x\n";
        let after = "# mine\n[profile prod] # big\n; near\nregion = eu-west-1\n# keep\nfoo = 1\n\
                     role_helper_role_arn = arn:aws:iam::222233334444:role/Admin\n\n# about b\n[profile b]\nregion = x\n";
        let edited = set_profile(before, "prod", WANTED).unwrap();
        assert_eq!(edited.text, after);
        assert!(!set_profile(&edited.text, "prod", WANTED).unwrap().changed);
    }

    #[test]
    fn a_value_of_several_lines_is_replaced_whole() {
        let edited = set_profile("[profile a]\nx = 1\n  2\n  3\ny = 4\n", "a", &[("x", "1")]).unwrap();
        assert_eq!(edited.text, "[profile a]\nx = 1\ny = 4\n");
    }

    #[test]
    fn what_contradicts_credential_process_goes_only_when_told() {
        let before = "[profile p]\nrole_arn = r\nsource_profile = a\nregion = x\n";
        let process = [("credential_process", "/usr/bin/role-helper credential-process p")];
        let error = set_profile(before, "p", &process).unwrap_err();
        assert!(matches!(&error, EditError::Conflict { problems, .. } if problems.len() == 2), "{error:?}");
        let text = Failure::from(error).to_string();
        assert!(text.contains("line 2: role_arn beside credential_process"), "{text}");
        let edited = replace_in_profile(before, "p", &process, &["role_arn", "source_profile"]).unwrap();
        assert_eq!(
            edited.text,
            "[profile p]\nregion = x\ncredential_process = /usr/bin/role-helper credential-process p\n"
        );
    }

    #[test]
    fn files_that_clients_refuse_are_left_alone() {
        for (text, line) in [
            ("[profile a]\nx = 1\nx = 2\n", 3),
            ("[profile a]\n[profile a]\n", 2),
            ("\u{feff}[profile a]\n", 1),
            ("[profile a]\nnothing\n", 2),
            ("[profile a\n", 1),
            ("x = 1\n[profile a]\n", 1),
            ("[profile a]\n  x = 1\n", 2),
            ("[profile a]\ns3 =\n  nothing\n", 3),
        ] {
            match set_profile(text, "prod", WANTED) {
                Err(EditError::Refused(problem)) => assert_eq!(problem.line, line, "{text:?}"),
                other => panic!("{text:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn only_what_every_client_reads_alike_is_written() {
        for name in ["", "-x", "two words", "a]b", "ä", "a#b"] {
            assert_eq!(set_profile("", name, WANTED), Err(EditError::Name(name.to_owned())));
        }
        for value in ["", " x", "a # b", "a;b", "[x]", "\"x\"", "a\nb", "a\\b", "é"] {
            assert!(matches!(set_profile("", "p", &[("k", value)]), Err(EditError::Value { .. })), "{value}");
        }
        for key in ["", "K", "a b", "a:b", "a="] {
            assert_eq!(set_profile("", "p", &[(key, "v")]), Err(EditError::Key(key.to_owned())));
        }
    }

    proptest! {
        #[test]
        fn every_other_line_stays(
            names in prop::collection::vec("[a-d]", 0..4),
            fill in prop::collection::vec("(# note|; note|[e-h] = [a-z ]{0,6}|region = x|s3 =\n  a = b|)", 0..10),
            crlf: bool,
        ) {
            let mut text = String::new();
            for (at, name) in names.iter().enumerate() {
                text.push_str(&format!("[profile {name}]\n"));
                for line in fill.iter().skip(at).step_by(2) {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            let text = if crlf { text.replace('\n', "\r\n") } else { text };
            if let Ok(edited) = set_profile(&text, "a", WANTED) {
                let kept: Vec<&str> = edited.text.split_inclusive('\n').collect();
                let ours = |line: &str| {
                    let line = line.trim_end();
                    line.is_empty() || line == "[profile a]" || WANTED.iter().any(|(key, _)| line.starts_with(key))
                };
                let before: Vec<&str> = text.split_inclusive('\n').filter(|line| !ours(line)).collect();
                let after: Vec<&str> = kept.iter().copied().filter(|line| !ours(line)).collect();
                prop_assert_eq!(before, after);
                prop_assert!(!set_profile(&edited.text, "a", WANTED).unwrap().changed);
                let config = Config::parse(&edited.text, FileKind::Config, "config");
                for (key, value) in WANTED {
                    prop_assert_eq!(config.profile("a").unwrap().get(key).unwrap().text, *value);
                }
            } else {
                prop_assert!(Config::parse(&text, FileKind::Config, "c").problems().iter().any(|p| p.severity == Severity::File));
            }
        }
    }
}

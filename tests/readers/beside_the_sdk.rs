//! Our reader of config files beside the one that the AWS SDK for Rust uses, on generated files and on the inputs of
//! the SDKs' public suite.
//!
//! What the SDK refuses, our reader names as a problem of the file. What both read, they read alike: the same
//! profiles, the same values; where not, our reader names a problem in that very place.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};
use proptest::prelude::*;
use role_helper::profile::{Config, FileKind, Problem, Severity};

/// None where the SDK refuses the file.
pub fn sdk(text: &str, kind: FileKind) -> Option<EnvConfigSections> {
    let kind = match kind {
        FileKind::Config => EnvConfigFileKind::Config,
        FileKind::Credentials => EnvConfigFileKind::Credentials,
    };
    let files = EnvConfigFiles::builder().with_contents(kind, text).build();
    let (env, fs) = (Env::from_slice(&[]), Fs::from_slice(&[]));
    let loading = pin!(source::load(&env, &fs, &files));
    let Poll::Ready(source) = loading.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("loading from memory waits for nothing");
    };
    EnvConfigSections::parse(source.expect("contents are at hand")).ok()
}

/// Compares; the error says where the two differ without a word of ours.
fn compare(text: &str, kind: FileKind) -> Result<(), String> {
    let ours = Config::parse(text, kind, "file");
    let problems = ours.problems();
    let refused = problems.iter().any(|problem| problem.severity == Severity::File);
    let Some(theirs) = sdk(text, kind) else {
        return if refused { Ok(()) } else { Err("the SDK refuses what we do not".to_owned()) };
    };
    let shown = |problems: &[&Problem]| problems.iter().map(|p| format!("\n  {p}")).collect::<String>();
    let named = |name: &str| -> Vec<&Problem> {
        problems.iter().filter(|problem| problem.profile.as_deref().is_none_or(|of| of == name)).collect()
    };
    for name in theirs.profiles() {
        if ours.profile(name).is_none() && named(name).is_empty() {
            return Err(format!("the SDK has the profile {name:?}"));
        }
    }
    for section in ours.profile_sections() {
        let name = section.name();
        let said = named(name);
        let Some(profile) = theirs.get_profile(name) else {
            if said.is_empty() {
                return Err(format!("the SDK has no profile {name:?}"));
            }
            continue;
        };
        for property in section.properties() {
            let value = section.get(&property.key).map(|value| value.text.into_owned());
            if profile.get(&property.key) != value.as_deref() && said.is_empty() {
                let (ours, theirs) = (value, profile.get(&property.key));
                return Err(format!("{name}.{}: {ours:?} here, {theirs:?} there{}", property.key, shown(&said)));
            }
        }
    }
    Ok(())
}

/// Lines as people write them, and as nobody should.
fn line() -> impl Strategy<Value = String> {
    let pick = |from: &'static [&'static str]| prop::sample::select(from);
    let blank = move || pick(&["", "", "", " ", "\t", "  "]);
    let name = pick(&["a", "b", "default", "A", "a b", "é", "x!y", "\"a b\"", "'q'", "a'b", ""]);
    let prefix = pick(&["profile ", "profile\t", "profile  ", "", "sso-session ", "services ", "Profile "]);
    let end = pick(&["]", "]", "]", "]", "] # c", "];c", "", "]x", "] "]);
    let header = (blank(), prefix, name, blank(), end)
        .prop_map(|(a, prefix, name, b, end)| format!("[{a}{prefix}{name}{b}{end}"));
    let key = pick(&["k", "K", "m", "n", "region", "role_arn", "a b", "k:k", "é", "", "x.y", "\u{a0}x"]);
    let value = pick(&[
        "",
        "v",
        "v w",
        "v # c",
        "v;c",
        "v ;c",
        "# c",
        ";",
        "#",
        "a = b",
        "[x]",
        "\"v\"",
        "v\\",
        "é",
        "\u{a0}v",
        "v\u{a0}#c",
        "v\t#c",
        "v\u{b}",
        "%(k)s",
        "a:b",
        "v\u{85}w",
        "v\u{2028}w",
        "\u{1c}",
        "v\u{a0}",
        "\u{3000}v",
    ]);
    let property = (blank(), key, blank(), blank(), value, blank())
        .prop_map(|(indent, key, b, c, value, d)| format!("{indent}{key}{b}={c}{value}{d}"));
    let other = pick(&[
        "",
        " ",
        "# c",
        " # c",
        "; c",
        "  more",
        "\tmore",
        "  x = y",
        "nothing",
        "= v",
        " = v",
        "\u{feff}",
        "\r",
        "\u{b}",
        "\u{c}x = 1",
        "\u{2028}",
        "[",
        "]",
        "][",
        "k : v",
        "rem x",
        "#",
        "\u{a0}",
        "\u{a0}# c",
    ])
    .prop_map(str::to_owned);
    prop_oneof![2 => header, 4 => property, 3 => other]
}

/// A file that every client reads alike.
fn clean() -> impl Strategy<Value = Vec<String>> {
    let value = || prop::sample::select(vec!["v", "w", "x y", "arn:aws:iam::222233334444:role/Admin", "1"]);
    let keys = prop::sample::subsequence(vec!["k", "l", "region", "role_helper_role_arn"], 0..4);
    let section =
        (keys, value(), value(), prop::sample::select(vec!["", "# c", "; c"])).prop_map(|(keys, v, w, between)| {
            let mut lines: Vec<String> =
                keys.iter().zip([v, w].iter().cycle()).map(|(k, v)| format!("{k} = {v}")).collect();
            lines.insert(lines.len() / 2, between.to_owned());
            lines
        });
    let names = prop::sample::subsequence(
        vec!["[profile a]", "[default]", "[profile c]", "[sso-session s]", "[profile d]"],
        1..4,
    );
    (names, prop::collection::vec(section, 4)).prop_map(|(names, sections)| {
        names.into_iter().zip(sections).flat_map(|(name, lines)| [vec![name.to_owned()], lines].concat()).collect()
    })
}

/// Files: clean ones with a line or two that are not, and heaps of anything.
pub fn file() -> impl Strategy<Value = String> {
    let spoilt =
        (clean(), prop::collection::vec((any::<prop::sample::Index>(), line()), 0..3)).prop_map(|(mut lines, more)| {
            for (at, line) in more {
                lines.insert(at.index(lines.len() + 1), line);
            }
            lines
        });
    let lines = prop_oneof![3 => spoilt, 1 => prop::collection::vec(line(), 0..9)];
    let ending = prop::sample::select(vec!["\n", "\n", "\n", "\n", "\n", "\r\n", "\r"]);
    (lines, ending, any::<bool>()).prop_map(|(lines, ending, whole)| {
        let text = lines.join(ending);
        if whole { text + ending } else { text }
    })
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(4000)
}

#[test]
fn generated_files_are_read_alike() {
    let mut config = ProptestConfig::with_cases(cases());
    config.failure_persistence = None;
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let read = |text: String| {
        for kind in [FileKind::Config, FileKind::Credentials] {
            compare(&text, kind).map_err(|why| TestCaseError::fail(format!("{kind:?}: {why}")))?;
        }
        Ok(())
    };
    if let Err(error) = runner.run(&file(), read) {
        panic!("{error}");
    }
}

#[test]
fn the_inputs_of_the_public_suite_are_read_alike() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/profile-parser-tests.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        return println!("skipped: no profile-parser-tests.json");
    };
    let suite: serde_json::Value = serde_json::from_str(&text).expect("the suite is JSON");
    let mut read = 0;
    for test in suite["tests"].as_array().expect("tests") {
        for (part, kind) in [("configFile", FileKind::Config), ("credentialsFile", FileKind::Credentials)] {
            if let Some(text) = test["input"][part].as_str() {
                compare(text, kind).unwrap_or_else(|why| panic!("{}: {text:?}: {why}", test["name"]));
                read += 1;
            }
        }
    }
    assert!(read >= 65, "{read} inputs");
}

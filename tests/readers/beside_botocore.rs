//! Our reader of config files beside botocore's, which is the AWS CLI's, by the same rule as
//! [`crate::beside_the_sdk`]: what botocore refuses we name, and what both read they read alike or we name the place.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config as Settings, RngAlgorithm, TestRng, TestRunner};
use role_helper::profile::{Config, FileKind, Severity};
use serde_json::Value;

use crate::beside_the_sdk::file;

/// What botocore sees in each text: its profiles, null where it refuses the file; none where it is not installed.
fn botocore(texts: &[String]) -> Option<Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join("target/tests/venv/bin/python");
    if !python.exists() {
        return None;
    }
    let mut child = Command::new(python)
        .arg(folder.join("tests/readers/botocore_reader.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let input = serde_json::to_vec(texts).expect("JSON");
    child.stdin.take().expect("a pipe").write_all(&input).expect("input");
    let output = child.wait_with_output().expect("python ends");
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// How many values were compared; the error says where the two differ without a word of ours.
fn compare(text: &str, theirs: &Value) -> Result<usize, String> {
    let ours = Config::parse(text, FileKind::Config, "file");
    let problems = ours.problems();
    let Some(theirs) = theirs.as_object() else {
        let refused = problems.iter().any(|problem| problem.severity == Severity::File);
        return if refused { Ok(0) } else { Err(format!("botocore refuses what we do not: {theirs}")) };
    };
    let named = |name: &str| problems.iter().any(|problem| problem.profile.as_deref().is_none_or(|of| of == name));
    for name in theirs.keys() {
        if ours.profile(name).is_none() && !named(name) {
            return Err(format!("botocore has the profile {name:?}"));
        }
    }
    let mut compared = 0;
    for section in ours.profile_sections() {
        let name = section.name();
        if named(name) {
            continue;
        }
        let Some(profile) = theirs.get(name) else { return Err(format!("botocore has no profile {name:?}")) };
        let properties = section.properties();
        for property in &properties {
            let value = section.get(&property.key).map(|value| value.text.into_owned());
            if profile[property.key.as_ref()].as_str() != value.as_deref() {
                return Err(format!(
                    "{name}.{}: {value:?} here, {} there",
                    property.key,
                    profile[property.key.as_ref()]
                ));
            }
        }
        let count = profile.as_object().map_or(0, serde_json::Map::len);
        if count != properties.len() {
            return Err(format!("{name}: {} keys here, {count} there", properties.len()));
        }
        compared += count;
    }
    Ok(compared)
}

#[test]
fn generated_files_are_read_alike() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(2000);
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Settings::default(), rng);
    let mut tree = || file().new_tree(&mut runner).expect("a file").current();
    let texts: Vec<String> = (0..cases).map(|_| tree()).collect();
    let Some(seen) = botocore(&texts) else { return println!("skipped: no botocore; run tests/setup") };
    assert_eq!(seen.len(), texts.len());
    let compared: usize = texts.iter().zip(&seen).filter_map(|(text, theirs)| compare(text, theirs).ok()).sum();
    println!("{compared} values of {} files compared", texts.len());
    assert!(compared > texts.len() / 20, "{compared} values of {} files: too few", texts.len());
    // The shortest shows most.
    let differs = texts.iter().zip(&seen).filter_map(|(text, theirs)| Some((text, compare(text, theirs).err()?)));
    if let Some((text, why)) = differs.min_by_key(|(text, _)| text.len()) {
        panic!("{why}\n{text:?}\n{text}");
    }
}

//! What is fuzzed: each target reads its input as the product does and asserts what must hold whatever it says.
//!
//! A target answers with the way in which it took the input, so that inputs taken in a new way are kept; none where
//! it was no input at all.
#![allow(dead_code, reason = "compiled into the fuzzer and into the tests, and neither uses all of it")]

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use role_helper::door::index::Index;
use role_helper::door::locks::Locks;
use role_helper::door::places::Places;
use role_helper::door::surroundings::Surroundings;
use role_helper::identity::{AccessKeyId, ExposeSecret, Failure, SourceFacts};
use role_helper::port::OneAtATime as _;
use role_helper::profile::{
    Config, FileKind, Files, Overrides, PlanEnvironment, Severity, SourceLookup, explain, replace_in_profile, resolve,
    set_profile,
};
use role_helper::seal::{self, CacheKey, Items, SealedSession, Stretching, Vault, VaultKey};
use role_helper::wire::key_file;

/// One reader.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]) -> Option<u64>,
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: &[Target] = &[
    Target { name: "config", run: config, seeds: none },
    Target { name: "edit", run: edit, seeds: none },
    Target { name: "envelope", run: envelope, seeds: envelopes },
    Target { name: "index", run: index, seeds: none },
    Target { name: "json", run: json, seeds: none },
    Target { name: "csv", run: csv, seeds: none },
    Target { name: "keyring", run: keyring, seeds: keyrings },
    Target { name: "refusal", run: refusal, seeds: none },
];

pub fn named(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}

pub fn names() -> String {
    TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(" ")
}

/// Where a target's corpus is.
pub fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name)
}

/// The corpus, by file name.
pub fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(folder(name))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).expect("a seed")))
        .collect();
    files.sort();
    files
}

fn none() -> Vec<Vec<u8>> {
    Vec::new()
}

fn way(of: impl Hash) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    Some(hasher.finish())
}

/// An error's kind without what it names.
fn shape(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).take(24).collect()
}

fn alice() -> SourceFacts {
    SourceFacts {
        name: "alice".into(),
        user_arn: "arn:aws:iam::111122223333:user/alice".parse().expect("an ARN"),
        access_key_id: "AKIAALICEALICEALICE1".parse().expect("a key id"),
        mfa_serial: Some("arn:aws:iam::111122223333:mfa/alice".parse().expect("a serial")),
        added: "2026-01-01T00:00:00Z".parse().expect("an instant"),
    }
}

struct Known;

impl SourceLookup for Known {
    fn added(&self, name: &str) -> Result<Option<SourceFacts>, Failure> {
        Ok((name == "alice").then(alice))
    }
    fn plaintext(&self, id: &AccessKeyId) -> Result<Option<SourceFacts>, Failure> {
        Ok(id.as_str().ends_with('1').then(|| SourceFacts { access_key_id: id.clone(), ..alice() }))
    }
    fn names(&self) -> Vec<String> {
        vec!["alice".into()]
    }
}

/// Both files are the input. Every profile is read, resolved, explained and hashed.
fn config(input: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(input).ok()?;
    let files = Files {
        config: Config::parse(text, FileKind::Config, "config"),
        credentials: Config::parse(text, FileKind::Credentials, "credentials"),
    };
    let mut ways = BTreeSet::new();
    for file in [&files.config, &files.credentials] {
        for problem in file.problems() {
            assert!(problem.line as usize <= text.split('\n').count(), "a line that is none: {problem}");
            ways.insert(shape(&problem.what));
        }
        let sections = file.profile_sections();
        assert_eq!(sections.len(), file.profiles().count(), "profiles are counted differently");
        for section in sections {
            let same = file.profile(section.name()).expect("a listed profile is there");
            assert_eq!((section.line(), section.properties()), (same.line(), same.properties()), "read differently");
            section.broken_line();
        }
    }
    let names: Vec<&str> = files.config.profiles().chain(files.credentials.profiles()).take(8).collect();
    for name in names {
        match resolve(&files, &Known, &PlanEnvironment::default(), name, &Overrides::default()) {
            Ok(plan) => {
                let explained = serde_json::to_string(&explain(&plan)).expect("an explanation is JSON");
                assert!(CacheKey::of_plan(&plan).as_str().len() == 64, "a cache key of another length");
                ways.insert(format!(
                    "{} hops {} {:?}",
                    plan.hops.len(),
                    plan.warnings.len(),
                    plan.mfa.map(|mfa| mfa.at)
                ));
                assert!(!secret(text) || !explained.contains(SECRET), "a secret is explained");
            }
            Err(error) => {
                let failure = Failure::from(error);
                let shown = failure.to_string();
                assert!(shown.lines().count() <= 3, "more than three lines: {shown:?}");
                assert!(!secret(text) || !shown.contains(SECRET), "a secret in an error");
                ways.insert(shape(&shown));
            }
        }
    }
    way(ways)
}

const SECRET: &str = "wJalrXUtnFEMI";

/// Whether the secret stands where secrets stand, and nowhere else.
fn secret(text: &str) -> bool {
    text.lines().all(|line| !line.contains(SECRET) || line.starts_with("aws_secret_access_key ="))
}

/// A file, and a profile written into it.
fn edit(input: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(input).ok()?;
    let settings = [
        ("region", "eu-west-1"),
        ("credential_process", "/usr/bin/role-helper credential-process a"),
        ("role_helper_role_arn", "arn:aws:iam::222233334444:role/Admin"),
    ];
    let others = |text: &str| -> BTreeMap<String, String> {
        let config = Config::parse(text, FileKind::Config, "config");
        let of = |section: role_helper::profile::Section<'_>| {
            let all = section.properties();
            let all: Vec<_> = all.iter().map(|p| format!("{}={}", p.key, p.value.text)).collect();
            (section.name().to_owned(), all.join("\n"))
        };
        config.profile_sections().into_iter().map(of).filter(|(name, _)| name != "a").collect()
    };
    let edited = match replace_in_profile(text, "a", &settings, &["role_arn", "source_profile", "mfa_serial"]) {
        Ok(edited) => edited,
        Err(error) => return way(shape(&format!("{error:?}"))),
    };
    let config = Config::parse(&edited.text, FileKind::Config, "config");
    let section = config.profile("a").expect("the profile that was written");
    for (key, value) in settings {
        assert_eq!(section.get(key).expect("a key that was written").text, value, "another value");
    }
    assert!(section.get("role_arn").is_none(), "what was to go is there");
    assert_eq!(others(text), others(&edited.text), "another profile changed");
    assert!(config.problems().iter().all(|problem| problem.severity != Severity::File), "a file that clients refuse");
    let again = set_profile(&edited.text, "a", &settings).expect("what was written can be written again");
    assert!(!again.changed, "the second edit changes something");
    let comments = |text: &str| text.lines().filter(|line| line.starts_with(['#', ';'])).count();
    assert!(comments(&edited.text) >= comments(text), "a comment went");
    way((edited.text.len() as i64 - text.len() as i64, comments(text).min(4)))
}

fn cache_key() -> CacheKey {
    "a".repeat(64).parse().expect("a cache key")
}

fn session() -> SealedSession {
    let header = seal::Header {
        profile: "prod".into(),
        source: "alice".into(),
        role_arn: Some("arn:aws:iam::222233334444:role/Admin".into()),
        session_name: Some("alice".into()),
        account_id: "222233334444".into(),
        issued: "2026-11-23T18:00:00Z".parse().expect("an instant"),
        expiration: "2026-11-23T19:00:00Z".parse().expect("an instant"),
        clock_offset: -3,
    };
    let credentials = role_helper::identity::SessionCredentials {
        access_key_id: "ASIAIOSFODNN7EXAMPLE".parse().expect("a key id"),
        secret_access_key: "the-secret".into(),
        session_token: "the-token".into(),
        expiration: header.expiration,
        account_id: header.account_id.clone(),
    };
    SealedSession { header, credentials }
}

fn genuine() -> &'static [Vec<u8>] {
    static GENUINE: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    GENUINE.get_or_init(envelopes)
}

fn envelopes() -> Vec<Vec<u8>> {
    let one = seal::seal(&session(), &cache_key(), &[7; 32].into(), [1; seal::NONCE_BYTES]).expect("a sealed session");
    let wrapped = seal::wrap(&[3; 32], [1; seal::NONCE], b"thirty-two bytes of a data key..", b"data-key");
    vec![one, wrapped]
}

/// A file of the session cache, and a wrapped key of the kernel's.
fn envelope(input: &[u8]) -> Option<u64> {
    let genuine = genuine();
    let opened = seal::open(input, &cache_key(), &[7; 32].into());
    assert_eq!(opened.is_some(), genuine[0] == input, "what opens is not what was sealed");
    let unwrapped = seal::unwrap(&[3; 32], input, b"data-key");
    assert_eq!(unwrapped.is_some(), genuine[1] == input, "what unwraps is not what was wrapped");
    if unwrapped.is_some() {
        return way("unwrapped");
    }
    let header = seal::clear_header(input)?;
    for now in ["2026-11-23T18:30:00Z", "1970-01-01T00:00:00Z", "9999-12-30T00:00:00Z"] {
        let now = now.parse().expect("an instant");
        let (left, life) = (header.seconds_left(now), header.life());
        for consumer in [seal::Consumer::ReAsks, seal::Consumer::KeepsKeys] {
            for person in [true, false] {
                let _ = seal::freshness(&header, now, consumer, person);
            }
        }
        std::hint::black_box((left, life));
    }
    way((
        header.role_arn.is_some(),
        header.session_name.is_some(),
        header.clock_offset.signum(),
        header.life().signum(),
    ))
}

/// A folder of ours for one fuzzing process; the readers behind a door read files.
fn places() -> (Places, PathBuf) {
    thread_local! {
        static HOME: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder");
    }
    let home = HOME.with(|home| home.path().to_owned());
    let look_up = |name: &str| (name == "ROLE_HELPER_HOME").then(|| home.clone().into());
    (Places::new(&Surroundings::of(&look_up).expect("surroundings")).expect("places"), home)
}

fn index(input: &[u8]) -> Option<u64> {
    let (places, _) = places();
    role_helper::door::files::write_own(&places.sources_dir().join("alice.json"), input).expect("a file of ours");
    let index = Index::new(&places);
    match index.added("alice") {
        Ok(facts) => {
            let facts = facts.expect("the file is there");
            assert_eq!(facts.name, "alice", "another's facts");
            way(("read", facts.mfa_serial.is_some(), facts.user_arn.as_str().len() % 8))
        }
        Err(failure) => {
            assert!(failure.to_string().lines().count() <= 3, "more than three lines: {failure}");
            way(shape(failure.cause_text().unwrap_or_default()))
        }
    }
}

fn refusal(input: &[u8]) -> Option<u64> {
    let (places, _) = places();
    role_helper::door::files::write_own(&places.locks_dir().join("refusal-a.json"), input).expect("a file of ours");
    let refusal = Locks::new(&places).refusal("a")?;
    assert!(refusal.reason.to_string().lines().count() <= 3, "more than three lines");
    way((
        refusal.reason.kind().exit_code(),
        refusal.reason.cause_text().is_some(),
        refusal.reason.hint_text().is_some(),
    ))
}

/// An error must not repeat what stood in the file: it may be the secret.
fn says_nothing_of(input: &str, error: &str) {
    let words = input.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= 16);
    // What the messages show as an example is no secret.
    for word in words.filter(|&word| !"AKIAIOSFODNN7EXAMPLE SecretAccessKey".contains(word)) {
        assert!(!error.contains(word), "an error repeats the input: {error}");
    }
}

fn json(input: &[u8]) -> Option<u64> {
    key(std::str::from_utf8(input).ok()?, key_file::from_json)
}

fn csv(input: &[u8]) -> Option<u64> {
    key(std::str::from_utf8(input).ok()?, key_file::from_csv)
}

fn key(text: &str, read: fn(&str) -> Result<role_helper::identity::AccessKey, key_file::KeyFileError>) -> Option<u64> {
    match read(text) {
        Ok(key) => {
            let secret = key.secret.expose_secret();
            assert!(secret.bytes().all(|b| b.is_ascii_graphic()) && !secret.is_empty(), "no secret");
            let id = key.id.as_str();
            assert!(id.contains(secret) || !format!("{key:?}").contains(secret), "Debug shows the secret");
            way(("key", secret.len(), key.id.as_str().len()))
        }
        Err(error) => {
            says_nothing_of(text, &error.to_string());
            way(std::mem::discriminant(&error))
        }
    }
}

fn vault_key() -> VaultKey {
    VaultKey::from_bytes(&[9; 32]).expect("a key")
}

fn keyrings() -> Vec<Vec<u8>> {
    let stretching = Stretching::new([5; seal::SALT]);
    let mut items = Items::new();
    let empty = Vault::write(&stretching, &vault_key(), &items, [1; seal::NONCE]);
    items.insert("key:AKIAIOSFODNN7EXAMPLE".into(), b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec().into());
    items.insert("data-key".into(), vec![0; 32].into());
    vec![empty, Vault::write(&stretching, &vault_key(), &items, [2; seal::NONCE])]
}

/// A keyring file around that plain text, with its checksum.
fn sealed(plain: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::Digest as _;
    let context = [b"role-helper keyring 1 19456 2 1 ", &[5; seal::SALT][..]].concat();
    let wrapped = seal::wrap(vault_key().bytes(), [4; seal::NONCE], plain, &context);
    let sum = sha2::Sha256::new().chain_update(&context).chain_update(&wrapped).finalize();
    let (salt, sealed, sum) = (STANDARD.encode([5; seal::SALT]), STANDARD.encode(&wrapped), STANDARD.encode(sum));
    let head = r#"{"role_helper_keyring":1,"memory_kib":19456,"passes":2,"lanes":1"#;
    format!(r#"{head},"salt":"{salt}","sealed":"{sealed}","sha256":"{sum}"}}"#).into_bytes()
}

/// The file keyring; and what is sealed in it, whatever that is.
fn keyring(input: &[u8]) -> Option<u64> {
    let whole = Vault::read(input).is_ok();
    let around = if whole { input.to_vec() } else { sealed(input) };
    if let Err(error) = Vault::read(input) {
        assert!(!error.to_string().is_empty(), "an error without words");
    }
    match Vault::read(&around) {
        Ok(vault) => match vault.open(&vault_key()) {
            Ok(items) => {
                let again = Vault::write(&vault.stretching, &vault_key(), &items, [3; seal::NONCE]);
                let read = Vault::read(&again).expect("what is written is read");
                assert!(read.open(&vault_key()).expect("and opens") == items, "other items");
                way(("items", items.len()))
            }
            Err(error) => way(error.to_string()),
        },
        Err(error) => way(shape(&error.to_string())),
    }
}

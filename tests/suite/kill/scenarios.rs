//! The commands that are killed, and what each owes to whoever comes after it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::sleep;
use std::time::Duration;

use super::rig::{CONFIG, NEW_KEY_ID, Rig, input};
use super::tracer;
use crate::simulator::demo::DEMO_MFA;

const ADMIN: &str = "arn:aws:iam::222233334444:role/Admin";
const ADD: &[&str] = &["add", "alice", "--stdin"];
const REPLACE: &[&str] = &["add", "alice", "--stdin", "--force"];
const SETUP: &[&str] = &[
    "setup",
    "new",
    "--role-arn",
    "arn:aws:iam::222233334444:role/Admin",
    "--source-profile",
    "alice",
    "--region",
    "eu-west-1",
    "--force",
];

/// One command in one state.
struct Scenario {
    name: &'static str,
    before: fn(&mut Rig),
    args: &'static [&'static str],
    after: fn(&Rig),
}

fn empty(_: &mut Rig) {}

fn with_key(rig: &mut Rig) {
    rig.world.config(CONFIG);
    rig.ok(ADD);
}

fn with_sessions(rig: &mut Rig) {
    with_key(rig);
    rig.ok(&["login", "prod", "--mfa-code", "CODE"]);
    rig.ok(&["login", "shared", "--mfa-code", "CODE"]);
}

/// The role's session is over, the MFA session that it came from is not.
fn with_an_old_role_session(rig: &mut Rig) {
    with_key(rig);
    rig.ok(&["login", "shared", "--mfa-code", "CODE"]);
    for path in rig.own_files() {
        let sealed = std::fs::read(&path).is_ok_and(|bytes| bytes.windows(8).any(|part| part == b"ReadOnly"));
        if sealed && path.extension().is_some_and(|end| end == "sealed") {
            std::fs::remove_file(path).expect("a session");
        }
    }
    rig.short_lived(&["credential-process", "shared"], 2);
    sleep(Duration::from_millis(2100));
}

/// Renewing takes a code.
fn with_an_old_session(rig: &mut Rig) {
    with_key(rig);
    rig.short_lived(&["login", "prod", "--mfa-code", "CODE"], 2);
    sleep(Duration::from_millis(2100));
}

/// A key that was there works as it stands, the old or the new, and the command can be given again.
fn key_works(rig: &Rig) {
    rig.ok(&["login", "prod", "--mfa-code", "CODE"]);
}

fn added(rig: &Rig) {
    // Given again as a person would: a key that is there already is replaced when told to.
    if rig.run(ADD).code() != 0 {
        rig.ok(REPLACE);
    }
    rig.world.config(CONFIG);
    key_works(rig);
}

fn replaced(rig: &Rig) {
    key_works(rig);
    rig.ok(REPLACE);
    let key = rig.ok(&["list", "--json"]).json();
    assert_eq!(key["keys"][0]["access_key_id"], NEW_KEY_ID, "{key}");
    key_works(rig);
    if rig.has_service() {
        let items = rig.items();
        let keys: Vec<&str> =
            items.iter().map(|(user, _)| user.as_str()).filter(|user| user.starts_with("key:")).collect();
        assert_eq!(keys, [format!("key:{NEW_KEY_ID}")], "what the keyring holds");
    }
}

fn set_up(rig: &Rig) {
    rig.ok(SETUP);
    // One that changes something: only then the folder is looked at.
    rig.ok(&["setup", "new", "--role-arn", ADMIN, "--source-profile", "alice", "--region", "us-east-1", "--force"]);
    rig.ok(&["login", "new", "--mfa-code", "CODE"]);
}

fn logged_in(rig: &Rig) {
    for profile in ["prod", "shared", "chained"] {
        rig.ok(&["login", profile, "--mfa-code", "CODE"]);
        rig.ok(&["credential-process", profile]);
    }
}

fn logged_out(rig: &Rig) {
    rig.ok(&["logout", "prod"]);
    assert_eq!(rig.run(&["credential-process", "prod"]).code(), 4, "a session is left");
    logged_in(rig);
}

fn all_logged_out(rig: &Rig) {
    rig.ok(&["logout", "--all"]);
    let sessions = rig.own_files().into_iter().filter(|path| path.to_string_lossy().contains("/sessions/"));
    assert_eq!(sessions.collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new(), "a session is left");
    assert_eq!(rig.run(&["credential-process", "shared"]).code(), 4, "a session is left");
    logged_in(rig);
}

fn removed(rig: &Rig) {
    let listed = rig.ok(&["list", "--json"]).json();
    if listed["keys"].as_array().is_some_and(|keys| !keys.is_empty()) {
        rig.ok(&["remove", "alice", "--force"]);
    }
    assert!(rig.items().iter().all(|(user, _)| !user.starts_with("key:")), "the secret is left");
    added(rig);
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "add", before: empty, args: ADD, after: added },
    Scenario { name: "add --force over an old key", before: with_key, args: REPLACE, after: replaced },
    Scenario {
        name: "login, one role by its own code",
        before: with_key,
        args: &["login", "prod", "--mfa-code", "CODE"],
        after: logged_in,
    },
    Scenario {
        name: "login, a role by the MFA session",
        before: with_key,
        args: &["login", "shared", "--mfa-code", "CODE"],
        after: logged_in,
    },
    Scenario {
        name: "login, a role behind a role",
        before: with_key,
        args: &["login", "chained", "--mfa-code", "CODE"],
        after: logged_in,
    },
    Scenario {
        name: "renewal without a code",
        before: with_an_old_role_session,
        args: &["credential-process", "shared"],
        after: logged_in,
    },
    Scenario {
        name: "renewal with a code",
        before: with_an_old_session,
        args: &["credential-process", "prod", "--mfa-code", "CODE"],
        after: logged_in,
    },
    Scenario { name: "logout", before: with_sessions, args: &["logout", "prod"], after: logged_out },
    Scenario { name: "logout --all", before: with_sessions, args: &["logout", "--all"], after: all_logged_out },
    Scenario { name: "remove", before: with_key, args: &["remove", "alice", "--force"], after: removed },
];

const SETUPS: &[Scenario] = &[
    Scenario { name: "setup in a config that is there", before: with_key, args: SETUP, after: set_up },
    Scenario {
        name: "setup of the first config",
        before: |rig| {
            rig.ok(ADD);
        },
        args: SETUP,
        after: set_up,
    },
];

/// How many points of a command are tried; all where the whole is wanted.
fn sample() -> Option<usize> {
    match std::env::var("ROLE_HELPER_KILL_POINTS").as_deref() {
        Ok("all") => None,
        Ok(number) => Some(number.parse().expect("ROLE_HELPER_KILL_POINTS is `all` or a number")),
        Err(_) => Some(1),
    }
}

fn kill_at_every_point(keyring: &str, scenarios: &[Scenario]) {
    let mut failures = Vec::new();
    let mut tried = 0;
    for scenario in scenarios {
        let mut rig = Rig::new(keyring == "Secret Service");
        (scenario.before)(&mut rig);
        rig.keep();
        let old = rig.world.config_text();
        let trace = |stop| {
            let command = rig.world.product(rig.arguments(scenario.args));
            tracer::run(command, &input(scenario.args), stop)
        };
        rig.restore();
        let whole = trace(None);
        assert_eq!(whole.code, 0, "{}: {}", scenario.name, whole.output);
        let new = rig.world.config_text();
        let count = whole.points.len();
        let stops: Vec<usize> = match sample() {
            None => (0..count).collect(),
            Some(number) => (1..=number.min(count)).map(|part| part * count / (number + 1)).collect(),
        };
        let (mut killed, mut burnt, mut saved, mut left) = (0, 0, 0, 0);
        for &stop in &stops {
            rig.restore();
            rig.aws.forget_calls();
            let traced = trace(Some(stop));
            killed += usize::from(traced.killed);
            let point = traced.points.last().cloned().unwrap_or_default();
            let paid = rig.aws.calls().iter().any(|call| call.done && call.params.contains_key("TokenCode"));
            // It may be marked as used and never have been sent: nobody can tell, so it is not sent again.
            rig.aws.pass_over_code(DEMO_MFA);
            let held = catch_unwind(AssertUnwindSafe(|| {
                assert!(traced.killed || traced.code == 0, "{}", traced.output);
                rig.whole(&[&old, &new]);
                if paid {
                    // A code that AWS took is lost only where its answer had not been sealed yet.
                    let profile = scenario.args[1];
                    let kept = rig.run(&["credential-process", profile]).code() == 0;
                    if kept { saved += 1 } else { burnt += 1 }
                }
                left += rig.age_leftovers();
                (scenario.after)(&rig);
                let leftovers = rig.leftovers();
                assert!(leftovers.is_empty(), "never swept: {leftovers:?}");
            }));
            if let Err(panic) = held {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
                failures.push(format!(
                    "{keyring}, {}, point {stop}, {point}: {}",
                    scenario.name,
                    text.unwrap_or_default()
                ));
            }
        }
        tried += killed;
        println!(
            "{keyring:14} {:36} {count:4} points, {:4} tried, {killed:4} killed; temporary files left {left}; codes taken: {saved} sealed, {burnt} lost",
            scenario.name,
            stops.len()
        );
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for point in &whole.points {
            *kinds.entry(point).or_default() += 1;
        }
        if sample().is_none() {
            println!("    {kinds:?}");
        }
    }
    println!("{keyring:14} killed {tried} times, {} failures", failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn nothing_is_lost_with_the_file_keyring() {
    kill_at_every_point("file keyring", SCENARIOS);
}

#[test]
fn nothing_is_lost_with_the_secret_service() {
    kill_at_every_point("Secret Service", SCENARIOS);
}

#[test]
fn the_config_is_old_or_new() {
    kill_at_every_point("file keyring", SETUPS);
}

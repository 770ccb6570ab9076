//! One code a role and one code for many, and how long what they buy may live.

use super::{ADMIN, CHAINED, READ_ONLY, Stage, profile};
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::world::World as Aws;
use std::time::Duration;

fn stage(config: &[String]) -> Stage {
    let stage = Stage::alice();
    stage.world.config(&config.concat());
    stage
}

#[test]
fn directly_a_role_lives_as_long_as_it_may() {
    let stage = stage(&[profile("prod", ADMIN, "alice", "role_helper_duration = 12h")]);
    let code = stage.code();
    stage
        .world
        .command(["login", "prod", "--mfa-code", &code])
        .run()
        .ok()
        .says("role Admin in 222233334444 as alice, 1");
    let calls = stage.aws.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].operation, "AssumeRole");
    assert_eq!(calls[0].access_key_id, DEMO_KEY_ID);
    for (name, value) in
        [("DurationSeconds", "43200"), ("SerialNumber", DEMO_MFA), ("TokenCode", &code), ("RoleSessionName", "alice")]
    {
        assert_eq!(calls[0].param(name), Some(value));
    }
}

#[test]
fn more_than_the_role_allows_is_an_error_with_its_limit_and_no_silent_cut() {
    let stage = stage(&[profile("logs", READ_ONLY, "alice", "duration_seconds = 7200")]);
    stage
        .run_with_code("login logs")
        .fails(1)
        .says("The requested DurationSeconds exceeds the MaxSessionDuration set for this role")
        .says("hint: lower --duration, or `duration` of the profile, below 2h; or raise the role's MaxSessionDuration");
    assert_eq!(stage.run("list --json").json()["sessions"].as_array().unwrap().len(), 0);
    assert_eq!(stage.assumed(), 1, "nothing is tried again with less");
    stage.run_with_code("exec logs --duration 3h -- true").fails(1).says("of the profile, below 3h");
}

#[test]
fn shared_one_code_buys_all_roles() {
    let shared = "role_helper_mfa_session = 12h";
    let stage = stage(&[profile("prod", ADMIN, "alice", shared), profile("logs", READ_ONLY, "alice", shared)]);
    stage.run_with_code("credential-process prod").quiet();
    stage.run("credential-process logs").quiet();
    let calls = stage.aws.calls();
    let operations: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(operations, ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    assert_eq!((calls[0].param("DurationSeconds"), calls[0].param("SerialNumber")), (Some("43200"), Some(DEMO_MFA)));
    for call in &calls[1..] {
        assert!(call.access_key_id.starts_with("ASIA"), "signed by the MFA session");
        assert_eq!((call.param("TokenCode"), call.param("SerialNumber")), (None, None));
        assert_eq!((call.param("DurationSeconds"), call.param("RoleSessionName")), (Some("3600"), Some("alice")));
    }
}

#[test]
fn another_length_of_the_shared_code_is_another_code() {
    let stage = stage(&[
        profile("prod", ADMIN, "alice", "role_helper_mfa_session = 12h"),
        profile("logs", READ_ONLY, "alice", "role_helper_mfa_session = 8h"),
        profile("off", READ_ONLY, "alice", "role_helper_mfa_session = off"),
    ]);
    stage.run_with_code("login prod").ok();
    stage.run("login logs").fails(4);
    stage.run("login off").fails(4);
    stage.run_with_code("login logs").ok();
    stage.run_with_code("login off").ok();
    assert_eq!((stage.aws.calls_of("GetSessionToken").len(), stage.assumed()), (2, 3));
}

/// AWS is an hour behind but for its `Date`, so the role's session arrives with six seconds to live, the MFA session
/// with eleven hours.
#[test]
fn a_role_of_the_shared_code_is_renewed_silently() {
    let mut aws = Aws::demo();
    aws.clock_window_seconds = 7200;
    let stage = Stage::new(aws);
    stage.add("alice", DEMO_KEY_ID, DEMO_SECRET);
    stage.world.config(&profile("prod", ADMIN, "alice", "role_helper_mfa_session = 12h"));
    stage.aws.advance(-3594);
    stage.aws.skew_date(3594);
    stage.run_with_code("exec prod -- true").quiet();
    assert_eq!(stage.assumed(), 1);
    std::thread::sleep(Duration::from_secs(5));
    stage.run("exec prod -- true").quiet();
    assert_eq!((stage.aws.calls_of("GetSessionToken").len(), stage.assumed()), (1, 2));
}

/// AWS's two rules, each said before anything is called, by where the duration was asked for.
#[test]
fn both_rules_of_one_hour_are_told_apart() {
    let stage = stage(&[
        profile("shared", ADMIN, "alice", "role_helper_mfa_session = 12h\nrole_helper_duration = 2h"),
        profile("hour", ADMIN, "alice", "role_helper_mfa_session = 12h"),
        profile("prod", ADMIN, "alice", ""),
        profile("chained", CHAINED, "prod", "duration_seconds = 7200"),
        profile("hop", CHAINED, "prod", ""),
    ]);
    let shared = "AWS ends a role assumed from an MFA session (mfa_session) after 1h";
    let chained = "AWS ends a role assumed from another role's session after 1h (role chaining)";
    stage
        .run("exec shared -- true")
        .fails(3)
        .says("2h is too long for profile `shared`")
        .says(&format!("cause: ~/.aws/config:5 role_helper_duration: {shared}"));
    stage.run("exec hour --duration 61m -- true").fails(2).says(&format!("cause: --duration: {shared}"));
    stage.run("exec chained -- true").fails(3).says("duration_seconds").says(chained);
    stage.run("exec hop --duration 2h -- true").fails(2).says(&format!("cause: --duration: {chained}"));
    assert!(stage.aws.calls().is_empty());
    stage.run_with_code("exec hour --duration 1h -- true").quiet();
}

#[test]
fn a_used_code_is_refused_before_it_is_sent() {
    let stage = stage(&[profile("prod", ADMIN, "alice", ""), profile("logs", READ_ONLY, "alice", "")]);
    let code = stage.code();
    stage.world.command(["login", "prod", "--mfa-code", &code]).run().ok();
    let again = stage.world.command(["login", "logs", "--mfa-code", &code]).run().fails(1);
    again.says("was used already").says("hint: wait ").hides(&[&code]);
    assert_eq!(stage.assumed(), 1);
}

#[test]
fn no_is_told_apart_by_what_aws_says() {
    let stage = stage(&[
        profile("prod", ADMIN, "alice", ""),
        profile("device", ADMIN, "alice", "mfa_serial = arn:aws:iam::111122223333:mfa/other"),
        profile("named", ADMIN, "alice", "role_session_name = Bob"),
        profile("nobody", "arn:aws:iam::222233334444:role/Nobody", "alice", ""),
    ]);
    let wrong = stage.aws.wrong_code_for(DEMO_MFA);
    let code = |args: &str| stage.run_with_code(args).fails(1);
    let first = stage.world.command(["login", "prod", "--mfa-code", &wrong]).run().fails(1).hides(&[&wrong]);
    let texts = [first, code("login device"), code("login named"), code("login nobody")].map(|output| output.stderr);
    for (n, text) in texts.iter().enumerate() {
        assert!(text.contains("hint: "), "{text}");
        let first = |text: &str| text.lines().take(2).collect::<String>();
        assert!(!texts[..n].iter().any(|other| first(other) == first(text)), "{texts:?}");
    }
    assert!(texts[0].contains("code") && texts[1].contains("device"), "{texts:?}");
    assert!(texts[2].contains("session name") || texts[2].contains("RoleSessionName"), "{texts:?}");
}

/// A role that wants MFA, a key of which no device is known: said so, instead of AWS's bare refusal.
#[test]
fn without_a_device_the_reason_is_said() {
    let stage = stage(&[profile("prod", ADMIN, "alice", "")]);
    stage.aws.change(|aws| aws.users[0].mfa.clear());
    stage
        .world
        .command(["add", "alice", "--stdin", "--force"])
        .input(super::created(DEMO_KEY_ID, DEMO_SECRET))
        .run()
        .ok();
    stage.run("login prod").fails(1).says("MFA").says("hint: ");
}

/// As AWS's own tools take it: the device named beside the role.
#[test]
fn the_device_may_be_named_in_the_profile() {
    let stage = Stage::new(Aws::demo());
    stage.aws.change(|aws| aws.users[0].allow.retain(|allow| !allow.action.starts_with("iam")));
    stage.world.command(["add", "alice", "--stdin"]).input(super::created(DEMO_KEY_ID, DEMO_SECRET)).run().ok();
    stage
        .world
        .config(&format!("[profile prod]\nrole_arn = {ADMIN}\nsource_profile = alice\nmfa_serial = {DEMO_MFA}\n"));
    stage.run_with_code("exec prod -- true").quiet();
    assert_eq!(stage.aws.calls_of("AssumeRole")[0].param("SerialNumber"), Some(DEMO_MFA));
}

/// Three tries at the terminal, each told why the one before failed; then it ends.
#[test]
fn three_wrong_codes_end_it() {
    let stage = stage(&[profile("prod", ADMIN, "alice", "")]);
    let mut session = stage.world.called(["credential-process", "prod"]).start();
    let wrong = stage.aws.wrong_code_for(DEMO_MFA);
    // A code that was used is not sent again: three different ones.
    for n in 0..3 {
        session.expect("MFA code for ");
        let number = (wrong.parse::<u32>().unwrap() + n) % 1_000_000;
        session.send(&format!("{number:06}\n"));
    }
    let ended = session.wait().restored().exits(1).showed("AWS did not take that code");
    assert_eq!(ended.output.stdout, "");
    assert!(ended.output.stderr.starts_with("role-helper: "), "{ended}");
    assert_eq!(stage.assumed(), 3);
}

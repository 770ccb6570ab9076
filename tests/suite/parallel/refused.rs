//! The person says no: it holds for all who wait and for those who come within ten seconds, and for nobody who typed
//! the command himself.

use super::{answers, crowd, nothing_is_left, roles, two_roles, waiting_line};
use crate::flows::Stage;
use crate::simulator::demo::DEMO_MFA;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// What is remembered of a no.
fn remembered(stage: &Stage) -> Vec<PathBuf> {
    let is_refusal = |path: &PathBuf| path.to_string_lossy().contains("/refusal-");
    stage.world.files().into_iter().filter(is_refusal).collect()
}

/// As if the no had been said so many seconds earlier.
fn age(stage: &Stage, seconds: i64) {
    for file in remembered(stage) {
        let mut value: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let at: jiff::Timestamp = value["at"].as_str().unwrap().parse().unwrap();
        let earlier = at - jiff::SignedDuration::from_secs(seconds);
        value["at"] = earlier.to_string().into();
        fs::write(&file, value.to_string()).unwrap();
    }
}

/// One call at a terminal that is asked and says no.
fn says_no(stage: &Stage, profile: &str) {
    let mut session = stage.world.called(["credential-process", profile]).start();
    session.expect(&waiting_line());
    session.send("\n");
    session.wait().restored().exits(1);
}

#[test]
fn all_who_wait_fail_with_the_reason_and_the_next_is_not_asked() {
    let stage = two_roles("");
    let mut session = crowd(&stage, 8, &["prod".to_owned()]);
    session.expect(&waiting_line());
    session.send("\n");
    let ended = session.wait_within(Duration::from_secs(5)).restored();
    assert_eq!(ended.transcript.matches("MFA code for").count(), 1, "{}", ended.transcript);
    for one in answers(&stage) {
        assert_eq!((one.code, &*one.stdout), (1, ""), "{}", one.stderr);
        assert!(one.stderr.contains("no code was given for profile prod"), "{}", one.stderr);
    }
    nothing_is_left(&stage);

    let soon = stage.world.called(["credential-process", "prod"]).start().wait().exits(1);
    assert_eq!(soon.transcript, "", "asked again");
    assert!(soon.output.stderr.contains("no code was given"), "{soon}");

    age(&stage, 11);
    let mut later = stage.world.called(["credential-process", "prod"]).start();
    later.expect(&waiting_line());
    later.send(&format!("{}\n", stage.code()));
    later.wait().restored().exits(0);
    assert_eq!(stage.assumed(), 1);
}

#[test]
fn who_types_the_command_is_asked_and_clears_it() {
    for command in [&["login", "prod"][..], &["exec", "prod", "--", "true"], &["export", "prod", "--format", "json"]] {
        let stage = two_roles("");
        says_no(&stage, "prod");
        let mut session = stage.world.terminal(command).start();
        session.expect(&waiting_line());
        assert!(remembered(&stage).is_empty(), "{command:?}");
        session.ctrl_c();
        session.wait().restored();
    }
    let stage = two_roles("");
    says_no(&stage, "prod");
    let code = stage.code();
    stage.world.command(["credential-process", "prod", "--mfa-code", &code]).run().quiet();
    assert!(remembered(&stage).is_empty());
}

#[test]
fn nobody_there_is_no_refusal() {
    let stage = two_roles("");
    stage.run("credential-process prod").fails(4);
    assert!(remembered(&stage).is_empty());
    let mut session = stage.world.called(["credential-process", "prod"]).start();
    session.expect(&waiting_line());
    session.send(&format!("{}\n", stage.code()));
    session.wait().restored().exits(0);
}

/// A wrong code is the person's last word as well: those who waited do not ask for three more.
#[test]
fn three_wrong_codes_hold_for_all() {
    let stage = two_roles("");
    let mut session = crowd(&stage, 5, &["prod".to_owned()]);
    let wrong = stage.aws.wrong_code_for(DEMO_MFA);
    let other = format!("{:06}", (wrong.parse::<u32>().unwrap() + 1) % 1_000_000);
    let third = format!("{:06}", (wrong.parse::<u32>().unwrap() + 2) % 1_000_000);
    for code in [&wrong, &other, &third] {
        session.expect(&waiting_line());
        session.send(&format!("{code}\n"));
    }
    let ended = session.wait_within(Duration::from_secs(10)).restored();
    assert_eq!(ended.transcript.matches("MFA code for").count(), 3, "{}", ended.transcript);
    assert_eq!(stage.assumed(), 3);
    for one in answers(&stage) {
        assert_eq!(one.code, 1, "{}", one.stderr);
        assert!(one.stderr.contains("one time pass code"), "{}", one.stderr);
    }
}

/// A no to the shared code is a no to all roles that need it, said once; and it is over for all of them as soon as
/// somebody logs in to one.
#[test]
fn of_a_shared_code_it_holds_for_all_roles_until_one_logs_in() {
    let (stage, profiles) = roles(3, "role_helper_mfa_session = 12h");
    let mut session = crowd(&stage, 6, &profiles);
    session.expect(&waiting_line());
    session.send("\n");
    let ended = session.wait_within(Duration::from_secs(5)).restored();
    assert_eq!(ended.transcript.matches("MFA code for").count(), 1, "{}", ended.transcript);
    assert!(answers(&stage).iter().all(|one| one.code == 1 && one.stderr.contains("no code was given")));

    let code = stage.code();
    stage.world.command(["login", "p0", "--mfa-code", &code]).run().ok();
    for profile in &profiles {
        stage.run(&format!("credential-process {profile}")).quiet();
    }
}

/// Whoever is told of a no does not make it last longer.
#[test]
fn a_no_that_is_passed_on_is_as_old_as_it_was() {
    let (stage, _) = roles(2, "role_helper_mfa_session = 12h");
    says_no(&stage, "p0");
    age(&stage, 8);
    stage.run("credential-process p1").fails(1).says("no code was given");
    age(&stage, 4);
    let mut session = stage.world.called(["credential-process", "p1"]).start();
    session.expect(&waiting_line());
    session.send(&format!("{}\n", stage.code()));
    session.wait().restored().exits(0);
}

//! `add` and the MFA device: one, several, none, those that cannot sign, and an IAM that does not say.

use super::{Stage, created};
use crate::output::Output;
use crate::pty::Session;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET, DEMO_SEED};
use crate::simulator::world::{User, World as Aws};

const WATCH: &str = "arn:aws:iam::111122223333:mfa/alice-watch";
const FIDO: &str = "arn:aws:iam::111122223333:u2f/user/alice/key-ABCDEFGHIJKLMNOP";

fn alice() -> User {
    User::new("111122223333", "alice").key(DEMO_KEY_ID, DEMO_SECRET)
}

fn stage(user: User) -> Stage {
    let stage = Stage::new(Aws::default().user(user));
    stage.world.secret_file("work/key.csv", &format!("Access key ID,Secret access key\n{DEMO_KEY_ID},{DEMO_SECRET}\n"));
    stage
}

fn add(stage: &Stage, more: &[&str]) -> Output {
    stage.world.command(["add", "alice", "--stdin"].iter().chain(more)).input(created(DEMO_KEY_ID, DEMO_SECRET)).run()
}

fn add_at_a_terminal(stage: &Stage) -> Session {
    stage.world.terminal(["add", "alice", "--csv", "key.csv"]).start()
}

/// The device that was recorded.
fn serial(stage: &Stage) -> Option<String> {
    let list = stage.run("list --json").quiet().json();
    let key = &list["keys"][0];
    assert_eq!(key["name"], "alice", "{list}");
    key["mfa_serial"].as_str().map(str::to_owned)
}

#[test]
fn of_several_one_is_chosen() {
    let stage = stage(alice().mfa(DEMO_MFA, DEMO_SEED).mfa(WATCH, DEMO_SEED).may("iam:ListMFADevices", "*"));
    let nobody = add(&stage, &[]).fails(4);
    nobody.says("several MFA devices").says("hint: role-helper add alice --mfa-serial");
    assert_eq!(stage.run("list --json").json()["keys"].as_array().unwrap().len(), 0);

    let mut session = add_at_a_terminal(&stage);
    session.expect("MFA device");
    session.expect(WATCH);
    session.send("\x1b[B");
    session.send("\n");
    session.expect("added alice");
    session.wait().restored().exits(0);
    assert_eq!(serial(&stage).as_deref(), Some(WATCH));
}

#[test]
fn a_serial_that_is_given_is_taken_without_asking() {
    let stage = stage(alice().mfa(DEMO_MFA, DEMO_SEED).mfa(WATCH, DEMO_SEED).may("iam:ListMFADevices", "*"));
    add(&stage, &["--mfa-serial", WATCH]).ok();
    assert_eq!(serial(&stage).as_deref(), Some(WATCH));
    assert_eq!(stage.aws.calls_of("ListMFADevices").len(), 0);
    add(&stage, &["--force", "--mfa-serial", "phone"]).fails(2).says("--mfa-serial");
    add(&stage, &["--force", "--mfa-serial", FIDO]).fails(2).says("FIDO");
}

#[test]
fn where_iam_does_not_say_the_person_is_asked() {
    let stage = stage(alice().mfa(DEMO_MFA, DEMO_SEED));
    let mut session = add_at_a_terminal(&stage);
    session.expect("AWS does not say which MFA device the user has");
    session.expect("MFA serial (empty for none)");
    session.send("my phone\n");
    session.expect("MFA serial (empty for none)");
    session.send(&format!("{DEMO_MFA}\n"));
    session.expect(&format!("MFA device: {DEMO_MFA}"));
    session.wait().restored().exits(0).showed("iam:ListMFADevices");
    assert_eq!(serial(&stage).as_deref(), Some(DEMO_MFA));
}

#[test]
fn where_nobody_can_say_it_is_added_without_and_said() {
    let stage = stage(alice());
    add(&stage, &[])
        .ok()
        .says("warning: AWS does not say which MFA device the user has")
        .says("iam:ListMFADevices")
        .says("if there is one: role-helper add alice --mfa-serial SERIAL --force");
    assert_eq!(serial(&stage), None);
}

#[test]
fn an_empty_answer_is_no_device() {
    let stage = stage(alice());
    let mut session = add_at_a_terminal(&stage);
    session.expect("MFA serial (empty for none)");
    session.send("\n");
    session.expect("warning: no MFA device is known for alice");
    session.wait().restored().exits(0);
    assert_eq!(serial(&stage), None);
}

#[test]
fn a_user_without_a_device_is_warned_of() {
    let stage = stage(alice().may("iam:ListMFADevices", "*"));
    add(&stage, &[]).ok().says("no MFA device is known for alice");
    assert_eq!(serial(&stage), None);
}

#[test]
fn fido_devices_are_passed_over_with_the_reason() {
    let stage = stage(alice().fido(FIDO).mfa(DEMO_MFA, DEMO_SEED).may("iam:ListMFADevices", "*"));
    add(&stage, &[]).ok().says("FIDO").says(FIDO);
    assert_eq!(serial(&stage).as_deref(), Some(DEMO_MFA));
}

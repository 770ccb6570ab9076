//! role-helper itself behind each caller: a key that was added, a profile that `setup` wrote, a code typed at the
//! prompt, and the role's session under the user's name. `docs/callers.md` says which versions were seen.

use super::Caller;
use crate::practice::{ADMIN, alice};
use crate::pty::Terminal;
use crate::run::Run;
use crate::simulator::Simulator;
use crate::simulator::demo::DEMO_MFA;
use crate::world::World;
use std::process::Command;

const ALICE: &str = "arn:aws:sts::222233334444:assumed-role/Admin/alice";

/// alice's key added, and `prod` set up with `options` beside what it needs.
fn stage(options: &[&str]) -> (Simulator, World) {
    let (aws, world) = alice();
    let setup = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alice"];
    world.command(setup.iter().chain(&["--region", "ap-northeast-1"]).chain(options)).run().ok();
    (aws, world)
}

/// Runs the caller at a terminal with somebody who types the code, and gives its answer.
fn with_a_code(command: Command, aws: &Simulator) -> serde_json::Value {
    let mut session = Terminal::of(command).piped().start();
    session.expect(&format!("MFA code for {DEMO_MFA}: "));
    session.send(&format!("{}\n", aws.code_for(DEMO_MFA)));
    let ended = session.wait().restored().exits(0);
    assert!(ended.transcript.contains("role-helper: profile prod: role Admin in account 222233334444 as alice"));
    ended.output.json()
}

fn is_served(caller: Caller) {
    let (aws, world) = stage(&[]);
    // Nobody can be asked: the caller passes on what to type.
    let refused = Run::new(caller.command(&world, "prod")).run();
    assert_ne!(refused.code(), 0, "{refused}");
    assert!(refused.stderr.contains("hint: role-helper login prod"), "{refused}");

    let answer = with_a_code(caller.command(&world, "prod"), &aws);
    assert_eq!(answer["Arn"], ALICE);
    assert_eq!(aws.calls_of("AssumeRole").len(), 1);

    // From now on nobody is asked, so no terminal is needed.
    let again = Run::new(caller.command(&world, "prod")).run().ok();
    assert_eq!(again.json()["Arn"], ALICE);
    assert_eq!(aws.calls_of("AssumeRole").len(), 1);
}

#[test]
fn aws_cli() {
    is_served(Caller::AwsCli);
}

#[test]
fn boto3() {
    is_served(Caller::Boto3);
}

#[test]
fn javascript() {
    is_served(Caller::JavaScript);
}

#[test]
fn rust_sdk() {
    is_served(Caller::RustSdk);
}

/// botocore runs the process again at every call with less than 15 minutes left: all are answered from the one
/// session, and nobody is asked again.
#[test]
fn boto3_below_fifteen_minutes() {
    let (aws, world) = stage(&["--duration", "15m"]);
    let mut command = Caller::Boto3.command(&world, "prod");
    command.args(["--times", "3"]);
    let answer = with_a_code(command, &aws);
    assert_eq!((&answer["Arn"], &answer["calls"]), (&ALICE.into(), &3.into()));
    assert!(answer["processRuns"].as_u64().is_some_and(|runs| runs >= 3), "{answer}");
    assert_eq!(aws.calls_of("AssumeRole").len(), 1);
}

/// With less than 10 minutes left botocore has to refresh before each call. AWS is as slow as its signatures bear, but
/// for its `Date`, so that a session of fifteen minutes arrives with ten minutes and two seconds.
#[test]
fn boto3_below_ten_minutes() {
    let (aws, world) = stage(&["--duration", "15m"]);
    aws.advance(-298);
    aws.skew_date(298);
    let mut command = Caller::Boto3.command(&world, "prod");
    command.args(["--times", "3", "--pause", "2"]);
    let answer = with_a_code(command, &aws);
    assert_eq!((&answer["Arn"], &answer["calls"]), (&ALICE.into(), &3.into()));
    assert!(answer["processRuns"].as_u64().is_some_and(|runs| runs >= 3), "{answer}");
    assert_eq!(aws.calls_of("AssumeRole").len(), 1);
}

/// One code for the day serves a second role, of which nobody is asked.
#[test]
fn boto3_with_a_shared_session() {
    let (aws, world) = stage(&["--mfa-session", "12h"]);
    let role = "arn:aws:iam::222233334444:role/ReadOnly";
    let setup = ["setup", "logs", "--role-arn", role, "--source-profile", "alice", "--region", "ap-northeast-1"];
    world.command(setup.iter().chain(&["--mfa-session", "12h"])).run().ok();
    let mut session = Terminal::of(Caller::Boto3.command(&world, "prod")).piped().start();
    session.expect(&format!("MFA code for {DEMO_MFA}: "));
    session.send(&format!("{}\n", aws.code_for(DEMO_MFA)));
    assert_eq!(session.wait().restored().exits(0).output.json()["Arn"], ALICE);

    let other = Run::new(Caller::Boto3.command(&world, "logs")).run().ok();
    assert_eq!(other.json()["Arn"], "arn:aws:sts::222233334444:assumed-role/ReadOnly/alice");
    assert_eq!((aws.calls_of("GetSessionToken").len(), aws.calls_of("AssumeRole").len()), (1, 2));
}

//! The rungs of the ladder on the whole binary: the terminal, pinentry, a command, and a code that was given.

use super::{Stage, served, two_roles, waiting_line};
use crate::flows::ADMIN;
use crate::simulator::demo::DEMO_MFA;
use std::path::Path;

/// Speaks pinentry's protocol, writes down what it heard, and answers with what the file `code` holds.
const PINENTRY: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo 'OK Pleased to meet you'
while read -r line; do
    echo "$line" >>"$here/heard"
    case "$line" in
        GETPIN) echo "D $(cat "$here/code")"; echo OK;;
        BYE) echo OK; exit 0;;
        *) echo OK;;
    esac
done
"#;

#[test]
fn without_a_terminal_a_window() {
    let mut stage = two_roles("");
    let pinentry = stage.world.script("pinentry/pinentry", PINENTRY);
    stage.world.set_env("DISPLAY", ":99").set_env("PINENTRY_PROGRAM", &pinentry);
    stage.world.secret_file("pinentry/code", &stage.code());
    stage.world.command(["credential-process", "prod"]).run().quiet();
    let heard = std::fs::read_to_string(stage.world.path("pinentry/heard")).unwrap();
    for said in ["role Admin in account 222233334444 as alice", "asked by ", DEMO_MFA] {
        assert!(heard.contains(said), "{said}: {heard}");
    }
    // The same code again, three times: refused each time before AWS hears of it.
    stage.run("credential-process logs").fails(1).says("was used already");
    assert_eq!(stage.assumed(), 1);
    let heard = std::fs::read_to_string(stage.world.path("pinentry/heard")).unwrap();
    assert_eq!(heard.matches("GETPIN").count(), 4, "{heard}");
}

#[test]
fn a_real_pinentry_on_the_terminal() {
    let mut stage = two_roles("role_helper_mfa_prompt = pinentry");
    assert!(Path::new("/usr/bin/pinentry-tty").exists(), "run tests/setup");
    stage.world.set_env("PINENTRY_PROGRAM", "pinentry-tty");
    let mut session = stage.world.called(["credential-process", "prod"]).start();
    session.expect("role Admin in account 222233334444 as alice");
    session.expect("Code:");
    session.send(&format!("{}\n", stage.code()));
    let ended = session.wait().exits(0);
    assert!(ended.output.stdout.contains("SessionToken") && ended.output.stderr.is_empty(), "{ended}");
}

#[test]
fn a_command_that_prints_a_code() {
    let stage = two_roles("role_helper_mfa_process = cat code");
    stage.world.secret_file("work/code", &format!("{}\n", stage.code()));
    stage.world.command(["credential-process", "prod"]).run().quiet();
    assert_eq!(stage.assumed(), 1);
    stage.world.secret_file("work/code", "no code\n");
    stage.run("credential-process logs").fails(4).says("mfa_process");
}

#[test]
fn a_given_code_asks_nobody_and_is_tried_once() {
    let stage = two_roles("");
    let wrong = stage.aws.wrong_code_for(DEMO_MFA);
    let session = stage.world.terminal(["login", "prod", "--mfa-code", &wrong]).start();
    session.wait().restored().exits(1).showed("one time pass code").never_showed("MFA code for");
    assert_eq!(stage.assumed(), 1);
    stage.world.command(["login", "prod", "--mfa-code", "-"]).input(format!("{}\n", stage.code())).run().ok();
    assert_eq!(stage.assumed(), 2);
}

/// What AWS says of a wrong code, of a wrong device and of a policy are three messages; only the first asks again.
#[test]
fn only_a_wrong_code_is_asked_for_again() {
    let stage = Stage::alice();
    let other = "role_helper_mfa_serial = arn:aws:iam::111122223333:mfa/other";
    stage.world.config(
        &(served(&stage, "prod", ADMIN, "")
            + &served(&stage, "device", ADMIN, other)
            + &served(&stage, "denied", "arn:aws:iam::999999999999:role/Nobody", "")),
    );
    let mut session = stage.world.called(["credential-process", "prod"]).start();
    session.expect(&waiting_line());
    session.send(&format!("{}\n", stage.aws.wrong_code_for(DEMO_MFA)));
    session.expect("it was wrong, or used elsewhere. Next code in ");
    session.expect(&waiting_line());
    session.send(&format!("{}\n", stage.code()));
    session.wait().restored().exits(0);

    let mut session = stage.world.called(["credential-process", "device"]).start();
    session.expect("MFA code for arn:aws:iam::111122223333:mfa/other: ");
    session.send(&format!("{}\n", stage.code()));
    let device = session.wait().restored().exits(1);
    assert!(device.output.stderr.contains("is not a device of this user"), "{device}");

    let mut session = stage.world.called(["credential-process", "denied"]).start();
    session.expect(&waiting_line());
    session.send(&format!("{}\n", stage.code()));
    let denied = session.wait().restored().exits(1);
    assert!(denied.output.stderr.contains("is not authorized to perform: sts:AssumeRole"), "{denied}");
    assert!(!denied.output.stderr.contains("device"), "{denied}");
}

//! Roles that need a code each, wanted at once: the person is asked one after the other, and never for a code that
//! was used.

use super::{answers, crowd, nothing_is_left, roles, waiting_line};
use crate::simulator::demo::DEMO_MFA;
use std::collections::BTreeSet;
use std::time::Duration;

const ROLES: usize = 10;

#[test]
fn ten_roles_are_asked_for_one_after_the_other() {
    let (stage, profiles) = roles(ROLES, "");
    let mut session = crowd(&stage, ROLES, &profiles);
    let mut codes = Vec::new();
    for turn in 0..ROLES {
        let shown = session.expect(&waiting_line());
        if turn > 0 {
            assert!(shown.contains("next code in "), "the person is not told to wait:\n{shown}");
        }
        session.expect_silence(Duration::from_millis(100));
        if turn == 1 {
            session.send(&format!("{}\n", codes[0]));
            session.expect("used already: next code in ");
            session.expect(&waiting_line());
        }
        let code = stage.code();
        session.send(&format!("{code}\n"));
        codes.push(code);
    }
    session.wait().restored().exits(0);
    let sent: BTreeSet<String> = stage
        .aws
        .calls_of("AssumeRole")
        .iter()
        .map(|call| call.param("TokenCode").unwrap_or_default().to_owned())
        .collect();
    assert_eq!((stage.assumed(), sent), (ROLES, codes.into_iter().collect()));
    let got = answers(&stage);
    assert!(got.len() == ROLES && got.iter().all(|one| one.code == 0), "{}", got[0].stderr);
    nothing_is_left(&stage);
}

/// One that has a device of its own to ask waits for nobody's person, but for the next code.
#[test]
fn a_command_that_prints_codes_is_asked_one_after_the_other() {
    let (mut stage, profiles) = roles(2, "role_helper_mfa_process = cat code");
    stage.world.set_env("ROLE_HELPER_MFA_PROMPT", "none");
    let code = stage.code();
    stage.world.secret_file("work/code", &code);
    stage.world.command(["credential-process", &profiles[0]]).run().quiet();
    let waiting = stage.world.command(["credential-process", &profiles[1]]).deadline(Duration::from_secs(60)).start();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(stage.assumed(), 1, "a used code is not sent");
    let fresh = stage.code();
    assert_ne!(fresh, code);
    stage.world.secret_file("work/code", &fresh);
    drop(waiting);
    assert!(stage.aws.try_code_for(DEMO_MFA).is_ok(), "and neither is another");
}

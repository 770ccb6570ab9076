//! The file keyring's passphrase is a question like any other: once for many callers, and a no is a no.

use super::{Stage, answers, crowd, roles};
use crate::world::PASSPHRASE;
use std::time::Duration;

const WAITING: &str = "Passphrase: ";

/// Roles with a live session each, on the next working day: what the kernel keeps opens nothing any more, and no file
/// holds the passphrase.
fn a_day_later(count: usize) -> (Stage, Vec<String>) {
    let (mut stage, profiles) = roles(count, "role_helper_mfa_session = 12h");
    let code = stage.code();
    stage.world.command(["login", &profiles[0], "--mfa-code", &code]).run().ok();
    for profile in &profiles {
        stage.run(&format!("credential-process {profile}")).quiet();
    }
    stage.aws.forget_calls();
    let files = stage.world.files();
    let wrap = files.iter().find(|path| path.ends_with("wrap")).expect("what wraps the kernel's copies");
    std::fs::remove_file(wrap).expect("a file of ours");
    stage.world.unset_env("ROLE_HELPER_PASSPHRASE_FILE");
    (stage, profiles)
}

#[test]
fn it_is_asked_once_for_all() {
    for count in [1, 3] {
        let (stage, profiles) = a_day_later(count);
        let mut session = crowd(&stage, 9, &profiles);
        session.expect(WAITING);
        std::thread::sleep(Duration::from_millis(200));
        session.send(&format!("{PASSPHRASE}\n"));
        let ended = session.wait().restored().exits(0).never_showed(PASSPHRASE);
        assert_eq!(ended.transcript.matches(WAITING).count(), 1, "{}", ended.transcript);
        assert!(answers(&stage).iter().all(|one| one.code == 0));
        assert!(stage.aws.calls().is_empty(), "the sessions are still good");
    }
}

#[test]
fn a_no_holds_for_all_who_wait() {
    for count in [1, 3] {
        let (stage, profiles) = a_day_later(count);
        let mut session = crowd(&stage, 9, &profiles);
        session.expect(WAITING);
        std::thread::sleep(Duration::from_millis(200));
        session.send("\n");
        let ended = session.wait_within(Duration::from_secs(10)).restored();
        assert_eq!(ended.transcript.matches(WAITING).count(), 1, "{}", ended.transcript);
        for one in answers(&stage) {
            assert_eq!(one.code, 1, "{}", one.stderr);
            assert!(one.stderr.contains("was not opened"), "{}", one.stderr);
        }
        // Whoever types a command is asked, and opens it for all.
        let mut session = stage.world.terminal(["login", &profiles[0]]).start();
        session.expect(WAITING);
        session.send(&format!("{PASSPHRASE}\n"));
        session.wait().restored().exits(0);
        for profile in &profiles {
            stage.run(&format!("credential-process {profile}")).quiet();
        }
    }
}

/// One command needs several items of the keyring, and is told no once.
#[test]
fn three_wrong_ones_are_the_last_word() {
    let (stage, profiles) = a_day_later(1);
    let mut session = stage.world.called(["credential-process", &profiles[0]]).start();
    for _ in 0..3 {
        session.expect(WAITING);
        session.send("not this one\n");
    }
    let ended = session.wait_within(Duration::from_secs(10)).restored().exits(5);
    assert_eq!(ended.transcript.matches(WAITING).count(), 3, "{}", ended.transcript);
}

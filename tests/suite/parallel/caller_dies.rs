//! The caller gives up while the person types. What was read is sent and sealed, so that trying again is a hit; what
//! was not is the shell's.

use super::{bash, two_roles, waiting_line};
use crate::flows::Stage;
use crate::pty::{Session, Terminal};
use crate::run::poll;
use crate::simulator::faults::Fault;
use std::time::Duration;

/// Whether a call without a terminal is answered, soon.
fn becomes_a_hit(stage: &Stage) {
    let hit = poll(Duration::from_secs(10), || (stage.run("credential-process prod").code() == 0).then_some(()));
    assert!(hit.is_some(), "what the code has paid for was lost");
    assert_eq!(stage.assumed(), 1);
}

/// Go kills the shell that runs us, and waits for us all the same.
#[test]
fn a_killed_shell_between_loses_nothing() {
    let stage = two_roles("");
    stage.aws.fail_once("AssumeRole", Fault::latency(Duration::from_millis(600)));
    let script =
        r#"sh -c '"$FRONT" credential-process prod >answer; exit $?' & echo $! >shell; wait; sleep 2; cat answer"#;
    let mut session = bash(&stage, script, &[]);
    session.expect(&waiting_line());
    session.send(&format!("{}\n", stage.code()));
    assert!(stage.aws.wait_for_calls("AssumeRole", 1, Duration::from_secs(10)));
    let shell = std::fs::read_to_string(stage.world.path("work/shell")).unwrap();
    super::kill(shell.trim().parse().unwrap());
    becomes_a_hit(&stage);
    session.expect("\"SessionToken\"");
    session.wait().restored();
}

/// An interactive bash whose job ends while its helper still asks, as the Rust SDK's callers do after six seconds.
fn left_behind(stage: &Stage, wait: &str) -> Session {
    let mut command = stage.world.program("/bin/bash");
    command
        .args(["--norc", "--noprofile", "-i"])
        .env("PS1", "% ")
        .env("HISTFILE", "")
        .env("FRONT", stage.world.front());
    let mut session = Terminal::of(command).start();
    session.expect("% ");
    session.send(&format!(
        "bash -c 'exec 3< <(exec \"$FRONT\" credential-process prod 2>/dev/null); {wait}; exec 3<&-; sleep 0.1'\n"
    ));
    session.expect(&waiting_line());
    session
}

#[test]
fn a_caller_that_leaves_after_the_code_finds_a_hit() {
    let stage = two_roles("");
    stage.aws.fail_once("AssumeRole", Fault::latency(Duration::from_millis(1200)));
    // The caller leaves when this file has a line.
    let mut session = left_behind(&stage, "until [ -s gone ]; do sleep 0.05; done");
    session.send(&format!("{}\n", stage.code()));
    assert!(stage.aws.wait_for_calls("AssumeRole", 1, Duration::from_secs(10)));
    std::fs::write(stage.world.path("work/gone"), "x").unwrap();
    session.expect("% ");
    becomes_a_hit(&stage);
    session.send("exit 0\n");
    session.wait().restored();
}

#[test]
fn a_code_that_was_not_read_is_the_shells() {
    let stage = two_roles("");
    let mut session = left_behind(&stage, "sleep 0.8");
    session.send("12");
    session.expect("% ");
    session.send("echo 345678 | rev\n");
    session.expect("876543");
    session.expect("% ");
    session.send("exit 0\n");
    session.wait().restored();
    assert_eq!(stage.assumed(), 0, "what the shell was told is nobody's code");
    stage.run("credential-process prod").fails(4);
}

/// SIGPIPE, a closed stdout: the caller is gone, the session is not.
#[test]
fn a_caller_that_reads_no_more_finds_a_hit() {
    let stage = two_roles("");
    stage.aws.fail_once("AssumeRole", Fault::latency(Duration::from_millis(600)));
    let reader = "until [ -s gone ]; do sleep 0.05; done";
    let script = format!(r#"{{ "$FRONT" credential-process prod; echo "code $?" >/dev/tty; }} | {{ {reader}; }}"#);
    let mut session = bash(&stage, &script, &[]);
    session.expect(&waiting_line());
    session.send(&format!("{}\n", stage.code()));
    assert!(stage.aws.wait_for_calls("AssumeRole", 1, Duration::from_secs(10)));
    std::fs::write(stage.world.path("work/gone"), "x").unwrap();
    session.expect("code ");
    session.wait().restored();
    becomes_a_hit(&stage);
}

//! Proves the terminal harness on `cat`, `stty` and shells.

use super::{PATIENCE, Terminal, alive};
use std::process::Command;
use std::time::Duration;

fn sh(script: &str) -> Terminal {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    Terminal::of(command)
}

#[test]
fn typed_lines_reach_the_program_and_its_answer_is_read() {
    let mut session = Terminal::of(Command::new("/bin/cat")).start();
    session.send("hello\n");
    // Once as the echo of the keys, once from cat.
    session.expect("hello");
    session.expect("hello");
    session.ctrl_d();
    let ended = session.wait().restored().exits(0);
    assert_eq!(ended.transcript, "hello\nhello\n");
}

#[test]
fn the_terminal_can_be_all_that_is_left() {
    let script = r#"
        [ -t 0 ] || [ -t 1 ] || [ -t 2 ] && exit 9
        printf 'code: ' >/dev/tty; read code </dev/tty; echo "got $code"; echo note >&2"#;
    let mut session = sh(script).piped().start();
    session.expect("code: ");
    session.send("123456\n");
    let ended = session.wait().exits(0);
    assert_eq!((&*ended.output.stdout, &*ended.output.stderr), ("got 123456\n", "note\n"));
    assert_eq!(ended.transcript, "code: 123456\n");
}

#[test]
fn stdin_that_is_a_pipe_stays_open_until_it_is_closed() {
    let mut session = Terminal::of(Command::new("/bin/cat")).piped().start();
    session.expect_silence(Duration::from_millis(50));
    drop(session.stdin());
    session.wait().exits(0);
}

#[test]
fn a_terminal_left_changed_is_seen() {
    let ended = sh("stty -echo").start().wait().exits(0);
    assert!(ended.before.echo() && ended.before.icanon() && ended.before.isig());
    assert!(!ended.after.echo() && ended.after.icanon());
    assert_ne!(ended.before, ended.after);
    sh("stty -echo -icanon; stty echo icanon").start().wait().restored();
}

#[test]
fn ctrl_c_reaches_the_job_and_only_the_job() {
    let mut session = sh("echo ready; exec sleep 600").start();
    session.expect("ready");
    assert_eq!(session.foreground(), session.pid());
    session.ctrl_c();
    session.wait().exits(130).restored();
}

#[test]
fn a_background_job_is_stopped_when_it_reads_the_terminal() {
    let mut session = sh("read line </dev/tty; echo got $line").background().start();
    assert_ne!(session.foreground(), session.pid());
    assert!(session.stopped(PATIENCE));
    session.enter_foreground();
    session.send("words\n");
    session.expect("got words");
    session.wait().exits(0);
}

#[test]
fn the_foreground_can_be_lost_on_the_way() {
    let mut session = sh("echo ready; read go </dev/tty; read more </dev/tty").start();
    session.expect("ready");
    session.leave_foreground();
    session.send("go\n");
    assert!(session.stopped(PATIENCE));
    session.enter_foreground();
    session.send("more\n");
    session.wait().exits(0);
}

#[test]
fn a_shell_at_the_terminal_controls_jobs_of_its_own() {
    let mut command = Command::new("/bin/bash");
    command.args(["--norc", "--noprofile", "-i"]).env("PS1", "% ");
    let mut session = Terminal::of(command).start();
    session.expect("% ");
    // A sum, so that the echo of the command is not taken for what it prints.
    session.send("sh -c 'echo $((40+2)); exec sleep 600'\n");
    session.expect("42");
    let shell = session.pid();
    assert_ne!(session.foreground(), shell);
    session.ctrl_z();
    session.expect("Stopped");
    session.expect("% ");
    session.send("fg\n");
    crate::run::poll(PATIENCE, || (session.foreground() != shell).then_some(()))
        .expect("the job in the foreground again");
    session.ctrl_c();
    session.expect("% ");
    session.send("exit 3\n");
    session.wait().exits(3);
}

#[test]
fn a_closed_window_is_a_hangup() {
    let mut session = sh("echo ready; exec sleep 600").start();
    session.expect("ready");
    assert!(session.hang_up(PATIENCE));
    let mut deaf = sh("trap '' HUP; echo ready; exec sleep 600").start();
    deaf.expect("ready");
    let pid = deaf.pid();
    assert!(!deaf.hang_up(Duration::from_millis(200)));
    crate::run::poll(PATIENCE, || (!alive(pid)).then_some(())).expect("dropped, so dead");
}

#[test]
fn what_does_not_appear_fails_the_test_with_what_did() {
    let panic = std::panic::catch_unwind(|| {
        let mut session = sh("echo something; exec sleep 600").start();
        session.expect_within("anything", Duration::from_millis(200));
    })
    .unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("on the terminal: something"), "{text}");
}

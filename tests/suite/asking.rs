//! Asking a person at a real terminal and in a real pinentry: every way in which a question can end, and the
//! terminal afterwards. `examples/ask` asks through the same door as the commands do.

mod windows;

use crate::pty::{Session, Terminal};
use crate::run::Run;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const WAITING: &str = "MFA code for arn:aws:iam::111122223333:mfa/alice: ";
const TAKEN: &str = "Failed(\"the shell took the terminal back before a code was typed\")\n";

fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_role-helper")).with_file_name("examples/ask");
    assert!(program.is_file(), "{} is not built: cargo build --example ask", program.display());
    program
}

fn ask(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env_clear().env("HOME", "/nonexistent").env("PATH", "/usr/bin:/bin").env("TERM", "xterm");
    command
}

/// As an SDK runs us, at the line that waits.
fn waiting(args: &[&str]) -> Session {
    let mut session = Terminal::of(ask(args)).piped().start();
    session.expect(WAITING);
    assert!(!session.modes().echo() && session.modes().icanon() && session.modes().isig());
    session
}

#[test]
fn a_code_is_asked_with_all_that_matters_and_never_shown() {
    let session = waiting(&["code"]);
    session.send("123 456\n");
    let ended = session
        .wait()
        .restored()
        .exits(0)
        .never_showed("123 456")
        .showed("role-helper: role Admin in account 222233334444 as alice\n")
        .showed("as it names itself\nthe code before was wrong\nMFA code for ");
    assert_eq!((&*ended.output.stdout, &*ended.output.stderr), ("answer 123456\n", ""));
    assert!(ended.transcript.ends_with(&format!("{WAITING}\n")));
}

#[test]
fn the_one_who_asks_is_named() {
    // The leader between us and the tests is a copy of the tests' own program.
    let session = waiting(&["code"]);
    let shown = session.transcript();
    let asked = shown.lines().find(|line| line.starts_with("asked by ")).unwrap();
    assert!(asked.contains(" (pid "), "{asked}");
    assert!(asked.ends_with(", as it names itself"), "{asked}");
}

#[test]
fn a_code_pasted_before_the_question_is_taken_and_what_follows_is_left() {
    let mut command = Command::new("/bin/sh");
    let script = format!(
        "echo ready >/dev/tty; sleep 0.3; {} code; IFS= read -r rest; echo \"rest=$rest\"",
        program().display()
    );
    command.args(["-c", &script]);
    let mut session = Terminal::of(command).start();
    session.expect("ready");
    session.send("654321\nls\n");
    session.expect("answer 654321");
    session.expect("rest=ls");
    session.wait().restored().exits(0);
}

#[test]
fn what_is_no_code_is_asked_for_again_three_times() {
    let mut session = waiting(&["code"]);
    session.send("hunter2\n");
    session.expect("a token code is six digits");
    session.expect(WAITING);
    session.send("12345\n");
    session.expect("a token code is six digits");
    session.expect(WAITING);
    session.send("1234567\n");
    let ended = session.wait().restored().exits(1).never_showed("hunter2");
    assert_eq!(ended.output.stdout, "Failed(\"no answer in 3 tries: a token code is six digits\")\n");
}

#[test]
fn a_line_beyond_all_bounds_is_no_answer_and_leaves_nothing_for_the_shell() {
    let session = waiting(&["code", "auto", "3"]);
    session.send(&"7".repeat(3000)).send(&"8".repeat(3000));
    session.send("\n");
    sleep(Duration::from_millis(200));
    session.send("123456\n");
    let ended = session.wait().restored();
    assert!(ended.output.stdout.contains("answer 123456"), "{ended}");
}

#[test]
fn an_empty_line_and_ctrl_d_say_no() {
    for keys in ["\n", "  \n", "\x04"] {
        let session = waiting(&["code"]);
        session.send(keys);
        let ended = session.wait().restored().exits(1);
        assert_eq!(ended.output.stdout, "Declined\n", "{keys:?}");
    }
}

#[test]
fn signals_end_the_question_and_leave_the_terminal_as_it_was() {
    for (signal, keys) in
        [(0, "12\x03"), (0, "12\x1c"), (libc::SIGTERM, "12"), (libc::SIGHUP, "12"), (libc::SIGINT, "12")]
    {
        let session = waiting(&["code"]);
        session.send(keys);
        if signal != 0 {
            sleep(Duration::from_millis(50));
            session.signal(signal);
        }
        let ended = session.wait().restored().exits(1).never_showed("12\n");
        assert_eq!(ended.output.stdout, "Interrupted\n", "{signal} {keys:?}");
    }
}

#[test]
fn half_a_code_never_reaches_the_shell() {
    for end in ["deadline", "signal"] {
        let mut command = Command::new("/bin/sh");
        let script = format!("{} code auto 1; IFS= read -r rest; echo \"rest=$rest\"", program().display());
        command.args(["-c", &script]);
        let mut session = Terminal::of(command).start();
        session.expect(WAITING);
        session.send("123");
        if end == "signal" {
            sleep(Duration::from_millis(100));
            for pid in crate::asking::children(session.pid()) {
                // SAFETY: a plain system call.
                unsafe { libc::kill(pid, libc::SIGTERM) };
            }
        }
        session.expect(if end == "signal" { "Interrupted" } else { "TimedOut { seconds: 1 }" });
        session.send("ls\n");
        session.expect("rest=ls");
        session.wait().restored();
    }
}

fn children(parent: i32) -> Vec<i32> {
    let output = Command::new("ps").args(["-o", "pid=", "--ppid", &parent.to_string()]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn a_closed_terminal_ends_it() {
    let session = waiting(&["code"]);
    assert!(session.hang_up(Duration::from_secs(2)));
}

#[test]
fn nobody_is_waited_for_where_nobody_can_be_reached() {
    let background = Terminal::of(ask(&["code"])).piped().background().start();
    let ended = background.wait_within(Duration::from_secs(5)).restored().exits(1);
    assert_eq!(
        ended.output.stdout,
        "Unreachable(\"no terminal (this is a background job of it); no dialog (no display)\")\n"
    );
    let daemon = Run::new(ask(&["code"])).run();
    assert_eq!(daemon.stdout, "Unreachable(\"no terminal (no controlling terminal); no dialog (no display)\")\n");
    let tty = Run::new(ask(&["code", "tty"])).run();
    assert_eq!(tty.stdout, "Unreachable(\"no terminal (no controlling terminal)\")\n");
    let none = Terminal::of(ask(&["code", "none"])).piped().start().wait();
    assert_eq!(none.output.stdout, "Unreachable(\"mfa_prompt is none\")\n");
}

#[test]
fn a_terminal_that_others_use_is_left_alone() {
    for modes in ["raw", "-echo", "-icanon"] {
        let mut command = Command::new("/bin/sh");
        let script = format!(
            "stty {modes} </dev/tty; before=$(stty -g </dev/tty); {} code; [ \"$before\" = \"$(stty -g </dev/tty)\" ] && echo same; stty sane </dev/tty",
            program().display()
        );
        command.args(["-c", &script]);
        let ended = Terminal::of(command).piped().start().wait();
        assert_eq!(
            ended.output.stdout,
            "Unreachable(\"no terminal (another program is using it); no dialog (no display)\")\nsame\n",
            "{modes}"
        );
        assert_eq!(ended.transcript, "", "{modes}");
    }
}

#[test]
fn suspended_and_continued_it_asks_again() {
    let mut session = waiting(&["code"]);
    session.send("12").ctrl_z();
    assert!(session.stopped(Duration::from_secs(5)));
    assert!(session.modes().echo(), "a stopped question hides nothing");
    session.enter_foreground();
    session.expect(WAITING);
    assert!(!session.modes().echo());
    session.send("345678\n");
    let ended = session.wait().restored().exits(0);
    assert_eq!(ended.output.stdout, "answer 345678\n");
}

#[test]
fn continued_in_the_background_it_gives_up() {
    let mut session = waiting(&["code"]);
    session.ctrl_z();
    assert!(session.stopped(Duration::from_secs(5)));
    session.signal(libc::SIGCONT);
    let ended = session.wait().restored().exits(1);
    assert_eq!(ended.output.stdout, TAKEN);
}

#[test]
fn stopped_from_outside_and_continued_it_hides_again() {
    let mut session = waiting(&["code"]);
    session.signal(libc::SIGSTOP);
    assert!(session.stopped(Duration::from_secs(5)));
    session.enter_foreground();
    session.expect("MFA code for ");
    session.send("345678\n");
    session.wait().restored().exits(0).never_showed("345678");
}

#[test]
fn a_shell_that_takes_its_terminal_back_gets_what_is_typed() {
    let session = waiting(&["code"]);
    session.leave_foreground();
    session.send("rm -rf build\n");
    let ended = session.wait_within(Duration::from_secs(2)).restored().exits(1);
    assert_eq!(ended.output.stdout, TAKEN);
}

/// What an interactive bash finds after its job, whose helper still waits for a code, was over. A caller that gives
/// up on us closes its pipes and exits a little later, as the Rust SDK's does when its time is up; of one that was
/// killed there is no such notice, and bash puts its terminal right by itself.
#[test]
fn a_caller_that_gives_up_leaves_a_terminal_that_echoes() {
    for (caller, typed) in [("exec 3<&-; sleep 0.1; exit 1", "12"), ("kill -9 $$", "")] {
        let mut command = Command::new("/bin/bash");
        command.args(["--norc", "--noprofile", "-i"]).env("PS1", "% ").env("HISTFILE", "");
        let mut session = Terminal::of(command).start();
        session.expect("% ");
        let before = session.modes();
        session.send(&format!(
            "bash -c 'exec 3< <(exec {} code 2>/dev/null); sleep 0.8; {caller}'\n",
            program().display()
        ));
        session.expect(WAITING);
        session.send(typed);
        session.expect("% ");
        sleep(Duration::from_millis(300));
        session.send("echo se''en; stty -a | grep -o -- ' -*echo '\n");
        session.expect("se''en");
        session.expect("seen");
        session.expect(" echo ");
        session.expect("% ");
        assert_eq!(session.modes(), before, "{caller}");
        session.send("exit 0\n");
        session.wait().restored();
    }
}

/// Go's SDK kills the shell that runs us, not us, and stays.
#[test]
fn a_shell_between_that_dies_does_not_end_the_question() {
    let mut command = Command::new("/bin/sh");
    let one = program().display().to_string();
    command.args(["-c", &format!("sh -c '{one} code & sleep 0.5; kill -9 $$'; sleep 3; true")]);
    let mut session = Terminal::of(command).start();
    session.expect(WAITING);
    session.send("12");
    session.expect(WAITING);
    assert!(!session.modes().echo());
    session.send("345678\n");
    session.expect("answer 345678");
    session.wait().restored().exits(0).never_showed("12\n");
}

#[test]
fn two_who_ask_at_once_wait_for_each_other() {
    let mut command = Command::new("/bin/sh");
    let one = program().display().to_string();
    command.args(["-c", &format!("{one} code & {one} code & wait")]);
    let mut session = Terminal::of(command).start();
    session.expect(WAITING);
    session.expect_silence(Duration::from_millis(500));
    session.send("111111\n");
    session.expect("answer 111111");
    session.expect(WAITING);
    session.send("222222\n");
    session.expect("answer 222222");
    session.wait().restored().exits(0);
}

#[test]
fn the_deadline_is_kept() {
    let before = Instant::now();
    let session = waiting(&["code", "auto", "1"]);
    let ended = session.wait().restored().exits(1);
    assert_eq!(ended.output.stdout, "TimedOut { seconds: 1 }\n");
    assert!(before.elapsed() < Duration::from_secs(3));
}

#[test]
fn output_held_by_ctrl_s_does_not_hold_us() {
    let session = waiting(&["code"]);
    session.send("\x13");
    sleep(Duration::from_millis(100));
    session.signal(libc::SIGTERM);
    let process = format!("/proc/{}", session.pid());
    let gone = || (!Path::new(&process).exists()).then_some(());
    assert!(crate::run::poll(Duration::from_secs(3), gone).is_some());
    session.send("\x11");
    session.wait().restored().exits(1);
}

#[test]
fn passphrases_are_taken_as_they_are_and_compared() {
    let mut session = Terminal::of(ask(&["secret"])).piped().start();
    session.expect("Passphrase: ");
    session.send(" correct  horse ü \n");
    let ended = session.wait().restored().exits(0).never_showed("horse");
    assert_eq!(ended.output.stdout, "answer  correct  horse ü \n");

    let mut session = Terminal::of(ask(&["twice"])).piped().start();
    session.expect("Passphrase: ");
    session.send("one\n");
    session.expect("The same again: ");
    session.send("two\n");
    session.expect("the two are different");
    session.expect("Passphrase: ");
    session.send("three\n");
    session.expect("The same again: ");
    session.send("three\n");
    let ended = session.wait().restored().exits(0).never_showed("three");
    assert_eq!(ended.output.stdout, "answer three\n");
}

#[test]
fn only_a_yes_is_a_yes() {
    for (typed, answer) in [("y", "true"), ("YES", "true"), ("", "false"), ("no", "false"), ("yep", "false")] {
        let mut session = Terminal::of(ask(&["confirm"])).piped().start();
        session.expect("[y/N] ");
        session.send(&format!("{typed}\n"));
        let ended = session.wait().restored().exits(0);
        assert_eq!(ended.output.stdout, format!("answer {answer}\n"), "{typed}");
    }
}

#[test]
fn a_line_is_told_to_whoever_is_there() {
    let ended = Terminal::of(ask(&["tell"])).piped().start().wait().restored();
    assert_eq!(ended.transcript, "role-helper: waiting for another process\n");
    let background = Terminal::of(ask(&["tell"])).piped().background().start();
    assert_eq!(background.wait().exits(0).transcript, "");
}

#[test]
fn mfa_process_answers_before_anybody_is_asked() {
    let run = |mode, command| Run::new(ask(&["code", mode, "2", command])).run();
    assert_eq!(run("none", "echo 123456").stdout, "answer 123456\n");
    assert_eq!(
        run("none", "echo no device >&2; exit 3").stdout,
        "Failed(\"mfa_process failed (exit status: 3): no device\")\n"
    );
    assert_eq!(
        run("auto", "false").stdout,
        "Unreachable(\"mfa_process failed (exit status: 1); no terminal (no controlling terminal); no dialog (no display)\")\n"
    );
    let mut session =
        Terminal::of(ask(&["code", "auto", "20", "echo 'touch your key' >&2; sleep 0.1; false"])).piped().start();
    session.expect("mfa_process says: touch your key");
    session.expect("mfa_process failed (exit status: 1): touch your key");
    session.expect(WAITING);
    session.send("123456\n");
    let ended = session.wait().restored().exits(0);
    assert_eq!((&*ended.output.stdout, &*ended.output.stderr), ("answer 123456\n", ""));
}

#[test]
fn ctrl_c_ends_a_hanging_mfa_process() {
    let mut session = Terminal::of(ask(&["code", "auto", "20", "echo here >&2; sleep 60"])).piped().start();
    session.expect("says: here");
    session.ctrl_c();
    let ended = session.wait_within(Duration::from_secs(3)).restored().exits(1);
    assert_eq!(ended.output.stdout, "Interrupted\n");
}

//! Asking in windows: pinentry, by its protocol and for real, and the desktop's dialogs.

use super::ask;
use crate::pty::Terminal;
use crate::run::Run;
use std::ffi::OsStr;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// A program under a name, in a folder that is all of PATH but the system's.
fn with_program(name: &str, script: &str) -> (tempfile::TempDir, String) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    (folder, path)
}

/// Speaks pinentry's protocol, writes down what it was told, and complains on stderr as toolkits do.
const PINENTRY: &str = r#"
echo 'Gtk-WARNING: noise' >&2
echo 'OK Pleased to meet you'
while read -r line; do
    echo "$line" >> "$(dirname "$0")/heard"
    case "$line" in
        GETPIN) ANSWER;;
        CONFIRM) echo OK;;
        BYE) echo OK; exit 0;;
        *) echo OK;;
    esac
done"#;

fn pinentry(answer: &str, args: &[&str]) -> (String, String) {
    let (folder, path) = with_program("pinentry", &PINENTRY.replace("ANSWER", answer));
    let mut command = ask(args);
    command.env("PATH", path).env("DISPLAY", ":99");
    let output = Run::new(command).run();
    assert_eq!(output.stderr, "", "the dialog's noise must not reach the caller");
    let heard = std::fs::read_to_string(folder.path().join("heard")).unwrap_or_default();
    (output.stdout, heard)
}

#[test]
fn without_a_terminal_pinentry_is_asked() {
    let (stdout, heard) = pinentry("echo 'D 123456'; echo OK", &["code"]);
    assert_eq!(stdout, "answer 123456\n");
    assert!(heard.contains("SETTITLE role-helper\n"), "{heard}");
    assert!(heard.contains("SETDESC role-helper: role Admin in account 222233334444 as alice%0Aasked by "), "{heard}");
    assert!(heard.contains("%0AMFA code for arn:aws:iam::111122223333:mfa/alice\n"), "{heard}");
    assert!(heard.contains("SETPROMPT Code:\n") && heard.contains("SETTIMEOUT "), "{heard}");
    assert!(heard.contains("OPTION ttyname=/dev/null\n"), "{heard}");
    let (stdout, heard) = pinentry("echo 'D hunter2'; echo OK", &["code"]);
    assert!(stdout.starts_with("Failed(\"no answer in 3 tries"), "{stdout}");
    assert_eq!(heard.matches("SETERROR a token code is six digits\n").count(), 2);
}

#[test]
fn pinentrys_other_ends() {
    assert_eq!(pinentry("echo 'ERR 83886179 Operation cancelled'", &["code"]).0, "Declined\n");
    assert_eq!(pinentry("echo OK", &["code"]).0, "Declined\n");
    assert_eq!(pinentry("echo 'ERR 83886142 Timeout'", &["code"]).0, "TimedOut { seconds: 20 }\n");
    assert_eq!(pinentry("exec sleep 60", &["code", "auto", "1"]).0, "TimedOut { seconds: 1 }\n");
    assert_eq!(pinentry("", &["confirm"]).0, "answer true\n");
    assert_eq!(pinentry("echo 'D correct horse'; echo OK", &["twice"]).0, "answer correct horse\n");
    let (stdout, _) = pinentry("exit 1", &["code", "pinentry"]);
    assert_eq!(stdout, "Unreachable(\"no dialog (pinentry gave up)\")\n");
    let (stdout, _) = pinentry("echo 'ERR 83886340 Not a tty'", &["code", "pinentry"]);
    assert_eq!(stdout, "Unreachable(\"no dialog (pinentry: Code 260: Not a tty)\")\n");
}

#[test]
fn ctrl_c_closes_the_dialog() {
    let (folder, path) = with_program("pinentry", &PINENTRY.replace("ANSWER", "echo $$ >\"$0.pid\"; exec sleep 60"));
    let mut command = ask(&["code", "pinentry"]);
    command.env("PATH", path).env("DISPLAY", ":99");
    let session = Terminal::of(command).piped().start();
    let pid = crate::run::poll(Duration::from_secs(5), || {
        std::fs::read_to_string(folder.path().join("pinentry.pid")).ok().filter(|pid| pid.ends_with('\n'))
    })
    .unwrap();
    session.signal(libc::SIGTERM);
    let ended = session.wait_within(Duration::from_secs(5)).restored().exits(1);
    assert_eq!(ended.output.stdout, "Interrupted\n");
    let gone = || (!Path::new(&format!("/proc/{}/exe", pid.trim())).exists()).then_some(());
    assert!(crate::run::poll(Duration::from_secs(2), gone).is_some());
}

#[test]
fn the_real_pinentries_on_a_terminal() {
    for name in ["pinentry-tty", "pinentry-curses"] {
        if !Path::new("/usr/bin").join(name).exists() {
            eprintln!("{name} is not installed");
            continue;
        }
        let mut command = ask(&["code", "pinentry"]);
        command.env("PINENTRY_PROGRAM", format!("/usr/bin/{name}"));
        let mut session = Terminal::of(command).piped().start();
        session.expect("Code");
        sleep(Duration::from_millis(200));
        session.send(if name == "pinentry-tty" { "123456\n" } else { "123456\r" });
        let ended = session.wait().restored().exits(0).never_showed("123456");
        assert_eq!((&*ended.output.stdout, &*ended.output.stderr), ("answer 123456\n", ""), "{name}");

        let mut command = ask(&["code", "pinentry"]);
        command.env("PINENTRY_PROGRAM", name);
        let mut session = Terminal::of(command).piped().start();
        session.expect("Code");
        session.signal(libc::SIGTERM);
        let ended = session.wait_within(Duration::from_secs(5)).restored().exits(1);
        assert_eq!(ended.output.stdout, "Interrupted\n", "{name}");
    }
}

#[test]
fn programs_are_never_looked_up_in_the_working_directory() {
    let (folder, _) = with_program("pinentry", "echo 'OK evil'");
    for path in [".", "", ":/nonexistent", "relative"] {
        let mut command = ask(&["code", "pinentry"]);
        command.env("PATH", path).env("DISPLAY", ":99").current_dir(folder.path());
        assert_eq!(Run::new(command).run().stdout, "Unreachable(\"no dialog (no pinentry)\")\n", "{path:?}");
    }
}

#[test]
fn the_desktops_dialogs_are_asked_last() {
    for (name, mark) in [("zenity", "--hide-text"), ("kdialog", "--password")] {
        let script = format!("echo \"$@\" >\"$0.heard\"; echo noise >&2; case \"$*\" in *{mark}*) echo 123456;; esac");
        let (folder, path) = with_program(name, &script);
        let mut command = ask(&["code", "gui"]);
        command.env("PATH", path).env("DISPLAY", ":99");
        let output = Run::new(command).run();
        assert_eq!((&*output.stdout, &*output.stderr), ("answer 123456\n", ""), "{name}");
        let heard = std::fs::read_to_string(folder.path().join(format!("{name}.heard"))).unwrap();
        assert!(heard.contains("MFA code for arn:aws:iam::111122223333:mfa/alice"), "{heard}");
        let (_folder, path) = with_program(name, "exit 1");
        let mut command = ask(&["code", "gui"]);
        command.env("PATH", path).env("DISPLAY", ":99");
        assert_eq!(Run::new(command).run().stdout, "Declined\n", "{name}");
    }
    let mut command = ask(&["code", "gui"]);
    command.env("PATH", OsStr::new("/nonexistent")).env("DISPLAY", ":99");
    assert_eq!(Run::new(command).run().stdout, "Unreachable(\"no dialog (none of zenity, kdialog, osascript)\")\n");
}

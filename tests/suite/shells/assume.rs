use super::{SHELLS, Shell, in_seconds, signed_in, two_roles};
use crate::simulator::demo::DEMO_MFA;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// What stands on the line of the prompt, as far as it was drawn last.
fn last_line(seen: &str) -> &str {
    seen.rsplit(['\r', '\n']).next().unwrap_or_default()
}

#[test]
fn assume_switches_and_goes_back_and_the_persons_own_stays() {
    for shell in SHELLS.into_iter().filter(|shell| shell.is_here()) {
        let (_aws, world) = signed_in();
        // Twice, as people's files go.
        let line = shell.line(&world, "");
        let mut session = shell.start(&world, &format!("{line}{line}"));
        let seen = session.expect("<1:0> ");
        assert!(!seen.contains(']'), "{shell:?}: {seen:?}");

        session.send("assume prod\r");
        session.expect("[prod 4444 ");
        session.expect("] <2:0> ");
        session.send("false\r");
        let seen = session.expect("<3:1> ");
        assert_eq!(last_line(&seen).matches("[prod").count(), 1, "{shell:?}: {seen:?}");
        session.send("assume dev\r");
        session.expect("[dev acme ");
        session.expect("] <4:0> ");
        session.send("echo \"id=$AWS_ACCESS_KEY_ID.$ROLE_HELPER_PROFILE\"\r");
        session.expect("id=ASIA");
        session.expect(".dev");
        session.expect("<5:0> ");
        session.send("assume -\r");
        session.expect("[prod 4444 ");
        session.expect("<6:0> ");
        session.send("assume -\r");
        session.expect("[dev acme ");
        session.expect("<7:0> ");
        session.send("assume no-such-profile\r");
        session.expect("no-such-profile");
        session.expect("[dev acme ");
        session.expect("<8:3> ");
        session.send("assume\r");
        // The list of profiles, left again. zsh, which hears Ctrl-C itself, has a status of its own for it.
        session.expect("222233334444");
        session.send("\x03");
        session.expect("interrupted");
        let seen = session.expect("> ");
        assert!(!seen.contains("<9:0>"), "{shell:?}: {seen:?}");
        session.send("true\r");
        session.expect("<10:0> ");
        // As time goes by.
        for (prompts, seconds, left) in [(11, 500, "m!] "), (12, 100, "s!!] "), (13, -1, "[dev acme expired] ")] {
            session.send(&shell.export("AWS_CREDENTIAL_EXPIRATION", &in_seconds(seconds)));
            session.expect(left);
            session.expect(&format!("<{prompts}:0> "));
        }
        // Logged out, it is gone, here too.
        session.send(&format!("{} logout dev\r", world.front().display()));
        session.expect("forgotten");
        let seen = session.expect("<14:0> ");
        assert!(!last_line(&seen).contains("[dev"), "{shell:?}: {seen:?}");
        session.send("exit\r");
        session.wait();
        // The history has what was typed, and no secret.
        assert_eq!(world.files_with("ASIA", &[]), Vec::<std::path::PathBuf>::new(), "{shell:?}");
    }
}

#[test]
fn to_go_back_is_to_what_was_before_whatever_it_was() {
    let (_aws, world) = signed_in();
    for shell in SHELLS.into_iter().filter(|shell| shell.is_here()) {
        let mut session = shell.start(&world, &shell.line(&world, ""));
        session.expect("<1:0> ");
        session.send("assume -\r");
        session.expect("assume: there is nothing to go back to");
        session.expect("<2:1> ");
        session.send(&shell.export("AWS_PROFILE", "it is \\ mine"));
        session.expect("<3:");
        session.send("assume prod\r");
        session.expect("[prod 4444 ");
        session.expect("<4:0> ");
        session.send("echo \"now=$AWS_PROFILE.\"\r");
        session.expect("now=.");
        session.expect("<5:0> ");
        session.send("assume -\r");
        session.expect("<6:0> ");
        session.send(
            "env | grep -c -e AWS_SESSION_TOKEN -e ROLE_HELPER_PROMPT | sed s/^/count=/; env | grep AWS_PROFILE\r",
        );
        session.expect("count=0");
        session.expect("AWS_PROFILE=it is \\ mine");
        session.send("exit\r");
        session.wait();
    }
}

#[test]
fn assume_asks_for_the_code_at_the_terminal() {
    let (aws, world) = two_roles();
    for shell in SHELLS.into_iter().filter(|shell| shell.is_here()) {
        let mut session = shell.start(&world, &shell.line(&world, ""));
        session.expect("<1:0> ");
        session.send("assume prod\r");
        session.expect("MFA code for ");
        session.expect(": ");
        session.ctrl_c();
        // zsh counts an interrupted substitution in its own way.
        session.expect(if shell == Shell::Zsh { "<2:" } else { "<2:130> " });
        session.send("assume prod\r");
        session.expect("MFA code for ");
        session.expect(": ");
        if shell == Shell::Bash {
            session.send(&format!("{}\n", aws.code_for(DEMO_MFA)));
            session.expect("[prod 4444 ");
            session.expect("<3:0> ");
            world.command(["logout", "--all"]).run().ok();
        } else {
            session.ctrl_c();
            session.expect("<3:");
        }
        session.send("exit\r");
        session.wait();
    }
}

#[test]
fn nothing_is_started_while_no_role_is_active_and_a_vanished_program_is_quiet() {
    let (_aws, world) = signed_in();
    let front = world.front();
    let count = world.path("count");
    let counting = format!("#!/bin/sh\necho x >>{}\nexec {} \"$@\"\n", count.display(), front.display());
    for shell in SHELLS.into_iter().filter(|shell| shell.is_here()) {
        drop(fs::remove_file(&count));
        let program = world.script("counting/role-helper", &counting);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let line = shell.line(&world, "");
        let now = match shell {
            Shell::Fish => format!("set __role_helper_bin {}\n", program.display()),
            _ => format!("__role_helper_bin={}\n", program.display()),
        };
        let mut session = shell.start(&world, &format!("{line}{now}"));
        session.expect("<1:0> ");
        session.send("true\r");
        session.expect("<2:0> ");
        session.send(&shell.export("AWS_PROFILE", "never-used"));
        session.expect("<3:0> ");
        assert!(!count.exists(), "{shell:?}");
        session.send(&shell.export("AWS_PROFILE", "prod"));
        session.expect("[prod 4444 ");
        session.expect("<4:0> ");
        assert!(count.exists(), "{shell:?}");
        fs::remove_file(&program).unwrap();
        session.send("true\r");
        let seen = session.expect("<5:0> ");
        assert!(
            !seen.contains("counting") && !seen.contains("not found") && !last_line(&seen).contains('['),
            "{seen:?}"
        );
        session.send(&shell.unset("AWS_PROFILE"));
        session.expect("<6:0> ");
        session.send("exit\r");
        session.wait();
    }
}

#[test]
fn a_narrow_terminal_gets_a_short_segment_and_the_right_edge_its_own() {
    let (_aws, world) = signed_in();
    for shell in SHELLS.into_iter().filter(|shell| shell.is_here()) {
        let columns = match shell {
            Shell::Fish => "set -g COLUMNS 20\n",
            _ => "COLUMNS=20\n",
        };
        let mut session = shell.start(&world, &format!("{}{columns}", shell.line(&world, "")));
        session.expect("<1:0> ");
        session.send("stty cols 20\r");
        session.expect("<2:0> ");
        session.send("assume prod\r");
        let seen = session.expect("<3:0> ");
        assert!(!seen.contains("4444") && seen.contains("m] "), "{shell:?}: {seen:?}");
        session.send("exit\r");
        session.wait();

        // There is no right prompt on a terminal that cannot move its cursor.
        let able = match shell {
            Shell::Bash => "",
            Shell::Zsh => "TERM=xterm; setopt zle\n",
            Shell::Fish => "set -gx TERM xterm\n",
        };
        let mut session = shell.start(&world, &format!("{}{able}", shell.line(&world, "--right")));
        session.expect("<1:0> ");
        session.send("stty cols 80\r");
        session.expect("<2:0> ");
        session.send("assume prod\r");
        session.expect("[prod 4444 ");
        session.send("exit\r");
        session.wait();
    }
}

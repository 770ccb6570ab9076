//! What a command finds when we become it: the caller's umask, limits, signal mask, fate of SIGPIPE and descriptors,
//! and nothing of ours.

use super::{add, code, config};
use crate::run::Run;
use crate::simulator::Simulator;
use crate::simulator::world::World as Aws;
use crate::world::{PASSPHRASE, World};
use std::os::unix::process::CommandExt;

fn stage() -> (Simulator, World) {
    let aws = Simulator::start(Aws::demo());
    let world = World::new(&aws.endpoint());
    config(&world);
    add(&world);
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    (aws, world)
}

/// What `script` prints in the product's place, after a shell said `before`.
fn becoming(world: &World, before: &str, script: &str) -> String {
    let mut command = world.program("/bin/sh");
    let line = format!("{before}; exec \"$0\" exec prod -- sh -c '{script}'");
    command.args(["-c", &line]).arg(world.front());
    Run::new(command).run().quiet().stdout
}

#[test]
fn umask_and_limits() {
    let (_aws, world) = stage();
    let script = "umask; ulimit -S -c; ulimit -H -c; ulimit -n; touch f; stat -c %a f; grep CoreDump /proc/$$/status";
    let found = becoming(&world, "umask 002; ulimit -S -c 77; ulimit -n 321", script);
    assert!(found.starts_with("0002\n77\n") && found.contains("\n321\n664\n"), "{found}");
    // The command is as open as any: what is closed is this program.
    let dumpable = becoming(&world, ":", "stat -c %u /proc/$$/environ");
    assert_eq!(dumpable.trim(), rustix::process::geteuid().as_raw().to_string());
}

#[test]
fn signals() {
    let (_aws, world) = stage();
    for ignored in [false, true] {
        let mut command = world.product(["exec", "prod", "--", "cat", "/proc/self/status"]);
        // SAFETY: system calls on memory of this closure.
        unsafe {
            command.pre_exec(move || {
                let disposition = if ignored { libc::SIG_IGN } else { libc::SIG_DFL };
                libc::signal(libc::SIGPIPE, disposition);
                libc::signal(libc::SIGUSR2, disposition);
                let mut mask = std::mem::zeroed();
                libc::sigemptyset(&mut mask);
                if ignored {
                    libc::sigaddset(&mut mask, libc::SIGUSR1);
                }
                libc::sigprocmask(libc::SIG_SETMASK, &mask, std::ptr::null_mut());
                Ok(())
            });
        }
        let output = Run::new(command).run().quiet().stdout;
        let bits = |field: &str| {
            let line = output.lines().find(|line| line.starts_with(field)).unwrap();
            u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap()
        };
        let bit = |signal: i32| 1 << (signal - 1);
        let expected = if ignored { bit(libc::SIGPIPE) | bit(libc::SIGUSR2) } else { 0 };
        assert_eq!(
            bits("SigIgn") & (bit(libc::SIGPIPE) | bit(libc::SIGUSR2) | bit(libc::SIGINT)),
            expected,
            "{output}"
        );
        assert_eq!(bits("SigBlk"), if ignored { bit(libc::SIGUSR1) } else { 0 }, "{output}");
        assert_eq!(bits("SigCgt"), 0, "{output}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_ends_nothing() {
    let (_aws, world) = stage();
    for args in ["list", "status", "export prod --format posix", "explain prod", "--help"] {
        let mut command = world.program("/bin/bash");
        command.args(["-c", &format!("\"$0\" {args} | true; echo ${{PIPESTATUS[0]}}")]).arg(world.front());
        let output = Run::new(command).run().ok();
        assert!(["0\n", "141\n"].contains(&&*output.stdout), "{args}: {output}");
        assert_eq!(output.stderr, "", "{args}");
    }
}

#[test]
fn no_descriptor_of_ours_and_all_of_the_callers() {
    let (_aws, world) = stage();
    let descriptors = |command: &str| {
        let mut shell = world.program("/bin/sh");
        let line = format!("exec 8</dev/zero; exec {command} readlink /proc/self/fd/* 2>/dev/null");
        // Where nothing is open the pattern would be empty: all numbers are tried.
        let line = line.replace("/proc/self/fd/*", "$(seq -f /proc/self/fd/%.0f 0 300)");
        shell.args(["-c", &line]).arg(world.front());
        let found = Run::new(shell).run().stdout;
        // The pipes are new ones each time.
        found.lines().map(|line| line.split('[').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (direct, ours) = (descriptors("env"), descriptors("\"$0\" exec prod --"));
    assert!(direct.iter().any(|to| to == "/dev/zero"), "{direct:?}");
    assert_eq!(direct, ours);
}

#[test]
fn the_passphrase_stays_with_us() {
    let (aws, mut world) = stage();
    world.unset_env("ROLE_HELPER_PASSPHRASE_FILE");
    // Also from what we start on the way, here the program that shows the code.
    let seen = world.path("seen");
    let ask = world.script(
        "ask",
        &format!(
            "#!/bin/sh\n(echo \"[$ROLE_HELPER_PASSPHRASE_FILE]\"; ls -l /proc/$$/fd) >'{}'\necho {}\n",
            seen.display(),
            code(&aws)
        ),
    );
    let text = world.config_text();
    world.config(
        &text.replace("[profile again]", &format!("[profile again]\nrole_helper_mfa_process = {}", ask.display())),
    );
    world.command(["logout", "--all"]).run().ok();
    let passphrase = world.secret_file("on-a-descriptor", PASSPHRASE);
    let mut command = world.program("/bin/sh");
    let line = format!(
        "exec 7<'{}'; ROLE_HELPER_PASSPHRASE_FILE=fd:7 exec \"$0\" exec again -- sh -c 'echo \"[$ROLE_HELPER_PASSPHRASE_FILE]\"; ls -l /proc/$$/fd'",
        passphrase.display()
    );
    command.args(["-c", &line]).arg(world.front());
    let output = Run::new(command).run().quiet();
    for found in [output.stdout, std::fs::read_to_string(seen).unwrap()] {
        assert!(found.contains("[]\n") && !found.contains("on-a-descriptor"), "{found}");
    }
}

/// A closed standard stream is not taken by the next file that is opened.
#[test]
fn closed_streams_get_nobodys_output() {
    let (aws, world) = stage();
    let before = world.files().iter().map(|path| std::fs::read(path).unwrap()).map(|bytes| bytes.len()).sum::<usize>();
    for line in [
        "\"$0\" credential-process prod >&-",
        "\"$0\" export prod --format posix >&- 2>&-",
        "\"$0\" status >&- 2>&- <&-",
    ] {
        let mut command = world.program("/bin/sh");
        command.args(["-c", &format!("{line}; true")]).arg(world.front());
        Run::new(command).run().ok();
    }
    for (secret, token) in aws.secrets_issued() {
        for secret in [secret, token] {
            assert_eq!(world.files_with(&secret, &[]), Vec::<std::path::PathBuf>::new());
        }
    }
    let after = world.files().iter().map(|path| std::fs::read(path).unwrap()).map(|bytes| bytes.len()).sum::<usize>();
    assert_eq!(before, after);
    // The command finds it as closed as the caller left it.
    let mut command = world.program("/bin/sh");
    command.args(["-c", "exec 2>&-; exec \"$0\" exec prod -- readlink -v /proc/self/fd/2"]).arg(world.front());
    assert_eq!(Run::new(command).run().stdout, "");
}

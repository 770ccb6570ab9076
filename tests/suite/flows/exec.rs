//! `exec` and `shell`: the command in our place, and its environment.

use super::{ADMIN, READ_ONLY, Stage, profile};
use crate::output::Output;
use crate::run::Run;
use crate::world::PASSPHRASE;
use std::collections::BTreeMap;

/// bob, whose role wants no code: `prod` in Tokyo, `plain` without a region.
fn bob() -> Stage {
    let stage = Stage::bob();
    let open = "arn:aws:iam::222233334444:role/Open";
    stage.world.config(&format!(
        "{}{}",
        profile("prod", open, "bob", "region = ap-northeast-1"),
        profile("plain", open, "bob", "")
    ));
    stage
}

fn environment(output: &Output) -> BTreeMap<String, String> {
    output.stdout.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
}

#[test]
fn the_environment_is_the_roles_and_nothing_contradicts_it() {
    let stage = bob();
    let contradicting = [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_SECURITY_TOKEN",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_CREDENTIAL_FILE",
        "AWS_ACCOUNT_ID",
        "AWS_SESSION_EXPIRATION",
        "AWS_CREDENTIAL_SCOPE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_SSO_SESSION",
    ];
    let given = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "ROLE_HELPER_PROFILE",
    ];
    let mut run = stage.world.command(["exec", "prod", "--", "env"]);
    for name in contradicting.iter().chain(&given) {
        run = run.env(name, "of-before");
    }
    let found = environment(&run.run().quiet());
    for name in contradicting {
        assert_eq!(found.get(name), None, "{name}");
    }
    assert_eq!(found["ROLE_HELPER_PROFILE"], "prod");
    assert_eq!((&*found["AWS_REGION"], &*found["AWS_DEFAULT_REGION"]), ("ap-northeast-1", "ap-northeast-1"));
    assert!(found["AWS_CREDENTIAL_EXPIRATION"].ends_with('Z'));
    let key = |name: &str| found[name].as_str();
    let arn = stage.aws.session_arn(key("AWS_ACCESS_KEY_ID"), key("AWS_SECRET_ACCESS_KEY"), key("AWS_SESSION_TOKEN"));
    assert_eq!(arn.as_deref(), Some("arn:aws:sts::222233334444:assumed-role/Open/bob"));

    // Whatever else the caller has stays, but what opens the keyring.
    for (name, value) in stage.world.environment() {
        let (name, value) = (name.to_str().unwrap(), value.to_str().unwrap());
        let expected = (name != "ROLE_HELPER_PASSPHRASE_FILE").then_some(value);
        assert_eq!(found.get(name).map(String::as_str), expected, "{name}");
    }
    assert!(!found.values().any(|value| value == "of-before" || value == PASSPHRASE));
}

#[test]
fn the_region_is_the_options_the_profiles_the_environments() {
    let stage = bob();
    let region = |args: &[&str], of_before: Option<&str>| {
        let mut run = stage.world.command(["exec"].iter().chain(args).chain(&["--", "env"]));
        if let Some(region) = of_before {
            run = run.env("AWS_REGION", region);
        }
        let found = environment(&run.run().quiet());
        assert_eq!(found.get("AWS_REGION"), found.get("AWS_DEFAULT_REGION"));
        found.get("AWS_REGION").cloned()
    };
    assert_eq!(region(&["prod"], None).as_deref(), Some("ap-northeast-1"));
    assert_eq!(region(&["prod"], Some("eu-west-1")).as_deref(), Some("ap-northeast-1"));
    assert_eq!(region(&["prod", "--region", "us-east-2"], Some("eu-west-1")).as_deref(), Some("us-east-2"));
    assert_eq!(region(&["plain"], Some("eu-west-1")).as_deref(), Some("eu-west-1"));
    assert_eq!(region(&["plain"], None), None);
    assert_eq!(stage.assumed(), 1, "a region does not change the session");
}

/// No process of ours stays between the shell and the command.
#[test]
fn the_command_takes_our_process() {
    let stage = bob();
    for _ in ["miss", "hit"] {
        let running = stage.world.command(["exec", "prod", "--", "sh", "-c", "echo $$"]).start();
        let pid = running.pid();
        assert_eq!(running.wait().quiet().stdout, format!("{pid}\n"));
    }
}

#[test]
fn the_exit_code_is_the_commands() {
    let stage = bob();
    let code = |words: &[&str]| stage.world.command(["exec", "prod", "--"].iter().chain(words)).run().code();
    assert_eq!(code(&["sh", "-c", "exit 7"]), 7);
    assert_eq!(code(&["sh", "-c", "kill -TERM $$"]), 128 + libc::SIGTERM);
    assert_eq!(code(&["true"]), 0);
    stage.world.secret_file("work/plain", "no program");
    stage.run("exec prod -- ./plain").fails(126).says("plain");
    stage.run("exec prod -- no-such-command").fails(127).says("no-such-command");
}

#[test]
fn what_follows_the_profile_is_the_command() {
    let stage = bob();
    let echo = |words: &[&str]| stage.world.command(["exec"].iter().chain(words)).run().quiet().stdout;
    assert_eq!(echo(&["prod", "echo", "--region", "-x", "--", "y"]), "--region -x -- y\n");
    assert_eq!(echo(&["prod", "--", "echo", "--", "y"]), "-- y\n");
    assert_eq!(echo(&["prod", "--duration", "15m", "printf", "%s\\n", "--help"]), "--help\n");
    let by_environment = stage.world.command(["exec", "--", "echo", "a b", ""]).env("AWS_PROFILE", "prod").run();
    assert_eq!(by_environment.quiet().stdout, "a b \n");
}

#[test]
fn missing_words_are_named() {
    let stage = bob();
    stage.run("exec").fails(2).says("no command was given to exec").says("hint: role-helper exec PROFILE -- CMD");
    stage.run("exec prod").fails(2).says("hint: role-helper exec prod -- CMD");
    stage.run("exec prod --").fails(2).says("hint: role-helper exec prod -- CMD");
    stage.run("exec -- env").fails(2).says("no profile was named").says("export AWS_PROFILE=NAME");
    stage.run("exec prdo -- env").fails(3).says("did you mean `prod`?");
}

#[test]
fn one_within_another() {
    let stage = Stage::alice();
    let both = [
        profile("prod", ADMIN, "alice", "region = eu-west-1\nrole_helper_mfa_session = 12h"),
        profile("logs", READ_ONLY, "alice", "role_helper_mfa_session = 12h"),
    ];
    stage.world.config(&both.concat());
    stage.run_with_code("login prod").ok();
    let front = stage.world.front();
    let front = front.to_str().unwrap();
    let key = "$AWS_ACCESS_KEY_ID $ROLE_HELPER_PROFILE";
    // What is inside has no passphrase file any more: the copy in the kernel opens the sessions.
    let script =
        format!("echo {key}; {front} exec logs -- sh -c 'echo {key}'; {front} exec prod -- sh -c 'echo {key}'");
    stage.run("login logs").ok();
    let output = stage.world.command(["exec", "prod", "--", "sh", "-c", &script]).run().quiet();
    let lines: Vec<_> = output.stdout.lines().collect();
    assert!(lines[0].ends_with(" prod") && lines[1].ends_with(" logs") && lines[0] != lines[1], "{output}");
    assert_eq!(lines[0], lines[2]);
    let status = stage.world.command(["exec", "prod", "--", front, "status", "--json"]).run().quiet().json();
    assert_eq!((&status["profile"]["name"], &status["profile"]["in_exec"]), (&"prod".into(), &true.into()));
}

/// An `exec` inside may need the network and the keyring: that works as well, though the passphrase file was dropped.
#[test]
fn one_within_another_that_needs_the_keyring() {
    let stage = bob();
    let front = stage.world.front();
    let script = format!("{} exec prod --no-session-cache -- sh -c 'echo $AWS_ACCESS_KEY_ID'", front.display());
    let output = stage.world.command(["exec", "prod", "--", "sh", "-c", &script]).run().quiet();
    assert!(output.stdout.starts_with("ASIA"), "{output}");
    assert_eq!(stage.assumed(), 2);
}

#[test]
fn stdin_behind_the_code_is_the_commands() {
    let stage = Stage::alice();
    stage.world.config(&profile("prod", ADMIN, "alice", ""));
    let input = format!("{}\nfor the command\n", stage.code());
    let output = stage.world.command(["exec", "prod", "--mfa-code", "-", "--", "cat"]).input(input).run();
    assert_eq!(output.quiet().stdout, "for the command\n");
}

#[test]
fn umask_and_limits_are_the_callers() {
    let stage = bob();
    let inner = "umask; ulimit -S -c; trap '' USR1; grep SigIgn /proc/self/status";
    let script = format!("umask 027; ulimit -S -c 0; {inner}; \"$@\" -c '{inner}'");
    let front = stage.world.front();
    let mut command = stage.world.program("/bin/sh");
    command.args(["-c", &script, "sh"]).arg(&front).args(["exec", "prod", "--", "/bin/sh"]);
    let output = Run::new(command).run().quiet();
    let lines: Vec<_> = output.stdout.lines().collect();
    assert_eq!(lines[..3], lines[3..], "{output}");
    assert!(lines[0].ends_with("027"));
}

#[test]
fn options_change_this_run_alone() {
    let stage = bob();
    stage.world.secret_file(
        "work/policy.json",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
    );
    let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    stage.run(&format!("exec prod --duration 2h --session-name Night.Shift --session-policy policy.json --session-policy {policy} --tag team=web --tag ticket=A-1 -- true")).quiet();
    let calls = stage.aws.calls_of("AssumeRole");
    let param = |name: &str| calls[0].param(name).map(str::to_owned);
    assert_eq!(param("DurationSeconds").as_deref(), Some("7200"));
    assert_eq!(param("RoleSessionName").as_deref(), Some("Night.Shift"));
    assert!(param("Policy").unwrap().contains("s3:*"));
    assert_eq!(param("PolicyArns.member.1.arn").as_deref(), Some(policy));
    assert_eq!(
        (param("Tags.member.1.Key").as_deref(), param("Tags.member.2.Value").as_deref()),
        (Some("team"), Some("A-1"))
    );
    stage.run("exec prod -- true").quiet();
    let plain = &stage.aws.calls_of("AssumeRole")[1];
    assert_eq!(
        (plain.param("RoleSessionName"), plain.param("Policy"), plain.param("Tags.member.1.Key")),
        (Some("bob"), None, None)
    );
    for (options, part) in [
        ("--duration 10m", "--duration"),
        ("--duration 13h", "--duration"),
        ("--session-name a", "2 to 64"),
        ("--tag team", "a tag is KEY=VALUE"),
        ("--tag aws:x=y", "aws:"),
        ("--session-policy none.json", "none.json"),
        ("--session-policy policy.json --session-policy policy.json", "takes one file"),
        ("--mfa-code 12345", "--mfa-code"),
        ("--region Tokyo!", "--region"),
    ] {
        let output = stage.run(&format!("exec prod {options} -- true")).fails(2);
        assert!(output.stderr.contains(part), "{part}: {output}");
    }
    assert_eq!(stage.assumed(), 2);
}

#[test]
fn a_second_policy_would_widen_and_is_refused() {
    let stage = bob();
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let open = "arn:aws:iam::222233334444:role/Open";
    stage.world.config(&profile("narrow", open, "bob", &format!("role_helper_session_policy = {policy}")));
    stage.world.secret_file("work/policy.json", policy);
    stage.run("exec narrow --session-policy policy.json -- true").fails(2).says("has a session policy already");
    stage.run("exec narrow -- true").quiet();
    assert_eq!(stage.assumed(), 1);
}

#[test]
fn without_the_cache_every_run_is_a_new_session() {
    let stage = bob();
    let key = || {
        stage
            .world
            .command(["exec", "prod", "--no-session-cache", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"])
            .run()
            .quiet()
            .stdout
    };
    assert_ne!(key(), key());
    assert_eq!(stage.assumed(), 2);
    let live = stage.run("list --json").quiet().json();
    assert_eq!(live["sessions"].as_array().unwrap().len(), 0);
}

#[test]
fn a_shell_of_the_role() {
    let stage = bob();
    let shell = stage.world.script("home/shell", "#!/bin/sh\necho \"$0 $# $ROLE_HELPER_PROFILE $$\"\nexit 3\n");
    let running = stage.world.command(["shell", "prod"]).env("SHELL", &shell).start();
    let pid = running.pid();
    let output = running.wait().ends(3);
    assert_eq!(output.stdout, format!("{} 0 prod {pid}\n", shell.display()));
    let named = stage.world.command(["shell"]).env("SHELL", &shell).env("AWS_PROFILE", "prod").run();
    assert_eq!(named.code(), 3, "{named}");
    stage.world.command(["shell", "prod"]).env("SHELL", "sh").run().fails(3).says("it is not an absolute path");
    stage.world.command(["shell", "prod"]).env("SHELL", "/no/sh").run().fails(3).says("there is no such file");

    let mut session = stage.world.terminal(["shell", "prod"]).env("PS1", "% ").start();
    session.expect("% ");
    session.send("echo in''side $ROLE_HELPER_PROFILE\n");
    session.expect("inside prod");
    session.send("exit 5\n");
    session.wait().exits(5);
}

/// The passphrase may come by a descriptor: the keyring is opened by it, the command has it no more.
#[test]
fn a_descriptor_with_the_passphrase_ends_with_us() {
    let stage = bob();
    let open = "for n in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$n ] && echo $n; done";
    let inside = format!("{open}; echo ${{ROLE_HELPER_PASSPHRASE_FILE-none}}");
    let script = format!("\"$@\" exec prod --no-session-cache -- /bin/sh -c '{inside}' 5<passphrase 6</dev/null");
    let mut command = stage.world.program("/bin/sh");
    command.args(["-c", &script, "sh"]).arg(stage.world.front());
    command.env("ROLE_HELPER_PASSPHRASE_FILE", "5").current_dir(stage.world.path(""));
    // What else the caller holds open is its own and stays.
    assert_eq!(Run::new(command).run().quiet().stdout, "6\nnone\n");
}

#[test]
fn other_commands_take_a_name_for_their_session_too() {
    let stage = bob();
    stage.run("login prod --session-name Night.Shift").ok().says(" as Night.Shift, ");
    stage.run("export prod --format json --session-name Night.Shift").quiet();
    assert_eq!(stage.assumed(), 1, "the same session");
    stage.run("login prod").ok().says(" as bob, ");
    assert_eq!(stage.assumed(), 2);
}

//! Known secrets go through every command, by success and by failure; then everything that was printed, written or
//! shown is searched for them.

use super::search::{Known, Watch};
use super::{add, code, config, key_json};
use crate::output::Output;
use crate::secret_service::SecretService;
use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::faults::Fault;
use crate::simulator::world::World as Aws;
use crate::world::{PASSPHRASE, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::time::Duration;

const FALSE_SECRET: &str = "FaLsE+secret/that0AWS0does0not0know0at00";
const PLAIN_SECRET: &str = "PlAiN+secret/in0the0credentials0file0000";
const FALSE_PASSPHRASE: &str = "a passphrase that opens nothing";
const SESSION: &[&str] = &["session"];

struct Stage {
    aws: Simulator,
    world: World,
    known: Known,
    /// What was printed, with what was due there.
    printed: Vec<(Output, &'static [&'static str])>,
    terminals: Vec<String>,
}

impl Stage {
    fn run(&mut self, args: &[&str], input: &str) -> Output {
        let output = self.world.command(args).input(input).run();
        self.printed.push((output.clone(), &[]));
        output
    }

    /// A command that is asked to print a session's secrets.
    fn run_for_secrets(&mut self, args: &[&str], input: &str) {
        let output = self.world.command(args).input(input).run().ok();
        self.printed.push((output, SESSION));
    }

    fn code(&mut self) -> String {
        let mut code = code(&self.aws);
        // One that a fault kept from AWS is good there, and used here.
        while !self.known.within(code.as_bytes(), &[]).is_empty() {
            self.aws.advance(30);
            code = super::code(&self.aws);
        }
        self.known.code(&code);
        format!("{code}\n")
    }
}

#[test]
fn with_the_file_keyring() {
    let mut world = World::new("");
    world.set_env("ROLE_HELPER_KEYRING", "file");
    through_every_command(world, None);
}

#[test]
fn with_a_secret_service() {
    let service = SecretService::unlocked();
    let mut world = World::new("");
    service.serve(&mut world);
    through_every_command(world, Some(&service));
}

fn through_every_command(mut world: World, service: Option<&SecretService>) {
    let aws = Simulator::start(Aws::demo());
    let log = world.path("debug.log");
    world.set_endpoint(&aws.endpoint()).set_env("ROLE_HELPER_LOG", &log);
    config(&world);
    let mut known = Known::default();
    known.secret("the long-term secret", DEMO_SECRET.as_bytes());
    known.secret("a secret that AWS refused", FALSE_SECRET.as_bytes());
    known.secret("the passphrase", PASSPHRASE.as_bytes());
    known.secret("a false passphrase", FALSE_PASSPHRASE.as_bytes());
    let watch = Watch::of(world.path(""));
    let mut stage = Stage { aws, world, known, printed: Vec::new(), terminals: Vec::new() };
    failures_of_add(&mut stage);
    stage.run(&["add", "alice", "--stdin"], &key_json());
    stage.run(&["add", "alice", "--stdin"], &key_json());
    stage.run(&["setup", "more", "--role-arn", &format!("{}/Admin", super::ROLES), "--source-profile", "alice"], "");
    sessions(&mut stage);
    failures_of_sessions(&mut stage);
    if service.is_none() {
        passphrases(&mut stage);
    }
    if let Some(service) = service {
        // The one place where the data key can be seen from outside.
        let found = service.secret_tool(&["search", "--all", "service", "role-helper"]).run().ok().stdout;
        let all =
            found.lines().filter_map(|line| line.strip_prefix("secret = ")).filter_map(|s| STANDARD.decode(s).ok());
        let data_key = all.into_iter().find(|bytes| bytes.len() == 32).expect("a data key");
        stage.known.secret("the data key", &data_key);
    }
    for command in ["list", "status", "explain"] {
        let profile: &[&str] = if command == "list" { &[] } else { &["prod"] };
        stage.run(&[&[command], profile].concat(), "").ok();
        stage.run(&[&[command, "--json"], profile].concat(), "").ok();
    }
    let before = stage.world.files();
    stage.run(&["logout", "wide"], "").ok();
    stage.run(&["logout", "--all"], "").ok();
    search(&stage, watch);
    let sealed = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "sealed");
    assert!(before.iter().filter(sealed).count() > 2 && stage.world.files().iter().filter(sealed).count() == 0);
    stage.run(&["remove", "alice", "--force"], "");
    search_files(&stage);
}

fn failures_of_add(stage: &mut Stage) {
    let json = |id: &str, secret: &str| format!(r#"{{"AccessKeyId":"{id}","SecretAccessKey":"{secret}"}}"#);
    assert_eq!(stage.run(&["add", "alice", "--stdin"], &json(DEMO_KEY_ID, FALSE_SECRET)).code(), 1);
    for broken in
        [json(DEMO_SECRET, DEMO_KEY_ID), format!("{{\"AccessKeyId\": \"x\", \"SecretAccessKey\": {DEMO_SECRET}")]
    {
        assert_eq!(stage.run(&["add", "alice", "--stdin"], &broken).code(), 2);
    }
    let csv = stage
        .world
        .secret_file("swapped.csv", &format!("Access key ID,Secret access key\n{DEMO_SECRET},{DEMO_KEY_ID}\n"));
    assert_eq!(stage.run(&["add", "alice", "--csv", csv.to_str().unwrap()], "").code(), 2);
    fs::remove_file(csv).unwrap();
    // A key in plain text, which AWS does not know, in a line that is broken as well.
    let text = format!("[plain]\naws_access_key_id = {DEMO_KEY_ID}\naws_secret_access_key = {PLAIN_SECRET}\n");
    stage.world.credentials(&format!("{text}[broken\n{FALSE_SECRET}\n"));
    stage.run(&["add", "plain", "--from-profile", "plain"], "");
    stage.run(&["list"], "");
    stage.world.credentials(&text);
    stage.known.secret("the secret in plain text", PLAIN_SECRET.as_bytes());
    assert_eq!(stage.run(&["add", "plain", "--from-profile", "plain"], "").code(), 1);
}

fn sessions(stage: &mut Stage) {
    let code = stage.code();
    stage.run(&["login", "prod", "--mfa-code", "-"], &code).ok();
    stage.run_for_secrets(&["credential-process", "prod"], "");
    for format in ["posix", "fish", "powershell", "dotenv", "json"] {
        stage.run_for_secrets(&["export", "prod", "--format", format], "");
    }
    let seen = ["sh", "-c", "cat /proc/self/cmdline /proc/self/environ; ls -l /proc/self/fd >&2"];
    stage.run_for_secrets(&[&["exec", "prod", "--"], &seen[..]].concat(), "");
    let code = stage.code();
    stage.run_for_secrets(&["credential-process", "wide", "--mfa-code", "-"], &code);
    stage.run(&["exec", "read", "--", "true"], "").ok();
    stage.run(&["console", "prod", "--print"], "").ok();
    stage.run(&["console", "prod"], "");

    // Asked at a terminal, first wrong, while AWS takes its time.
    let wrong = stage.aws.wrong_code_for(DEMO_MFA);
    stage.known.code(&wrong);
    let mut session = stage.world.called(["credential-process", "again"]).start();
    session.expect("MFA code for");
    session.send(&format!("{wrong}\n"));
    session.expect("MFA code for");
    stage.aws.fail_once("AssumeRole", Fault::latency(Duration::from_millis(300)));
    let code = stage.code();
    session.send(&code);
    let ended = session.wait().restored().exits(0);
    stage.terminals.push(ended.transcript.clone());
    stage.printed.push((ended.output, SESSION));

    // Asked of a program.
    let text = stage.world.config_text();
    let code = stage.code();
    let answer = stage.world.secret_file("code", &code);
    let script = stage.world.script(
        "ask",
        &format!(
            "#!/bin/sh\ncat /proc/self/environ /proc/$PPID/cmdline >>'{}'\ncat '{}'\n",
            stage.world.path("child").display(),
            answer.display()
        ),
    );
    let line = format!("role_helper_mfa_process = {}\n[profile wide]", script.display());
    stage.world.config(&text.replace("[profile wide]", &line));
    stage.run(&["login", "again", "--force"], "").ok();
    assert!(fs::read(stage.world.path("child")).unwrap().len() > 100, "the program looked around");
    fs::remove_file(answer).unwrap();
    stage.world.config(&text);
}

fn failures_of_sessions(stage: &mut Stage) {
    let code = stage.code();
    stage.run(&["login", "denied", "--mfa-code", "-"], &code).clone().fails(1);
    stage.run(&["login", "prod", "--force", "--mfa-code", "-"], "12345x\n").fails(2);
    stage.known.code("555123");
    stage.run(&["login", "prod", "--force", "--mfa-code", "-"], "5551234\n").fails(2);
    for fault in [Fault::Html, Fault::HalfBody, Fault::ResetAfterHandling, Fault::error(403, "AccessDenied", "no")] {
        stage.aws.fail_once("AssumeRole", fault);
        let code = stage.code();
        let before = stage.aws.calls_of("AssumeRole").len();
        let output = stage.run(&["login", "prod", "--force", "--mfa-code", "-"], &code);
        assert_ne!(output.code(), 0);
        assert!(stage.aws.calls_of("AssumeRole").len() > before, "{output}");
        stage.aws.heal();
    }
    let code = stage.code();
    stage.run(&["exec", "prod", "--no-session-cache", "--mfa-code", "-", "--", "/nowhere/at/all"], &code);
    stage.run(&["exec", "nobody", "--", "true"], "").fails(3);
    // The key is changed in the keyring's back: AWS does not know it any more.
    stage.aws.change(|world| world.users[0].keys[0].active = false);
    let code = stage.code();
    stage.run(&["login", "prod", "--force", "--mfa-code", "-"], &code).fails(1);
    stage.aws.change(|world| world.users[0].keys[0].active = true);
}

fn passphrases(stage: &mut Stage) {
    stage.world.secret_file("passphrase", FALSE_PASSPHRASE);
    stage.run(&["login", "prod", "--force", "--mfa-code", "-"], "000000\n").fails(5);
    stage.world.unset_env("ROLE_HELPER_PASSPHRASE_FILE");
    stage.run(&["logout", "--all"], "").ok();
    let mut session = stage.world.terminal(["login", "prod"]).start();
    session.expect("Passphrase: ");
    session.send(&format!("{FALSE_PASSPHRASE}\n"));
    session.expect("does not open it");
    session.expect("Passphrase: ");
    session.send(&format!("{PASSPHRASE}\n"));
    session.expect("MFA code for");
    let code = stage.code();
    session.send(&code);
    stage.terminals.push(session.wait().restored().exits(0).transcript);
    for profile in ["wide", "again"] {
        let code = stage.code();
        stage.run(&["login", profile, "--mfa-code", "-"], &code).ok();
    }
    stage.world.secret_file("passphrase", PASSPHRASE);
}

fn search(stage: &Stage, watch: Watch) {
    let issued = stage.aws.secrets_issued();
    assert!(issued.len() >= 4, "{}", issued.len());
    let mut known = Known::default();
    for (secret, token) in &issued {
        known.secret("session's secret", secret.as_bytes());
        known.secret("session's token", token.as_bytes());
    }
    for (output, due) in &stage.printed {
        for known in [&known, &stage.known] {
            known.absent(&format!("stdout of {}", output.said), output.stdout.as_bytes(), due);
            known.absent(&format!("stderr of {}", output.said), output.stderr.as_bytes(), &[]);
        }
    }
    let shown = stage.printed.iter().filter(|(output, _)| !known.within(output.stdout.as_bytes(), &[]).is_empty());
    assert!(shown.count() >= 7, "the search does not find what is due");
    for transcript in &stage.terminals {
        known.absent("a terminal", transcript.as_bytes(), &[]);
        stage.known.absent("a terminal", transcript.as_bytes(), &[]);
    }
    let log = fs::read(stage.world.path("debug.log")).unwrap();
    assert!(log.len() > 300, "the log says something");
    for known in [&known, &stage.known] {
        known.absent("the log", &log, &[]);
    }
    let mut ours = 0;
    for (program, bytes) in watch.seen() {
        let is_ours = program.file_name().is_some_and(|name| name.to_string_lossy().starts_with("role-helper"));
        ours += usize::from(is_ours);
        stage.known.absent(&format!("a process of {}", program.display()), &bytes, &[]);
        if is_ours {
            known.absent(&format!("a process of {}", program.display()), &bytes, &[]);
        }
    }
    assert!(ours > 5, "only {ours} of our processes were seen");
    for path in stage.world.files() {
        known.absent(&path.display().to_string(), &fs::read(&path).unwrap(), &[]);
    }
    search_files(stage);
}

/// All but the two files where the test itself put a secret.
fn search_files(stage: &Stage) {
    for path in stage.world.files() {
        if path != stage.world.path("passphrase") && path != stage.world.credentials_file() {
            stage.known.absent(&path.display().to_string(), &fs::read(&path).unwrap(), &[]);
        }
    }
}

/// The searched places are those of a home of its own: nothing of a run lies outside of it.
#[test]
fn nothing_is_written_outside_of_the_home() {
    let aws = Simulator::start(Aws::demo());
    let world = World::new(&aws.endpoint());
    config(&world);
    let mut command = world.program("strace");
    if !std::path::Path::new("/usr/bin/strace").exists() {
        eprintln!("skipped: no strace");
        return;
    }
    add(&world);
    let trace = world.path("trace");
    command.args(["-f", "-e", "trace=openat,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat", "-o"]);
    command.arg(&trace).arg(world.front()).args(["login", "prod", "--mfa-code", &code(&aws)]);
    crate::run::Run::new(command).run().ok();
    let home = world.path("").display().to_string();
    let text = fs::read_to_string(&trace).unwrap();
    let writes = text.lines().filter(|line| line.contains("O_CREAT") || line.contains("rename("));
    let mut count = 0;
    for line in writes {
        count += 1;
        assert!(line.contains(&home) || line.contains("ENOENT"), "{line}");
    }
    assert!(count > 3, "{text}");
}

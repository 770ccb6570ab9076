//! `setup` by flags: what it writes, what it leaves as it was, and what it refuses.

use super::{ADMIN, READ_ONLY, Stage};
use crate::output::Output;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

const FOUND: &str = "# of mine\n\n[default]\nregion=eu-west-1   \noutput =json\n; and\n\n\n[profile a]  \nregion = us-east-1\ns3 =\n    max_concurrent_requests = 20\n\n# the end, no line break";

fn setup(stage: &Stage, profile: &str, more: &[&str]) -> Output {
    let given = ["setup", profile, "--role-arn", ADMIN, "--source-profile", "alice"];
    stage.world.command(given.iter().chain(more)).run()
}

fn section(stage: &Stage, profile: &str) -> String {
    format!(
        "[profile {profile}]\ncredential_process = {} credential-process {profile}\n\
         role_helper_role_arn = {ADMIN}\nrole_helper_source_profile = alice\n",
        stage.world.front().display()
    )
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// Names in `~/.aws`.
fn names(stage: &Stage) -> Vec<String> {
    let folder = stage.world.path("home/.aws");
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn where_there_is_no_file_one_is_made_for_its_owner_alone() {
    let stage = Stage::alice();
    fs::remove_dir(stage.world.path("home/.aws")).unwrap();
    let output = setup(&stage, "prod", &["--region", "ap-northeast-1"]).ok();
    assert_eq!(output.stdout, "");
    output.says("wrote to ~/.aws/config:").says("next: aws sts get-caller-identity --profile prod");
    let expected = section(&stage, "prod").replacen("]\n", "]\nregion = ap-northeast-1\n", 1);
    assert_eq!(stage.world.config_text(), expected);
    assert_eq!((mode(&stage.world.path("home/.aws")), mode(&stage.world.config_file())), (0o700, 0o600));
    assert_eq!(names(&stage), ["config"]);
    assert!(stage.aws.calls().is_empty());
}

#[test]
fn all_else_is_kept_byte_for_byte_with_a_backup_and_the_mode() {
    let stage = Stage::alice();
    stage.world.config(FOUND);
    fs::set_permissions(stage.world.config_file(), fs::Permissions::from_mode(0o640)).unwrap();
    setup(&stage, "prod", &[]).ok();
    assert_eq!(stage.world.config_text(), format!("{FOUND}\n\n{}", section(&stage, "prod")));
    assert_eq!(mode(&stage.world.config_file()), 0o640);
    assert_eq!(names(&stage), ["config", "config.role-helper-backup"]);
    let backup = stage.world.path("home/.aws/config.role-helper-backup");
    assert_eq!(fs::read_to_string(&backup).unwrap(), FOUND);
    assert_eq!(mode(&backup) & 0o037, 0, "{:o}", mode(&backup));
}

#[test]
fn windows_line_ends_stay() {
    let stage = Stage::alice();
    let found = "# mine\r\n[profile a]\r\nregion = us-east-1\r\n";
    stage.world.config(found);
    setup(&stage, "prod", &[]).ok();
    let expected = format!("{found}\r\n{}", section(&stage, "prod").replace('\n', "\r\n"));
    assert_eq!(stage.world.config_text(), expected);
    setup(&stage, "prod", &[]).ok().says("is so already");
    assert_eq!(stage.world.config_text(), expected);
}

#[test]
fn twice_is_once() {
    let stage = Stage::alice();
    stage.world.config(FOUND);
    setup(&stage, "prod", &["--mfa-session", "12h"]).ok();
    let before = fs::metadata(stage.world.config_file()).unwrap();
    let text = stage.world.config_text();
    setup(&stage, "prod", &["--mfa-session", "12h"]).ok().says("profile prod in ~/.aws/config is so already");
    let after = fs::metadata(stage.world.config_file()).unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    assert_eq!(stage.world.config_text(), text);
    let backup = fs::read_to_string(stage.world.path("home/.aws/config.role-helper-backup")).unwrap();
    assert_eq!(backup, FOUND, "the backup is of before the change");
}

#[test]
fn every_flag_is_written_and_read_back() {
    let stage = Stage::alice();
    let flags = [
        "--region=eu-west-1",
        "--duration=43200s",
        "--mfa-serial=arn:aws:iam::111122223333:mfa/other",
        "--external-id=ab/c:d",
        "--session-name=Al.ice",
        "--source-identity=user",
    ];
    setup(&stage, "prod", &flags).ok();
    let text = stage.world.config_text();
    for line in [
        "region = eu-west-1\n",
        "role_helper_mfa_serial = arn:aws:iam::111122223333:mfa/other\n",
        "role_helper_duration = 12h\n",
        "role_helper_external_id = ab/c:d\n",
        "role_helper_session_name = Al.ice\n",
        "role_helper_source_identity = user\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    let explained = stage.run("explain prod --json").quiet().json();
    assert_eq!(explained["profile"], "prod", "{explained}");
}

#[test]
fn the_default_profile_has_its_plain_header() {
    let stage = Stage::alice();
    setup(&stage, "default", &[]).ok().says("    [default]\n");
    assert!(stage.world.config_text().starts_with("[default]\ncredential_process = "));
}

#[test]
fn a_linked_file_is_edited_where_it_lies() {
    let stage = Stage::alice();
    let target = stage.world.secret_file("dotfiles/aws-config", FOUND);
    symlink("../../dotfiles/aws-config", stage.world.config_file()).unwrap();
    setup(&stage, "prod", &[]).ok();
    assert!(fs::symlink_metadata(stage.world.config_file()).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(target).unwrap(), format!("{FOUND}\n\n{}", section(&stage, "prod")));
    setup(&stage, "prod", &[]).ok().says("is so already");
}

#[test]
fn what_others_can_write_is_not_edited() {
    let stage = Stage::alice();
    stage.world.config(FOUND);
    fs::set_permissions(stage.world.config_file(), fs::Permissions::from_mode(0o666)).unwrap();
    let output = setup(&stage, "prod", &[]);
    assert_ne!(output.code(), 0, "{output}");
    assert!(output.stderr.contains("chmod"), "{output}");
    assert_eq!(stage.world.config_text(), FOUND);
}

#[test]
fn a_file_that_some_client_refuses_is_left_alone_and_said_why() {
    let stage = Stage::alice();
    for (text, line, why) in [
        ("[profile a]\nregion = x\nregion = y\n", 3, "region"),
        ("[profile a]\nregion = x\n\n[profile a]\noutput = json\n", 4, "a"),
        ("\u{feff}[profile a]\nregion = x\n", 1, "byte order mark"),
        ("[profile a]\nregion\n", 2, "="),
        ("[profile a\nregion = x\n", 1, "]"),
        ("region = x\n[profile a]\n", 1, "before any section"),
        ("[profile a]\n  region = x\n", 2, "indented"),
    ] {
        stage.world.config(text);
        let output = setup(&stage, "prod", &[]).fails(3).says("~/.aws/config: the file cannot be edited safely");
        let output = output.says(&format!("cause: line {line}: ")).says(&format!("hint: in line {line}: "));
        assert!(output.stderr.contains(why), "{why}: {output}");
        let who = ["botocore", "SDK", "client", "AWS CLI"].iter().any(|who| output.stderr.contains(who));
        assert!(who, "nobody is named who refuses it\n{output}");
        assert_eq!(stage.world.config_text(), text);
        assert_eq!(names(&stage), ["config"]);
    }
}

#[test]
fn keys_in_plain_text_are_nobodys_to_remove() {
    let stage = Stage::alice();
    let text = "[profile prod]\naws_access_key_id = AKIAIOSFODNN7EXAMPL9\naws_secret_access_key = x\n";
    stage.world.config(text);
    for more in [&[][..], &["--force"]] {
        setup(&stage, "prod", more)
            .fails(3)
            .says("contradict credential_process")
            .says("line 2: aws_access_key_id beside credential_process")
            .says("hint: role-helper add NAME --from-profile prod, then remove these lines");
    }
    assert_eq!(stage.world.config_text(), text);
    stage.world.config("").credentials(&text.replace("profile ", ""));
    setup(&stage, "prod", &[])
        .fails(3)
        .says("profile prod has an access key in plain text")
        .says("~/.aws/credentials:2")
        .says("most clients would use it");
    assert_eq!(stage.world.config_text(), "");
}

#[test]
fn an_aws_profile_is_taken_over_after_a_yes() {
    let stage = Stage::alice();
    let text = format!(
        "[profile prod]\nregion = eu-west-1\nrole_arn = {READ_ONLY}\nsource_profile = alice\n\
         mfa_serial = arn:aws:iam::111122223333:mfa/alice\nrole_session_name = Alice\noutput = json\n"
    );
    stage.world.config(&text);
    setup(&stage, "prod", &[]).ends(4).says("hint: the same command with --force");
    assert_eq!(stage.world.config_text(), text);
    let words = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alice"];
    for (answer, code) in [("n\n", 1), ("y\n", 0)] {
        let mut session = stage.world.terminal(words).start();
        session.expect("replace in profile prod: ");
        session.send(answer);
        session.wait().restored().exits(code).showed(&format!("role_arn = {READ_ONLY}"));
        assert_eq!(stage.world.config_text() == text, code == 1);
    }
    assert_eq!(
        stage.world.config_text(),
        format!(
            "[profile prod]\nregion = eu-west-1\noutput = json\n{}role_helper_mfa_serial = \
             arn:aws:iam::111122223333:mfa/alice\nrole_helper_session_name = Alice\n",
            section(&stage, "prod").lines().skip(1).map(|line| format!("{line}\n")).collect::<String>()
        )
    );
}

#[test]
fn changing_the_role_asks_and_force_does_not() {
    let stage = Stage::alice();
    setup(&stage, "prod", &[]).ok();
    let before = stage.world.config_text();
    let other = ["setup", "prod", "--role-arn", READ_ONLY, "--source-profile", "alice"];
    let output = stage.world.command(other).run();
    assert_eq!(output.code(), 4, "{output}");
    assert_eq!(stage.world.config_text(), before);
    stage.world.command(other.iter().chain(&["--force"])).run().ok();
    assert_eq!(stage.world.config_text(), before.replace(ADMIN, READ_ONLY));
}

#[test]
fn what_cannot_be_written_is_said_by_its_flag() {
    let stage = Stage::alice();
    for (flags, part) in [
        (&["--duration", "13h"][..], "--duration"),
        (&["--duration", "5m"], "--duration"),
        (&["--mfa-session", "40h"], "--mfa-session"),
        (&["--session-name", "a"], "2 to 64"),
        (&["--session-name", "al ice"], "--session-name"),
        (&["--mfa-serial", "x"], "--mfa-serial"),
        (&["--external-id", "a b#c"], "external"),
        (&["--region", "eu west 1"], "region"),
        (&["--source-identity", "a"], "--source-identity"),
        (&["--source-identity", "aws:me"], "--source-identity"),
    ] {
        let output = setup(&stage, "prod", flags).fails(2);
        assert!(output.stderr.contains(part), "{part}: {output}");
        assert_eq!(stage.world.config_text(), "", "{flags:?}");
    }
    let arn = ["setup", "prod", "--role-arn", "arn:aws:iam::222233334444:user/x", "--source-profile", "alice"];
    stage.world.command(arn).run().fails(2).says("--role-arn");
    for name in ["two words", "-x", "a#b"] {
        let words = ["setup", "--role-arn", ADMIN, "--source-profile", "alice", "--", name];
        stage.world.command(words).run().fails(2);
    }
    assert_eq!(stage.world.config_text(), "");
}

/// A shared code and a role for longer than AWS gives one: nobody could use that profile.
#[test]
fn a_duration_that_the_shared_code_forbids_is_refused_before_it_is_written() {
    let stage = Stage::alice();
    setup(&stage, "prod", &["--mfa-session", "12h", "--duration", "2h"])
        .fails(3)
        .says("2h is too long for profile `prod`")
        .says("AWS ends a role assumed from an MFA session (mfa_session) after 1h");
    assert_eq!(stage.world.config_text(), "");
    let loops = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "prod"];
    stage.world.command(loops).run().fails(3).says("the source profiles form a loop");
    assert_eq!(stage.world.config_text(), "");
}

#[test]
fn a_source_that_is_not_there_yet_is_warned_of() {
    let stage = Stage::alice();
    let words = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alcie"];
    let output = stage.world.command(words).run().ok();
    output.says("warning: the source profile `alcie` of `prod` was not added").says("did you mean `alice`?");
}

/// Called through a link, as package managers make them, the link is what is written: it outlives upgrades.
#[test]
fn the_link_that_was_called_is_written() {
    let stage = Stage::alice();
    fs::create_dir(stage.world.path("bin")).unwrap();
    let link = stage.world.path("bin/role-helper");
    symlink(stage.world.front(), &link).unwrap();
    let mut command = stage.world.program(&link);
    command.args(["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alice"]);
    crate::run::Run::new(command).run().ok();
    let line = format!("credential_process = {} credential-process prod\n", link.display());
    assert!(stage.world.config_text().contains(&line), "{}", stage.world.config_text());
}

/// A role from a role: the chain's rule is known before it is written.
#[test]
fn a_role_profile_may_be_the_source() {
    let stage = Stage::alice();
    setup(&stage, "prod", &[]).ok();
    let chained = ["setup", "far", "--role-arn", super::CHAINED, "--source-profile", "prod"];
    let long = stage.world.command(chained.iter().chain(&["--duration", "2h"])).run();
    long.fails(3).says("2h is too long for profile `far`").says("(role chaining)");
    stage.world.command(chained).run().ok().says("next: aws sts get-caller-identity --profile far");
    stage.run_with_code("credential-process far").quiet();
    assert_eq!(stage.assumed(), 2);
}

#[test]
fn the_file_is_where_the_environment_says() {
    let stage = Stage::alice();
    let place = stage.world.path("elsewhere/deep/config");
    let given = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alice"];
    let output = stage.world.command(given).env("AWS_CONFIG_FILE", &place).run().ok();
    output.says(&format!("wrote to {}", place.display()));
    assert_eq!(fs::read_to_string(&place).unwrap(), section(&stage, "prod"));
    assert_eq!(stage.world.config_text(), "");
    let nowhere = stage.world.path("work/link");
    symlink("gone/config", &nowhere).unwrap();
    let output = stage.world.command(given).env("AWS_CONFIG_FILE", &nowhere).run();
    assert_ne!(output.code(), 0, "{output}");
    assert!(output.stderr.contains("it is a symbolic link that leads nowhere"), "{output}");
}

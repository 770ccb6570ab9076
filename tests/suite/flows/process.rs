//! `credential-process`: the protocol to the letter, on a miss and on a hit.

use super::{ADMIN, Stage, profile};
use crate::output::Output;

fn stage() -> Stage {
    let stage = Stage::alice();
    stage.world.config(&profile("prod", ADMIN, "alice", ""));
    stage
}

/// One line of JSON that every client reads, of a session that AWS knows.
#[track_caller]
fn is_the_protocol(stage: &Stage, output: &Output) {
    assert_eq!((output.code(), &*output.stderr), (0, ""), "{output}");
    assert!(output.stdout.ends_with("}\n") && output.stdout.matches('\n').count() == 1, "{output}");
    let json = output.json();
    let members: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut sorted = members.clone();
    sorted.sort_unstable();
    let all = ["AccessKeyId", "AccountId", "Expiration", "SecretAccessKey", "SessionToken", "Version"];
    assert_eq!(sorted, all, "{output}");
    assert_eq!(json["Version"], serde_json::json!(1));
    assert_eq!(json["AccountId"], "222233334444");
    let expiration = json["Expiration"].as_str().unwrap();
    let shape: String = expiration.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z");
    let text = |member: &str| json[member].as_str().unwrap().to_owned();
    assert!(text("AccessKeyId").starts_with("ASIA"));
    let arn = stage.aws.session_arn(&text("AccessKeyId"), &text("SecretAccessKey"), &text("SessionToken"));
    assert_eq!(arn.as_deref(), Some("arn:aws:sts::222233334444:assumed-role/Admin/alice"));
}

#[test]
fn a_miss_and_the_hits_after_it() {
    let stage = stage();
    let miss = stage.run_with_code("credential-process prod");
    is_the_protocol(&stage, &miss);
    assert_eq!(stage.assumed(), 1);
    for _ in 0..3 {
        let hit = stage.run("credential-process prod");
        is_the_protocol(&stage, &hit);
        assert_eq!(hit.stdout, miss.stdout);
    }
    assert_eq!(stage.assumed(), 1);
}

/// The person sees the question on the terminal, the caller nothing of it in its pipes.
#[test]
fn asked_at_the_terminal_of_the_caller() {
    let stage = stage();
    let mut session = stage.world.called(["credential-process", "prod"]).start();
    session.expect("role-helper: profile prod: role Admin in account 222233334444 as alice");
    session.expect("MFA code for arn:aws:iam::111122223333:mfa/alice: ");
    let code = stage.code();
    session.send(&format!("{code}\n"));
    let ended = session.wait().restored().exits(0).never_showed(&code);
    is_the_protocol(&stage, &ended.output);
}

#[test]
fn what_was_pasted_into_a_question_is_trimmed() {
    let stage = stage();
    let mut session = stage.world.called(["credential-process", "prod"]).start();
    session.expect("MFA code for ");
    let code = stage.code();
    session.send(&format!(" {} {}\n", &code[..3], &code[3..]));
    is_the_protocol(&stage, &session.wait().restored().output);
}

#[test]
fn nobody_there_is_a_failure_at_once_with_the_words_to_type() {
    let output = stage().run("credential-process prod").fails(4);
    output.says("an MFA code is needed for profile prod").says("hint: role-helper login prod");
}

#[test]
fn a_code_from_stdin_is_one_line() {
    let stage = stage();
    let code = format!("{}\nmore", stage.code());
    let args = ["credential-process", "prod", "--mfa-code", "-"];
    is_the_protocol(&stage, &stage.world.command(args).input(code).run());
    for input in ["", "12345", "abcdef", "1234567"] {
        let output = stage.world.command(args).input(input).run();
        output.fails(2).says("--mfa-code is not a code").says("six digits");
    }
}

#[test]
fn errors_leave_stdout_empty() {
    let stage = stage();
    stage.run("credential-process prdo").fails(3).says("did you mean `prod`?");
    stage.run("credential-process").fails(2).says("<PROFILE>");
    stage.run("credential-process prod more").fails(2);
    let wrong = stage.aws.wrong_code_for(crate::simulator::demo::DEMO_MFA);
    let output = stage.world.command(["credential-process", "prod", "--mfa-code", &wrong]).run();
    output.fails(1).hides(&[&wrong]);
}

/// A user's own profile yields the MFA session, and never the long-term key.
#[test]
fn a_key_without_a_role_is_its_mfa_session() {
    let stage = Stage::alice();
    stage.world.config("[profile me]\nrole_helper_source_profile = alice\n");
    stage.run("credential-process me").fails(4);
    let json = stage.run_with_code("credential-process me").quiet().json();
    assert_eq!(json["AccountId"], "111122223333");
    let text = |member: &str| json[member].as_str().unwrap().to_owned();
    let arn = stage.aws.session_arn(&text("AccessKeyId"), &text("SecretAccessKey"), &text("SessionToken"));
    assert_eq!(arn.as_deref(), Some("arn:aws:iam::111122223333:user/division/alice"));
    let calls = stage.aws.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].operation, "GetSessionToken");
    assert!(calls[0].param("TokenCode").is_some());
}

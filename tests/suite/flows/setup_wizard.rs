//! `setup` as a conversation at the terminal.

use super::{ADMIN, Stage};
use crate::pty::Session;
use crate::world::{NOWHERE, World};

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";

fn wizard(stage: &Stage) -> Session {
    let mut session = stage.world.terminal(["setup", "prod"]).start();
    session.expect("Source key");
    session.expect("alice");
    session.send("\n");
    session.expect("Role ARN");
    session
}

#[test]
fn four_answers_make_a_profile() {
    let stage = Stage::alice();
    stage.world.config("# mine\n[default]\nregion = eu-west-1\n");
    let mut session = wizard(&stage);
    session.send(&format!("{ADMIN}\n"));
    session.expect("Region (empty for none)");
    session.send("ap-northeast-1\n");
    session.expect("MFA");
    session.send(DOWN);
    session.send(UP);
    session.send("\n");
    session.expect("A role session lives");
    session.send("\n");
    session.expect("wrote ~/.aws/config");
    session.wait().restored().exits(0).showed("next: aws sts get-caller-identity --profile prod");
    let expected = format!(
        "# mine\n[default]\nregion = eu-west-1\n\n[profile prod]\nregion = ap-northeast-1\n\
         {}role_helper_role_arn = {ADMIN}\nrole_helper_source_profile = alice\n",
        stage.world.process_line("prod")
    );
    assert_eq!(stage.world.config_text(), expected);
}

#[test]
fn one_code_for_many_roles() {
    let stage = Stage::alice();
    let mut session = wizard(&stage);
    session.send(&format!("{ADMIN}\n"));
    session.expect("Region");
    session.send("\n");
    session.expect("MFA");
    session.expect("one code for many roles");
    session.send(DOWN);
    session.send("\n");
    session.expect("One code holds for");
    session.send("\n");
    session.wait().restored().exits(0);
    let text = stage.world.config_text();
    assert!(text.contains("role_helper_mfa_session = 12h\n") && !text.contains("\nregion"), "{text}");
}

#[test]
fn what_makes_no_sense_is_asked_for_again() {
    let stage = Stage::alice();
    let mut session = wizard(&stage);
    session.send("Admin\n");
    session.expect("Admin` is not");
    session.expect("Role ARN");
    session.send(&format!("{ADMIN}\n"));
    session.expect("Region");
    session.send("Tokyo\n");
    session.expect("is not a region");
    session.expect("Region");
    session.send("ap-northeast-1\n");
    session.expect("MFA");
    session.send("\n");
    for lifetime in ["13h", "2h"] {
        session.expect("A role session lives: 1h");
        // Each key is read on its own, and between them the terminal edits a line of its own.
        for key in ["\x7f", "\x7f"] {
            std::thread::sleep(std::time::Duration::from_millis(50));
            session.send(key);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        session.send(lifetime);
        session.expect(lifetime);
        session.send("\n");
    }
    session.expect("wrote ~/.aws/config");
    session.wait().restored().exits(0);
    assert!(stage.world.config_text().contains("role_helper_duration = 2h\n"));
}

#[test]
fn ctrl_c_at_any_question_leaves_file_and_terminal_as_they_were() {
    let stage = Stage::alice();
    stage.world.config("[default]\nregion = eu-west-1\n");
    for questions in 0..4 {
        let mut session = stage.world.terminal(["setup", "prod"]).start();
        session.expect("Source key");
        session.expect("alice");
        for (prompt, answer) in
            [("Role ARN", "\n"), ("Region", &*format!("{ADMIN}\n")), ("MFA", "\n")].into_iter().take(questions)
        {
            session.send(answer);
            session.expect(prompt);
        }
        session.ctrl_c();
        session.wait().restored().exits(130);
        assert_eq!(stage.world.config_text(), "[default]\nregion = eu-west-1\n", "{questions}");
    }
}

#[test]
fn what_was_there_is_offered() {
    let stage = Stage::alice();
    let words = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alice", "--region", "eu-west-1"];
    stage.world.command(words.iter().chain(&["--mfa-session", "8h"])).run().ok();
    let text = stage.world.config_text();
    let mut session = wizard(&stage);
    session.expect(ADMIN);
    session.send("\n");
    session.expect("Region");
    session.expect("eu-west-1");
    session.send("\n");
    session.expect("MFA");
    session.expect("one code for many roles");
    session.send("\n");
    session.expect("One code holds for");
    session.expect("8h");
    session.send("\n");
    session.expect("is so already");
    session.wait().restored().exits(0);
    assert_eq!(stage.world.config_text(), text);
}

/// What an answer leaves out is gone, whatever was there before.
#[test]
fn from_a_shared_code_to_one_a_role_and_back() {
    let stage = Stage::alice();
    let words = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alice", "--mfa-session", "8h"];
    stage.world.command(words).run().ok();
    let shared = stage.world.config_text();
    for (key, question, kept) in [("\x1b[A", "A role session lives", false), (DOWN, "One code holds for", true)] {
        let mut session = wizard(&stage);
        session.expect(ADMIN);
        session.send("\n");
        session.expect("Region");
        session.send("\n");
        session.expect("one code for many roles");
        session.send(key);
        session.send("\n");
        session.expect(question);
        session.send("\n");
        session.expect(if kept { "wrote" } else { "replace in profile prod: role_helper_mfa_session = 8h?" });
        if !kept {
            session.send("y\n");
        }
        session.wait().restored().exits(0);
        assert_eq!(stage.world.config_text().contains("role_helper_mfa_session"), kept);
    }
    assert_eq!(stage.world.config_text(), shared.replace("8h", "12h"));
}

/// Nobody answers four questions to hear then that the file cannot be written.
#[test]
fn what_is_in_the_way_is_said_before_anything_is_asked() {
    let stage = Stage::alice();
    stage.world.config("[profile a]\nregion = x\nregion = y\n");
    let session = stage.world.terminal(["setup", "prod"]).start();
    session.wait().restored().exits(3).never_showed("Source key").showed("line 3: ");
    let session = stage.world.terminal(["setup", "two words"]).start();
    session.wait().restored().exits(2).never_showed("Source key");
}

#[test]
fn without_a_key_there_is_nothing_to_choose() {
    let world = World::new(NOWHERE);
    let session = world.terminal(["setup", "prod"]).start();
    session.wait().restored().exits(3).showed("no source key was added yet").showed("hint: role-helper add NAME");
}

#[test]
fn without_a_terminal_the_flags_are_named() {
    let world = World::new(NOWHERE);
    let hint = "hint: role-helper setup prod --role-arn ARN --source-profile NAME";
    world.command(["setup", "prod"]).run().fails(4).says(hint);
    world.command(["setup", "prod", "--role-arn", ADMIN]).run().fails(4).says(hint);
}

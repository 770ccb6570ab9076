//! `export`, `login`, `logout`, `list`, `status`, `explain` and `remove`: what they print, as text and as JSON.

use super::{ADMIN, CHAINED, READ_ONLY, Stage, profile};
use crate::run::Run;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use serde_json::json;

/// alice with two roles of one code, and one by its own.
fn stage() -> Stage {
    let stage = Stage::alice();
    let shared = "role_helper_mfa_session = 12h";
    stage.world.config(&format!(
        "{}{}{}[profile other]\nregion = eu-west-1\n",
        profile("prod", ADMIN, "alice", "region = ap-northeast-1"),
        profile("logs", READ_ONLY, "alice", shared),
        profile("work", ADMIN, "alice", shared),
    ));
    stage
}

#[test]
fn exports_are_read_by_what_they_are_for() {
    let stage = stage();
    stage.run_with_code("login prod").ok();
    let json = stage.run("export prod --format json").quiet();
    assert_eq!(json.stdout, stage.run("credential-process prod").quiet().stdout);
    let key = json.json()["AccessKeyId"].as_str().unwrap().to_owned();
    let token = json.json()["SessionToken"].as_str().unwrap().to_owned();
    let front = stage.world.front();
    let front = front.display();
    let shown = "\"$AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN $AWS_REGION $ROLE_HELPER_PROFILE\"";
    for (shell, script) in [
        ("/bin/sh", format!("eval \"$({front} export prod --format posix)\"; echo {shown}")),
        ("/bin/bash", format!("eval \"$({front} export prod --format posix)\"; echo {shown}")),
        ("/usr/bin/zsh", format!("eval \"$({front} export prod --format posix)\"; echo {shown}")),
        ("/usr/bin/fish", format!("{front} export prod --format fish | source; echo {shown}")),
        ("/bin/sh", format!("set -a; {front} export prod --format dotenv >f; . ./f; echo {shown}")),
    ] {
        let mut command = stage.world.program(shell);
        command.args(["-c", &format!("{script}; env")]).env("AWS_PROFILE", "other");
        let output = Run::new(command).run().quiet();
        assert_eq!(output.stdout.lines().next(), Some(&*format!("{key} {token} ap-northeast-1 prod")), "{output}");
        let dotenv = script.contains("dotenv");
        assert_eq!(output.stdout.contains("AWS_PROFILE="), dotenv, "{output}");
    }
    stage.run("export prod").fails(2).says("--format");
    stage.run("export prod --format tcsh").fails(2).says("posix");
    assert_eq!(
        stage.run("export prod --format bash").quiet().stdout,
        stage.run("export prod --format posix").quiet().stdout
    );
    stage.run("export --format json").fails(2).says("no profile was named");
}

#[test]
fn login_says_who_and_how_long_and_asks_no_more() {
    let stage = stage();
    let output = stage.run_with_code("login prod").ok().says("prod: role Admin in 222233334444 as alice, ");
    assert_eq!(output.stdout, "");
    stage.run("login prod").ok().says("prod: role Admin in 222233334444 as alice, ");
    assert_eq!(stage.assumed(), 1);
    // One code for both of those that share one.
    stage.run_with_code("login logs work").ok().says("logs: role ReadOnly").says("work: role Admin");
    assert_eq!((stage.aws.calls_of("GetSessionToken").len(), stage.assumed()), (1, 3));
    stage.run("login prod --force").fails(4);
    stage.run_with_code("login prod --force").ok();
    assert_eq!(stage.assumed(), 4);
    // Another that cannot be does not keep the rest from it.
    let output = stage.run("login prdo logs").ends(3);
    assert!(output.stderr.contains("did you mean `prod`") && output.stderr.contains("logs: role ReadOnly"), "{output}");
    stage.run("login").fails(2).says("no profile was named");
}

/// A new code is bought once, and serves all that share it.
#[test]
fn login_by_force_asks_once_for_those_that_share_a_code() {
    let stage = stage();
    for _ in 0..2 {
        let code = stage.code();
        let words = ["login", "logs", "work", "--force", "--mfa-code", &code];
        stage.world.command(words).run().ok().says("logs: role ReadOnly").says("work: role Admin");
    }
    assert_eq!((stage.aws.calls_of("GetSessionToken").len(), stage.assumed()), (2, 4));
}

#[test]
fn logout_forgets_so_that_a_code_is_asked_again() {
    let stage = stage();
    stage.run("logout prod").ok().says("prod: no session was kept");
    stage.run_with_code("login prod").ok();
    stage.run_with_code("login logs").ok();
    stage.run("login work").ok();
    stage.run("logout prod").ok().says("prod: 1 session forgotten");
    stage.run("credential-process prod").fails(4);
    // The role's session and the MFA session it came from.
    stage.run("logout logs").ok().says("logs: 2 sessions forgotten");
    stage.run("credential-process logs").fails(4);
    stage.run("credential-process work").quiet();
    stage.run("logout --all").ok().says("all profiles: 1 session forgotten");
    stage.run("credential-process work").fails(4);
    assert_eq!(stage.run("list --json").json()["sessions"], json!([]));
    stage.run("logout prdo").fails(3).says("did you mean `prod`?");
    stage.run("logout all").fails(3).says("hint: role-helper logout --all");
    stage.run("logout --all prod").fails(2).says("cannot be used with");
    stage.run("logout").fails(2).says("hint: role-helper logout PROFILE, or role-helper logout --all");
}

#[test]
fn list_shows_keys_profiles_and_sessions() {
    let stage = stage();
    stage.run_with_code("login prod").ok();
    let list = stage.run("list --json").quiet().json();
    assert_eq!(list["keys"][0]["access_key_id"], DEMO_KEY_ID);
    assert_eq!(list["keys"][0]["user_arn"], "arn:aws:iam::111122223333:user/division/alice");
    let prod = json!({"name": "prod", "role_arn": ADMIN, "source_profile": "alice", "region": "ap-northeast-1", "serves_clients": false});
    assert_eq!(list["profiles"][0], prod);
    assert_eq!(list["profiles"].as_array().unwrap().len(), 3, "{list}");
    let session = &list["sessions"][0];
    assert_eq!(
        (&session["profile"], &session["role_arn"], &session["session_name"]),
        (&json!("prod"), &json!(ADMIN), &json!("alice"))
    );
    assert_eq!((&session["source"], &session["account_id"]), (&json!("alice"), &json!("222233334444")));
    assert!((3500..=3600).contains(&session["seconds_left"].as_i64().unwrap()));
    let text = stage.run("list").quiet();
    for part in [
        "Keys\nNAME ",
        "Profiles with a role\nPROFILE ",
        "Live sessions\nPROFILE ",
        DEMO_MFA,
        "exec only",
        "Admin  222233334444  alice",
    ] {
        assert!(text.stdout.contains(part), "{part}: {text}");
    }
    text.hides(&[DEMO_SECRET]);
}

#[test]
fn list_of_nothing_says_how_to_begin() {
    let stage = Stage::new(crate::simulator::world::World::demo());
    assert_eq!(stage.run("list --json").quiet().json(), json!({"keys": [], "profiles": [], "sessions": []}));
    stage.run("list").quiet().prints("role-helper add NAME").prints("role-helper setup PROFILE");
}

#[test]
fn status_tells_who_and_until_when_and_calls_nobody() {
    let stage = stage();
    let nothing = stage.run("status --json").quiet().json();
    assert_eq!(nothing["profile"], json!(null));
    let before = stage.run("status prod --json").quiet().json();
    assert_eq!(before["profile"]["session"], json!(null));
    stage.run_with_code("login prod").ok();
    stage.aws.forget_calls();
    let status = stage.world.command(["status", "--json"]).env("AWS_PROFILE", "prod").run().quiet().json();
    let prod = &status["profile"];
    assert_eq!(
        (&prod["name"], &prod["role_arn"], &prod["session_name"]),
        (&json!("prod"), &json!(ADMIN), &json!("alice"))
    );
    assert_eq!(
        (&prod["source"], &prod["mfa_serial"], &prod["region"]),
        (&json!("alice"), &json!(DEMO_MFA), &json!("ap-northeast-1"))
    );
    assert_eq!(prod["in_exec"], json!(false));
    assert!(prod["session"]["seconds_left"].as_i64().unwrap() > 3500);
    assert_eq!((&status["keyring"]["kind"], &status["live_sessions"]), (&json!("file"), &json!(1)));
    let inside =
        stage.world.command(["exec", "prod", "--", stage.world.front().to_str().unwrap(), "status"]).run().quiet();
    inside.prints("prod (this shell runs with it)").prints("this shell ").prints(" left, until ").hides(&[DEMO_SECRET]);
    stage.run("status prdo").fails(3).says("did you mean `prod`?");
    assert!(stage.aws.calls().is_empty());
}

#[test]
fn explain_says_what_holds_and_where_it_stands() {
    let stage = stage();
    let more = format!("{}[profile far]\nrole_arn = {CHAINED}\nsource_profile = prod\n", stage.world.config_text());
    stage.world.config(&more);
    let text = stage.run("explain far").quiet();
    for part in [ADMIN, CHAINED, DEMO_MFA, "~/.aws/config:2", "role_helper_role_arn", "AssumeRole"] {
        assert!(text.stdout.contains(part), "{part}: {text}");
    }
    let json = stage.run("explain far --json").quiet().json();
    assert_eq!(json["profile"], "far", "{json}");
    stage.run("explain").fails(2).says("no profile was named");
    stage.run("explain prdo").fails(3).says("did you mean `prod`?");
    assert!(stage.aws.calls().is_empty());
}

#[test]
fn remove_forgets_the_key_and_what_came_of_it() {
    let stage = stage();
    stage.run_with_code("login prod").ok();
    stage.run("remove alice").fails(4).says("hint: role-helper remove alice --force");
    let mut session = stage.world.terminal(["remove", "alice"]).start();
    session.expect(&format!("forget access key {DEMO_KEY_ID} of arn:aws:iam::111122223333:user/division/alice"));
    session.send("n\n");
    session.wait().restored().exits(1).showed("alice was kept");
    stage.run("credential-process prod").quiet();
    let mut session = stage.world.terminal(["remove", "alice"]).start();
    session.expect("forget access key");
    session.send("y\n");
    session.wait().restored().exits(0).showed("removed alice: its secret is gone from the keyring").showed(
        "the key is still valid at AWS: aws iam delete-access-key --user-name alice --access-key-id AKIAIOSFODNN7EXAMPL2",
    );
    let list = stage.run("list --json").quiet().json();
    assert_eq!((&list["keys"], &list["sessions"]), (&json!([]), &json!([])));
    stage.run("credential-process prod").fails(3).says("the source profile `alice` of `prod` was not added");
    stage.run("remove alice --force").fails(3).says("alice");
    stage.run("remove").fails(2).says("<NAME>");
}

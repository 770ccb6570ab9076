//! `add`: every way to give a key, what is refused, and what is kept where.

use super::{BOB_KEY, BOB_SECRET, Stage, created, plain};
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::world::{User, World as Aws};
use crate::world::{NOWHERE, World};
use serde_json::Value;
use std::path::PathBuf;

const TWO_KEYS: (&str, &str) = ("AKIAIOSFODNN7EXAMPL4", "cJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE4");

/// The keys as `list --json` shows them.
fn keys(world: &World) -> Vec<Value> {
    world.command(["list", "--json"]).run().quiet().json()["keys"].as_array().unwrap().clone()
}

/// Asserts that alice's key is kept as it should be, its secret in no file as it stands but `except`.
#[track_caller]
fn alice_is_kept(stage: &Stage, except: &[PathBuf]) {
    let keys = keys(&stage.world);
    assert_eq!(keys.len(), 1, "{keys:?}");
    let key = &keys[0];
    assert_eq!(key["name"], "alice");
    assert_eq!(key["user_arn"], "arn:aws:iam::111122223333:user/division/alice");
    assert_eq!(key["access_key_id"], DEMO_KEY_ID);
    assert_eq!(key["mfa_serial"], DEMO_MFA);
    assert!(key["added"].as_str().is_some_and(|when| when.ends_with('Z')), "{key}");
    let except: Vec<_> = except.iter().map(PathBuf::as_path).collect();
    assert_eq!(stage.world.files_with(DEMO_SECRET, &except), Vec::<PathBuf>::new());
    let order: Vec<_> = stage.aws.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(order, ["GetCallerIdentity", "ListMFADevices"]);
}

#[track_caller]
fn nothing_is_kept(world: &World) {
    assert_eq!(keys(world), [Value::Null; 0]);
    assert_eq!(world.files_with(DEMO_SECRET, &[]), Vec::<PathBuf>::new());
}

#[test]
fn at_the_terminal_the_id_is_shown_and_the_secret_is_not() {
    let stage = Stage::new(Aws::demo());
    let mut session = stage.world.terminal(["add", "alice"]).start();
    session.expect("Access key id");
    session.send(&format!("{DEMO_KEY_ID}\n"));
    session.expect("Secret access key: ");
    assert!(!session.modes().echo());
    session.send(&format!("{DEMO_SECRET}\n"));
    session.expect("added alice: arn:aws:iam::111122223333:user/division/alice, key AKIAIOSFODNN7EXAMPL2");
    session.expect(&format!("MFA device: {DEMO_MFA}"));
    session.expect("next: role-helper setup PROFILE --source-profile alice --role-arn ARN");
    let ended = session.wait().restored().exits(0).never_showed(DEMO_SECRET);
    assert!(ended.display.contains(DEMO_KEY_ID), "{ended}");
    alice_is_kept(&stage, &[]);
}

#[test]
fn at_the_terminal_what_is_no_key_id_is_asked_for_again() {
    let stage = Stage::new(Aws::demo());
    let mut session = stage.world.terminal(["add", "alice"]).start();
    session.expect("Access key id");
    session.send("alice\n");
    session.expect("is not");
    session.expect("Access key id: ");
    session.ctrl_c();
    session.wait().restored().exits(130).showed("interrupted");
    nothing_is_kept(&stage.world);
    assert!(stage.aws.calls().is_empty());
}

#[test]
fn ctrl_c_at_the_secret_leaves_nothing() {
    let stage = Stage::new(Aws::demo());
    let mut session = stage.world.terminal(["add", "alice"]).start();
    session.expect("Access key id");
    session.send(&format!("{DEMO_KEY_ID}\n"));
    session.expect("Secret access key: ");
    session.send("wJalr").ctrl_c();
    session.wait().restored().exits(130).never_showed("wJalr");
    nothing_is_kept(&stage.world);
}

#[test]
fn without_a_terminal_the_other_ways_are_named() {
    let world = World::new(NOWHERE);
    let hint = "hint: role-helper add alice --stdin, --csv FILE or --from-profile PROFILE";
    world.command(["add", "alice"]).run().fails(4).says(hint);
}

#[test]
fn from_the_cli() {
    let stage = Stage::new(Aws::demo());
    let output = stage.world.command(["add", "alice", "--stdin"]).input(created(DEMO_KEY_ID, DEMO_SECRET)).run().ok();
    assert_eq!(output.stdout, "");
    output.hides(&[DEMO_SECRET]).says("added alice").says("next: role-helper setup");
    alice_is_kept(&stage, &[]);
}

/// The console writes a byte order mark and Windows line ends.
#[test]
fn from_the_console() {
    for text in [
        format!("\u{feff}Access key ID,Secret access key\r\n{DEMO_KEY_ID},{DEMO_SECRET}\r\n"),
        format!(
            "\u{feff}User Name,Password,Access key ID,Secret access key,Console login link\r\nalice,,{DEMO_KEY_ID},{DEMO_SECRET},https://111122223333.signin.aws.amazon.com/console\r\n"
        ),
        format!("\"Access key ID\",\"Secret access key\"\n\"{DEMO_KEY_ID}\",\"{DEMO_SECRET}\""),
    ] {
        let stage = Stage::new(Aws::demo());
        let file = stage.world.secret_file("work/alice_accessKeys.csv", &text);
        let args = ["add", "alice", "--csv", "alice_accessKeys.csv"];
        stage.world.command(args).run().ok().hides(&[DEMO_SECRET]);
        alice_is_kept(&stage, &[file]);
    }
}

#[test]
fn from_a_profile_in_plain_text() {
    let stage = Stage::new(Aws::demo());
    let text = format!("[old]\naws_access_key_id = {DEMO_KEY_ID}\naws_secret_access_key = {DEMO_SECRET}\n");
    stage.world.credentials(&text);
    stage
        .run("add alice --from-profile old")
        .ok()
        .hides(&[DEMO_SECRET])
        .says("the plaintext is still there: delete aws_access_key_id and aws_secret_access_key of `old`")
        .says("~/.aws/credentials");
    alice_is_kept(&stage, &[stage.world.credentials_file()]);
    assert_eq!(std::fs::read_to_string(stage.world.credentials_file()).unwrap(), text);
    stage.run("add bob --from-profile odl").fails(3).says("there is no profile `odl`").says("did you mean `old`?");
}

/// A key in the config file counts as well; the message names the file where it is.
#[test]
fn from_a_profile_of_the_config() {
    let stage = Stage::new(Aws::demo());
    stage
        .world
        .config(&format!("[profile old]\naws_access_key_id = {DEMO_KEY_ID}\naws_secret_access_key = {DEMO_SECRET}\n"));
    let output = stage.run("add alice --from-profile old").ok();
    output.says("of `old` from ~/.aws/config");
}

#[test]
fn what_is_no_key_is_said_without_repeating_it() {
    let world = World::new(NOWHERE);
    let swapped = created(DEMO_SECRET, DEMO_KEY_ID);
    for (input, part) in [
        ("", "nothing was given"),
        ("{}", "no `AccessKey"),
        ("AKIAIOSFODNN7EXAMPL2 secret", "create-access-key"),
        (swapped.as_str(), "the access key id is not one"),
    ] {
        let output = world.command(["add", "alice", "--stdin"]).input(input).run().fails(2).says(part);
        output.hides(&[DEMO_SECRET, "AKIAIOSFODNN7EXAMPL2 secret"]);
    }
    world.secret_file("work/two.csv", "Access key ID,Secret access key\nA,b\nC,d\n");
    world.command(["add", "alice", "--csv", "two.csv"]).run().fails(2).says("two.csv").says("expected one");
    world.command(["add", "alice", "--csv", "none.csv"]).run().fails(2).says("none.csv").says("No such file");
    let both = ["add", "alice", "--csv", "two.csv", "--stdin"];
    world.command(both).run().fails(2).says("cannot be used with");
}

#[test]
fn names_that_no_profile_could_name_are_refused() {
    let world = World::new(NOWHERE);
    for name in ["two words", "a]b", "ä", "a#b", ""] {
        world.command(["add", name, "--stdin"]).run().fails(2).says("cannot be the name of a source key");
    }
    world.command(["add"]).run().fails(2).says("<NAME>").says("hint: role-helper add <NAME>");
}

#[test]
fn a_key_that_aws_does_not_know_is_not_kept() {
    let aws = Aws::default().user(User::new("111122223333", "alice").inactive_key(TWO_KEYS.0, TWO_KEYS.1));
    let stage = Stage::new(aws);
    let add = |id: &str, secret: &str| {
        stage.world.command(["add", "alice", "--stdin"]).input(created(id, secret)).run().fails(1).hides(&[secret])
    };
    let unknown = "hint: look at the key in IAM: it must be there, active, and of this partition";
    add(DEMO_KEY_ID, DEMO_SECRET).says(unknown);
    add(TWO_KEYS.0, TWO_KEYS.1).says(unknown);
    stage.aws.change(|aws| aws.users[0].keys[0].active = true);
    add(TWO_KEYS.0, DEMO_SECRET).says("hint: give the secret that belongs to this key id");
    nothing_is_kept(&stage.world);
}

#[test]
fn without_aws_nothing_is_kept() {
    let world = World::new(NOWHERE);
    let output = world.command(["add", "alice", "--stdin"]).input(created(DEMO_KEY_ID, DEMO_SECRET)).run();
    output.fails(6).hides(&[DEMO_SECRET]);
    nothing_is_kept(&world);
}

#[test]
fn the_root_users_key_is_refused() {
    let stage = Stage::new(Aws::default().root("111122223333", DEMO_KEY_ID, DEMO_SECRET));
    let output = stage.world.command(["add", "alice", "--stdin"]).input(created(DEMO_KEY_ID, DEMO_SECRET)).run();
    output
        .fails(3)
        .says("is a key of the root user of account 111122223333")
        .says("cause: it may do everything and cannot assume roles")
        .says("hint: delete it");
    nothing_is_kept(&stage.world);
}

#[test]
fn temporary_keys_are_refused_before_anything_is_called() {
    let stage = Stage::new(Aws::demo());
    let temporary = DEMO_KEY_ID.replace("AKIA", "ASIA");
    let input = created(&temporary, DEMO_SECRET);
    stage.world.command(["add", "alice", "--stdin"]).input(input).run().fails(3).says("is a temporary key");
    stage.world.credentials(&format!(
        "[t]\naws_access_key_id = {temporary}\naws_secret_access_key = {DEMO_SECRET}\naws_session_token = xyz\n"
    ));
    stage.run("add alice --from-profile t").fails(3).says("is temporary").hides(&[DEMO_SECRET, "xyz"]);
    assert!(stage.aws.calls().is_empty());
    assert_eq!(keys(&stage.world), [Value::Null; 0]);

    let mut session = stage.world.terminal(["add", "alice"]).start();
    session.expect("Access key id");
    session.send(&format!("{temporary}\n"));
    session.expect("is a temporary key");
    session.expect("Access key id");
    session.ctrl_c();
    session.wait().restored().exits(130).never_showed("Secret access key");
}

#[test]
fn a_user_whose_name_no_session_can_carry_is_refused() {
    let key = |name: &str| Aws::default().user(User::new("111122223333", name).key(DEMO_KEY_ID, DEMO_SECRET));
    let stage = Stage::new(key("x"));
    let add = || stage.world.command(["add", "x1", "--stdin"]).input(created(DEMO_KEY_ID, DEMO_SECRET)).run();
    add().fails(3).says("the user name x cannot be the name of a session").says("2 to 64");
    nothing_is_kept(&stage.world);
    stage.aws.change(|aws| aws.users[0].name = "Xy".into());
    add().ok();
}

#[test]
fn over_a_key_that_is_there_it_asks_first() {
    let two =
        User::new("111122223333", "alice").key(DEMO_KEY_ID, DEMO_SECRET).key(TWO_KEYS.0, TWO_KEYS.1).may("iam:*", "*");
    let stage = Stage::new(Aws::default().user(two));
    stage.add("alice", DEMO_KEY_ID, DEMO_SECRET);
    let second = created(TWO_KEYS.0, TWO_KEYS.1);
    let id = || keys(&stage.world)[0]["access_key_id"].as_str().unwrap().to_owned();

    let nobody = stage.world.command(["add", "alice", "--stdin"]).input(&*second).run();
    nobody.fails(4).says("hint: role-helper add alice --force");
    assert_eq!(id(), DEMO_KEY_ID);
    assert!(stage.aws.calls().is_empty());

    let file = stage
        .world
        .secret_file("work/two.csv", &format!("Access key ID,Secret access key\n{},{}\n", TWO_KEYS.0, TWO_KEYS.1));
    for (answer, code, now) in [("n\n", 1, DEMO_KEY_ID), ("\n", 1, DEMO_KEY_ID), ("y\n", 0, TWO_KEYS.0)] {
        let mut session = stage.world.terminal(["add", "alice", "--csv", file.to_str().unwrap()]).start();
        session.expect("replace alice, which is access key AKIAIOSFODNN7EXAMPL2");
        session.send(answer);
        session.wait().restored().exits(code);
        assert_eq!(id(), now, "{answer:?}");
    }
    let forced = stage.world.command(["add", "alice", "--stdin", "--force"]);
    forced.input(created(DEMO_KEY_ID, DEMO_SECRET)).run().ok();
    assert_eq!(id(), DEMO_KEY_ID);
}

#[test]
fn two_people_on_one_machine() {
    let mut aws = Aws::demo();
    aws.users.extend(plain().users);
    let stage = Stage::new(aws);
    stage.add("alice", DEMO_KEY_ID, DEMO_SECRET);
    stage.add("bob", BOB_KEY, BOB_SECRET);
    let names: Vec<_> = keys(&stage.world).iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["alice", "bob"]);
}

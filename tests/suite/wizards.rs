//! The wizards of `add` and `setup` at a real terminal, and the config that `setup` leaves behind.

use crate::pty::Terminal;
use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET, DEMO_SEED};
use crate::simulator::world::{User, World as Aws};
use crate::world::{NOWHERE, World};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const ROLE: &str = "arn:aws:iam::222233334444:role/Admin";
const SETUP: [&str; 6] = ["setup", "prod", "--role-arn", ROLE, "--source-profile", "alice"];

fn added(aws: &Simulator) -> World {
    let world = World::new(&aws.endpoint());
    let json = format!(r#"{{"AccessKeyId":"{DEMO_KEY_ID}","SecretAccessKey":"{DEMO_SECRET}"}}"#);
    world.command(["add", "alice", "--stdin", "--mfa-serial", DEMO_MFA]).input(json).run().ok();
    world
}

#[test]
fn add_asks_for_what_it_needs_and_never_shows_the_secret() {
    let aws = Simulator::start(Aws::demo());
    let world = World::new(&aws.endpoint());
    let mut session = world.terminal(["add", "alice"]).start();
    session.expect("Access key id: ");
    session.send("nonsense\r");
    session.expect("is not an access key id");
    session.expect("Access key id: ");
    session.send(&format!("{DEMO_KEY_ID}\r"));
    session.expect("Secret access key: ");
    session.send(&format!("{DEMO_SECRET}\n"));
    session
        .wait()
        .restored()
        .exits(0)
        .showed("added alice: arn:aws:iam::111122223333:user/division/alice")
        .never_showed(DEMO_SECRET);
    assert_eq!(world.files_with(DEMO_SECRET, &[]), Vec::<std::path::PathBuf>::new());

    let listed = world.command(["list", "--json"]).run().ok().json();
    assert_eq!(listed["keys"][0]["mfa_serial"], DEMO_MFA);

    let mut session = world.terminal(["add", "alice"]).start();
    session.expect("replace alice");
    session.send("n\n");
    session.wait().restored().exits(1).showed("alice was kept as it is");
}

#[test]
fn add_asks_for_the_device_that_aws_does_not_tell() {
    let user = User::new("111122223333", "carol").key(DEMO_KEY_ID, DEMO_SECRET).mfa(DEMO_MFA, DEMO_SEED);
    let aws = Simulator::start(Aws::default().user(user));
    let world = World::new(&aws.endpoint());
    let json = world
        .secret_file("key.json", &format!(r#"{{"AccessKeyId":"{DEMO_KEY_ID}","SecretAccessKey":"{DEMO_SECRET}"}}"#));
    let script = format!("{} add carol --stdin < {}", world.front().display(), json.display());
    let mut command = world.program("/bin/sh");
    command.args(["-c", &script]);
    let mut session = Terminal::of(command).start();
    session.expect("AWS does not say which MFA device the user has");
    session.expect("MFA serial (empty for none): ");
    session.send("arn:aws:iam::111122223333:u2f/user/carol/key\r");
    session.expect("cannot sign for STS");
    session.expect("MFA serial (empty for none): ");
    session.send(&format!("{DEMO_MFA}\r"));
    session.wait().restored().exits(0).showed(&format!("MFA device: {DEMO_MFA}"));
}

#[test]
fn setup_asks_and_writes_what_serves_every_client() {
    let aws = Simulator::start(Aws::demo());
    let world = added(&aws);
    let mut session = world.terminal(["setup", "dev"]).start();
    session.expect("Source key");
    session.send("\r");
    session.expect("Role ARN: ");
    session.send("Admin\r");
    session.expect("is not the ARN of a role");
    session.expect("Role ARN: ");
    session.send(&format!("{ROLE}\r"));
    session.expect("Region (empty for none): ");
    session.send("eu-west-1\r");
    session.expect("> each role by its own code");
    session.send("\x1b[B");
    session.expect("> one code for many roles");
    session.send("\r");
    session.expect("One code holds for: ");
    session.send("\r");
    session.wait().restored().exits(0).showed("next: aws sts get-caller-identity --profile dev");
    let expected = format!(
        "[profile dev]\nregion = eu-west-1\n{}\nrole_helper_role_arn = {ROLE}\n\
         role_helper_source_profile = alice\nrole_helper_mfa_session = 12h\n",
        world.process_line("dev").trim_end(),
    );
    assert_eq!(world.config_text(), expected);
}

#[test]
fn a_wizard_that_is_ended_leaves_the_terminal_and_the_config_alone() {
    let aws = Simulator::start(Aws::demo());
    let world = added(&aws);
    for signal in [None, Some(15), Some(1)] {
        let mut session = world.terminal(["setup", "dev"]).start();
        session.expect("> alice");
        match signal {
            None => {
                session.ctrl_c();
            }
            Some(signal) => session.signal(signal),
        }
        let ended = session.wait().restored().exits(130);
        let (hidden, shown) = (ended.transcript.rfind("\x1b[?25l"), ended.transcript.rfind("\x1b[?25h"));
        assert!(hidden < shown, "the cursor stayed hidden\n{ended}");
    }
    assert!(!world.config_file().exists());
}

#[test]
fn who_cannot_be_asked_is_told_what_to_type() {
    let aws = Simulator::start(Aws::demo());
    let world = added(&aws);
    world.command(["setup", "dev"]).run().fails(4).says("role-helper setup dev --role-arn ARN --source-profile NAME");
    world.command(["add", "bob"]).run().fails(4).says("--stdin, --csv FILE or --from-profile PROFILE");
    world.command(["remove", "alice"]).run().fails(4).says("role-helper remove alice --force");
    let mut background = world.terminal(["setup", "dev"]).background().start();
    background.expect("there is no terminal");
    assert_eq!(background.wait_within(Duration::from_secs(10)).code(), 4);
}

#[test]
fn setup_twice_is_setup_once_and_everything_else_stays() {
    let world = World::new(NOWHERE);
    let before = "# mine\r\n[default]\r\nregion = us-east-1 \r\n\r\n[profile b]\r\ns3 =\r\n  max_queue_size = 9\r\n";
    world.config(before);
    fs::set_permissions(world.config_file(), fs::Permissions::from_mode(0o640)).unwrap();
    world.command(SETUP).run().ok();
    let after = world.config_text();
    let section = format!(
        "\r\n[profile prod]\r\n{}\r\nrole_helper_role_arn = {ROLE}\r\nrole_helper_source_profile = alice\r\n",
        world.process_line("prod").trim_end()
    );
    assert_eq!(after, format!("{before}{section}"));
    assert_eq!(fs::metadata(world.config_file()).unwrap().permissions().mode() & 0o777, 0o640);
    let backup = world.config_file().with_file_name("config.role-helper-backup");
    assert_eq!(fs::read_to_string(backup).unwrap(), before);
    world.command(SETUP).run().ok().says("is so already");
    assert_eq!(world.config_text(), after);
}

#[test]
fn an_aws_profile_is_taken_over_only_with_a_yes() {
    let world = World::new(NOWHERE);
    let before = format!(
        "[profile prod]\n# why\nrole_arn = {ROLE}\nsource_profile = old\nmfa_serial = {DEMO_MFA}\noutput = json\n"
    );
    world.config(&before);
    world.command(SETUP).run().fails(4).says("--force");
    assert_eq!(world.config_text(), before);
    world.command(SETUP).arg("--force").run().ok();
    let expected = format!(
        "[profile prod]\n# why\noutput = json\n{}\nrole_helper_role_arn = {ROLE}\n\
         role_helper_source_profile = alice\nrole_helper_mfa_serial = {DEMO_MFA}\n",
        world.process_line("prod").trim_end()
    );
    assert_eq!(world.config_text(), expected);
}

#[test]
fn files_that_clients_refuse_are_left_as_they_are() {
    for (text, code, words) in [
        ("[profile a]\n[profile a]\n", 3, "line 2"),
        ("\u{feff}[profile a]\n", 3, "byte order mark"),
        ("[profile a]\nno equals sign\n", 3, "line 2"),
        (
            "[profile prod]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n",
            3,
            "--from-profile prod",
        ),
    ] {
        let world = World::new(NOWHERE);
        world.config(text);
        world.command(SETUP).arg("--force").run().fails(code).says(words);
        assert_eq!(world.config_text(), text);
    }
    let world = World::new(NOWHERE);
    world.credentials("[prod]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n");
    world.command(SETUP).run().fails(3).says("most clients would use it");
    assert!(!world.config_file().exists());
}

//! A whole day: the key added, the profile written, one code, the AWS CLI and `exec` served, and the keys forgotten
//! at night. Once with the desktop's keyring, once as an ordinary user with the file keyring.

use super::{ADMIN, created};
use crate::callers::Caller;
use crate::run::Run;
use crate::secret_service::SecretService;
use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::world::World as Aws;
use crate::world::World;

fn day(aws: &Simulator, world: &World, keyring: &str) {
    let add = world.command(["add", "alice", "--stdin"]).input(created(DEMO_KEY_ID, DEMO_SECRET)).run().ok();
    assert!(add.stderr.contains(keyring), "{add}");
    let setup = ["setup", "prod", "--role-arn", ADMIN, "--source-profile", "alice", "--region", "ap-northeast-1"];
    world.command(setup).run().ok();
    let mut session = world.called(["credential-process", "prod"]).start();
    session.expect("MFA code for ");
    session.send(&format!("{}\n", aws.code_for(DEMO_MFA)));
    let first = session.wait().restored().exits(0).output;
    assert_eq!(world.command(["credential-process", "prod"]).run().quiet().stdout, first.stdout);
    let key = first.json()["AccessKeyId"].as_str().unwrap().to_owned();
    let shown = world.command(["exec", "prod", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]).run().quiet();
    assert_eq!(shown.stdout, format!("{key}\n"));
    let (secret, token) = (first.json()["SecretAccessKey"].clone(), first.json()["SessionToken"].clone());
    for secret in [DEMO_SECRET, secret.as_str().unwrap(), token.as_str().unwrap()] {
        assert!(world.files_with(secret, &[]).is_empty(), "a secret lies in a file");
    }
    assert_eq!(aws.calls_of("AssumeRole").len(), 1);
    world.command(["logout", "--all"]).run().ok().says("1 session forgotten");
    world.command(["credential-process", "prod"]).run().fails(4);
    world.command(["remove", "alice", "--force"]).run().ok().says("its secret is gone from the keyring");
    world.command(["credential-process", "prod"]).run().fails(3);
}

#[test]
fn with_the_desktops_keyring() {
    let service = SecretService::unlocked();
    let aws = Simulator::start(Aws::demo());
    let mut world = World::new(&aws.endpoint());
    service.serve(&mut world);
    day(&aws, &world, "Secret Service");
    world.set_env("ROLE_HELPER_KEYRING", "auto");
    day(&aws_again(&mut world), &world, "Secret Service");
}

/// A day later: codes are good once.
fn aws_again(world: &mut World) -> Simulator {
    let aws = Simulator::start(Aws::demo());
    aws.advance(90);
    world.set_endpoint(&aws.endpoint());
    aws
}

#[test]
fn as_an_ordinary_user() {
    let aws = Simulator::start(Aws::demo());
    day(&aws, &World::of_ordinary_user(&aws.endpoint()), "file ");
}

#[test]
fn with_all_files_in_one_folder() {
    let aws = Simulator::start(Aws::demo());
    let world = World::new(&aws.endpoint()).with_own_folder();
    day(&aws, &world, "file ");
    for folder in ["home/.local", "home/.cache", "home/.config"] {
        assert!(!world.path(folder).exists(), "{folder}");
    }
}

#[test]
fn with_the_cli_from_the_written_profile() {
    let aws = Simulator::start(Aws::demo());
    let world = World::new(&aws.endpoint());
    world.command(["add", "alice", "--stdin"]).input(created(DEMO_KEY_ID, DEMO_SECRET)).run().ok();
    let setup = ["setup", "default", "--role-arn", ADMIN, "--source-profile", "alice"];
    world.command(setup).run().ok();
    world.command(["login", "default", "--mfa-code", &aws.code_for(DEMO_MFA)]).run().ok();
    let answer = Run::new(Caller::AwsCli.command(&world, "default")).env("AWS_DEFAULT_REGION", "eu-west-1").run().ok();
    assert_eq!(answer.json()["Arn"], "arn:aws:sts::222233334444:assumed-role/Admin/alice");
}

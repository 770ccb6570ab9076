//! The plain flows once more, against moto's server: another reading of the same AWS than our simulator's.

use super::{created, profile};
use crate::moto::Moto;
use crate::run::Run;
use crate::world::World;
use serde_json::Value;

const ACCOUNT: &str = "123456789012";

/// A user of moto with a key and a device, added as `name`; his key id.
fn user(moto: &Moto, name: &str) -> (World, String) {
    moto.aws(&["iam", "create-user", "--path", "/division/", "--user-name", name]);
    let key = moto.aws(&["iam", "create-access-key", "--user-name", name]);
    let seed = tempfile::NamedTempFile::new().unwrap();
    let seed = seed.path().to_str().unwrap();
    let device = moto.aws(&[
        "iam",
        "create-virtual-mfa-device",
        "--virtual-mfa-device-name",
        name,
        "--outfile",
        seed,
        "--bootstrap-method",
        "Base32StringSeed",
    ]);
    let serial = device["VirtualMFADevice"]["SerialNumber"].as_str().unwrap();
    moto.aws_quietly(&[
        "iam",
        "enable-mfa-device",
        "--user-name",
        name,
        "--serial-number",
        serial,
        "--authentication-code1",
        "123456",
        "--authentication-code2",
        "654321",
    ]);
    let world = World::new(moto.endpoint());
    let text = |member: &str| key["AccessKey"][member].as_str().unwrap().to_owned();
    let (id, secret) = (text("AccessKeyId"), text("SecretAccessKey"));
    let output = world.command(["add", name, "--stdin"]).input(created(&id, &secret)).run().ok();
    output
        .says(&format!("added {name}: arn:aws:iam::{ACCOUNT}:user/division/{name}, key {id}"))
        .says(&format!("MFA device: {serial}"))
        .hides(&[&secret]);
    assert!(world.files_with(&secret, &[]).is_empty());
    (world, id)
}

fn role(moto: &Moto, name: &str) -> String {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    let role = moto.aws(&["iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust]);
    role["Role"]["Arn"].as_str().unwrap().to_owned()
}

/// Who moto says that the credentials of `exec` are.
fn who(world: &World, profile: &str) -> Value {
    let aws = crate::callers::python("aws");
    let words = ["exec", profile, "--", aws.to_str().unwrap(), "sts", "get-caller-identity", "--output", "json"];
    world.command(words).env("AWS_DEFAULT_REGION", "us-east-1").run().quiet().json()
}

#[test]
fn add_setup_credential_process_and_exec() {
    let moto = Moto::shared();
    let (world, _) = user(moto, "flows-alice");
    let arn = role(moto, "flows-direct");
    world
        .command(["setup", "prod", "--role-arn", &arn, "--source-profile", "flows-alice", "--region", "eu-west-1"])
        .run()
        .ok();
    world.command(["credential-process", "prod"]).run().fails(4).says("hint: role-helper login prod");
    let miss = world.command(["credential-process", "prod", "--mfa-code", "123456"]).run().quiet();
    assert_eq!((&miss.json()["Version"], &miss.json()["AccountId"]), (&1.into(), &ACCOUNT.into()));
    assert_eq!(world.command(["credential-process", "prod"]).run().quiet().stdout, miss.stdout);
    let expected = format!("arn:aws:sts::{ACCOUNT}:assumed-role/flows-direct/flows-alice");
    assert_eq!(who(&world, "prod")["Arn"], expected.as_str());

    // And the AWS CLI through the profile that was written.
    let mut cli = world.program(crate::callers::python("aws"));
    cli.args(["sts", "get-caller-identity", "--profile", "prod", "--output", "json"]);
    assert_eq!(Run::new(cli).run().quiet().json()["Arn"], expected.as_str());
    world.command(["remove", "flows-alice", "--force"]).run().ok();
}

#[test]
fn a_chain_and_the_shared_code() {
    let moto = Moto::shared();
    let (world, _) = user(moto, "flows-bob");
    let (first, second) = (role(moto, "flows-first"), role(moto, "flows-second"));
    world.config(&format!(
        "{}{}",
        profile("first", &first, "flows-bob", "role_helper_mfa_session = 12h"),
        profile("second", &second, "first", ""),
    ));
    world.command(["login", "second", "--mfa-code", "123456"]).run().ok().says("role flows-second");
    let arn = |role: &str| format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/flows-bob");
    assert_eq!(who(&world, "second")["Arn"], arn("flows-second").as_str());
    assert_eq!(who(&world, "first")["Arn"], arn("flows-first").as_str());
    let list = world.command(["list", "--json"]).run().quiet().json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 3, "{list}");
}

#[test]
fn a_key_that_moto_does_not_know() {
    let moto = Moto::shared();
    let world = World::new(moto.endpoint());
    let output =
        world.command(["add", "nobody", "--stdin"]).input(created("AKIAIOSFODNN7EXAMPL7", super::BOB_SECRET)).run();
    // moto takes any key for its own root unless it knows better: either way nothing is kept.
    assert_ne!(output.code(), 0, "{output}");
    assert_eq!(world.command(["list", "--json"]).run().json()["keys"].as_array().unwrap().len(), 0);
}

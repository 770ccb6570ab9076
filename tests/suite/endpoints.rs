//! Where codes may go, as the environment and the file say it, seen from outside.

use crate::practice::{ADMIN, alice, key_file};
use crate::simulator::Simulator;
use crate::simulator::demo::DEMO_MFA;
use crate::world::World;
use std::net::TcpListener;

/// alice's key added, her profile `prod` in the file.
fn stage() -> (Simulator, World) {
    let (aws, world) = alice();
    world.config(&format!("[profile prod]\nrole_arn = {ADMIN}\nsource_profile = alice\nregion = eu-west-1\n"));
    (aws, world)
}

/// Scripts clear a variable by setting it to nothing. AWS itself is then meant, here behind a proxy that is not there.
#[test]
fn an_empty_variable_is_none() {
    let (_aws, mut world) = stage();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.set_endpoint("").set_env("AWS_ENDPOINT_URL", "").set_env("HTTPS_PROXY", format!("http://{free}"));
    let output = world.command(["login", "prod", "--mfa-code", "123456"]).run().fails(6);
    assert!(output.stderr.contains(&free.to_string()), "the proxy is named\n{output}");
    world.command(["add", "bob", "--csv", &key_file(&world)]).run().fails(6);
}

#[test]
fn a_code_goes_to_no_strangers() {
    let (aws, mut world) = stage();
    let code = aws.code_for(DEMO_MFA);
    let login = ["login", "prod", "--mfa-code", &code];
    for url in ["https://sts.example.com", "http://sts.eu-west-1.amazonaws.com", "https://x.s3.amazonaws.com"] {
        world.set_env("AWS_ENDPOINT_URL_STS", url);
        world.command(login).run().fails(3).says("AWS_ENDPOINT_URL_STS").says("role_helper_allow_endpoint");
    }
    // It was never sent, so it is still good.
    world.set_env("AWS_ENDPOINT_URL_STS", aws.endpoint());
    world.command(login).run().ok();
}

/// A name that cannot be resolved: allowed, and not reached.
#[test]
fn the_file_can_allow_one() {
    let (_aws, mut world) = stage();
    let text = world.config_text();
    world.config(&format!("{text}\n[default]\nrole_helper_allow_endpoint = https://sts.gateway.invalid/\n"));
    world.set_env("AWS_ENDPOINT_URL_STS", "https://sts.gateway.invalid");
    world.command(["login", "prod", "--mfa-code", "123456"]).run().fails(6);
}

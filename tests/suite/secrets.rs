//! Where secrets are, and where they must not be: the search for leaks, the closed process, what a command finds when
//! we become it, other users, and the keyrings through every command.

mod closed;
mod given_back;
mod keyrings;
mod leaks;
mod search;
mod users;

use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::world::World;

const ROLES: &str = "arn:aws:iam::222233334444:role";

/// `prod` and `again` by their own codes, `wide` and `read` by one code for both; all from alice's key.
fn config(world: &World) {
    let role = |name: &str, role: &str, more: &str| {
        format!("[profile {name}]\nrole_helper_role_arn = {ROLES}/{role}\nrole_helper_source_profile = alice\n{more}\n")
    };
    let shared = "role_helper_mfa_session = 8h\n";
    let text = [
        role("prod", "Admin", "region = eu-west-1\n"),
        role("again", "ReadOnly", ""),
        role("wide", "Admin", shared),
        role("read", "ReadOnly", shared),
        role("denied", "Nowhere", ""),
    ];
    world.config(&text.concat());
}

fn key_json() -> String {
    format!(r#"{{"AccessKey":{{"AccessKeyId":"{DEMO_KEY_ID}","SecretAccessKey":"{DEMO_SECRET}"}}}}"#)
}

fn add(world: &World) {
    world.command(["add", "alice", "--stdin"]).input(key_json()).run().ok();
}

/// A code that was not used; the simulated clock goes on where there is none.
fn code(aws: &Simulator) -> String {
    loop {
        match aws.try_code_for(DEMO_MFA) {
            Ok(code) => return code,
            Err(seconds) => aws.advance(seconds.max(1)),
        }
    }
}

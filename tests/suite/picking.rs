//! Choosing a profile at a real terminal where none was named, and what is said where there is none.

use crate::practice::{ADMIN, alice};
use crate::simulator::demo::DEMO_MFA;
use crate::world::{NOWHERE, World};
use std::time::Duration;

fn role(name: &str) -> String {
    format!("[profile {name}]\nrole_arn = {ADMIN}\nsource_profile = alice\n")
}

#[test]
fn what_was_used_last_comes_first_and_typing_narrows() {
    let (aws, world) = alice();
    world.config(&["dev", "staging", "prod"].map(role).concat());
    world.command(["login", "prod", "--mfa-code", &aws.code_for(DEMO_MFA)]).run().ok();
    // stdout is a pipe, as in $(role-helper pick).
    let mut session = world.called(["pick"]).start();
    let shown = session.expect("staging");
    let left = ["222233334444  Admin  1h00m", "222233334444  Admin  59m"];
    assert!(shown.contains("> prod") && left.iter().any(|left| shown.contains(left)), "{shown}");
    session.send("\r");
    let ended = session.wait().restored().exits(0);
    assert_eq!(ended.output.stdout, "prod\n");
    let mut session = world.called(["pick"]).start();
    session.expect("staging");
    session.send("stg");
    session.expect("> staging");
    session.send("\r");
    assert_eq!(session.wait().restored().exits(0).output.stdout, "staging\n");
    // The choice goes on as if it had been typed.
    let mut session = world.terminal(["exec", "--", "/bin/sh", "-c", "echo with $ROLE_HELPER_PROFILE"]).start();
    session.expect("> prod");
    session.send("\r");
    session.wait().restored().exits(0).showed("with prod");
}

#[test]
fn ctrl_c_and_esc_choose_nothing_and_leave_the_terminal_sane() {
    let world = World::new(NOWHERE);
    world.config(&role("prod"));
    for command in [["pick"].as_slice(), &["login"], &["exec", "--", "true"], &["shell"], &["console"]] {
        for key in ["\x03", "\x1b"] {
            let mut session = world.terminal(command).start();
            session.expect("> prod");
            session.send(key);
            let ended = session.wait().restored().exits(130);
            let (hidden, shown) = (ended.transcript.rfind("\x1b[?25l"), ended.transcript.rfind("\x1b[?25h"));
            assert!(hidden < shown, "the cursor stayed hidden\n{ended}");
        }
    }
}

#[test]
fn without_a_terminal_it_says_what_to_pass() {
    let mut world = World::new(NOWHERE);
    world.config(&role("prod"));
    for command in [["pick"].as_slice(), &["login"], &["exec", "--", "true"], &["shell"], &["console", "--print"]] {
        let output = world.command(command).run();
        assert_eq!(output.code(), 2, "{output}");
        assert!(output.stderr.contains("role-helper list"), "{output}");
    }
    world.set_env("AWS_PROFILE", "absent");
    assert_eq!(world.command(["login"]).run().code(), 3);
}

#[test]
fn ten_thousand_profiles_and_strange_names() {
    let world = World::new(NOWHERE);
    let mut config: String = (0..10_000).map(|number| role(&format!("team-{number:05}"))).collect();
    config += &role("\"my prod\"");
    world.config(&config);
    let mut session = world.called(["pick"]).start();
    session.expect_within("> team-00000", Duration::from_secs(20));
    session.send("my pro");
    session.expect("> my prod");
    session.send("\r");
    assert_eq!(session.wait().restored().exits(0).output.stdout, "my prod\n");
}

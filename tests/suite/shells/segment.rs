use super::{SHELLS, Shell, in_seconds, signed_in, two_roles};
use crate::practice::alice;
use crate::simulator::demo::DEMO_MFA;
use crate::world::{NOWHERE, World};
use std::fs;

#[test]
fn it_shows_what_the_environment_of_exec_says() {
    let (_aws, world) = signed_in();
    let front = world.front();
    let front = front.to_str().unwrap();
    let exec = |words: &[&str]| {
        let all = [&["exec", "prod", "--", front, "prompt"], words].concat();
        world.command(all).run().quiet().stdout
    };
    let shown = exec(&[]);
    assert!(shown.starts_with("\x1b[0;31m[prod 4444 ") && shown.ends_with("m]\x1b[0m\n"), "{shown:?}");
    assert_eq!(
        exec(&["--format", "{profile}/{account_id}/{state}"]).trim(),
        "\x1b[0;31mprod/222233334444/active\x1b[0m"
    );
    let json: serde_json::Value = serde_json::from_str(&exec(&["--json"])).unwrap();
    assert_eq!(json["account_id"], "222233334444");
    assert!((3500..=3600).contains(&json["seconds_left"].as_i64().unwrap()), "{json}");
    // A logout elsewhere is seen here.
    let script =
        r#""$0" prompt --format before:{profile}; "$0" logout prod 2>/dev/null; "$0" prompt; "$0" prompt --json"#;
    let output = world.command(["exec", "prod", "--", "sh", "-c", script, front]).env("NO_COLOR", "1").run().quiet();
    assert_eq!(output.stdout, "before:prod\nnull\n");
}

#[test]
fn it_shows_the_profile_of_the_environment_while_a_session_lives() {
    let (aws, mut world) = two_roles();
    world.set_env("NO_COLOR", "1").set_env("AWS_PROFILE", "dev");
    let prompt = |world: &World| world.command(["prompt"]).run().quiet().stdout;
    assert_eq!(prompt(&world), "", "no session yet");
    world.command(["login", "dev", "--mfa-code", &aws.code_for(DEMO_MFA)]).run().ok();
    assert!(prompt(&world).starts_with("[dev acme 59m]") || prompt(&world).starts_with("[dev acme 1h00m]"));
    // A session of other options is not what AWS_PROFILE stands for.
    world.command(["exec", "dev", "--duration", "15m", "--", "true"]).run().ok();
    assert!(!prompt(&world).contains("14m"), "{}", prompt(&world));
    // Neither the config nor AWS is needed.
    world.config("[profile dev\nbroken");
    world.set_endpoint(NOWHERE);
    assert!(prompt(&world).starts_with("[dev acme "));
    world.command(["logout", "--all"]).run().ok();
    assert_eq!(prompt(&world), "");
    assert!(fs::read_dir(world.path("home/.cache/role-helper/prompt")).unwrap().next().is_none());
}

#[test]
fn logout_of_one_profile_ends_its_segment_only() {
    let (_aws, mut world) = signed_in();
    world.command(["logout", "dev"]).run().ok();
    for (profile, shown) in [("dev", false), ("prod", true)] {
        world.set_env("AWS_PROFILE", profile);
        let stdout = world.command(["prompt"]).run().quiet().stdout;
        assert_eq!(!stdout.is_empty(), shown, "{profile}: {stdout:?}");
    }
}

#[test]
fn it_counts_down_and_never_complains() {
    let mut world = World::new(NOWHERE);
    world.set_env("ROLE_HELPER_PROFILE", "prod").set_env("ROLE_HELPER_PROMPT", "account=222233334444");
    world.set_env("TERM", "dumb");
    for (seconds, left) in [(7230, "2h00m"), (590, "9m!"), (110, "s!!]"), (-5, "expired")] {
        world.set_env("AWS_CREDENTIAL_EXPIRATION", in_seconds(seconds));
        world.command(["prompt"]).run().quiet().prints(left);
        world.command(["prompt", "--columns", "0"]).run().quiet().prints(left);
    }
    // What is broken is not there.
    for (name, value) in [
        ("AWS_CREDENTIAL_EXPIRATION", "yesterday"),
        ("ROLE_HELPER_PROMPT", "session=../../etc/passwd"),
        ("ROLE_HELPER_HOME", "not/absolute"),
        ("ROLE_HELPER_KEYRING", "none such"),
    ] {
        world.set_env(name, value);
        world.command(["prompt"]).run().quiet();
    }
}

#[test]
fn broken_files_of_ours_are_quiet() {
    let (_aws, mut world) = signed_in();
    world.set_env("AWS_PROFILE", "prod");
    let file = world.path("home/.cache/role-helper/prompt/prod");
    let good = fs::read_to_string(&file).unwrap();
    world.command(["prompt"]).run().quiet().prints("prod");
    for broken in
        ["", "session=", "\u{0}\u{1}\u{2}", "account=222233334444\n", &good[..good.len() / 2], &"x".repeat(1 << 20)]
    {
        fs::write(&file, broken).unwrap();
        assert_eq!(world.command(["prompt"]).run().quiet().stdout, "");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(world.command(["prompt"]).run().quiet().stdout, "");
    fs::remove_dir(&file).unwrap();
    // The next use mends it.
    world.command(["exec", "prod", "--", "true"]).run().ok();
    assert_eq!(fs::read_to_string(&file).unwrap(), good);
}

#[test]
fn profiles_that_others_named_are_shown_and_do_nothing() {
    let (aws, mut world) = alice();
    let name = "本番 'x' %F{red} $(touch p)";
    world.config(&format!("[profile \"{name}\"]\nrole_arn = {}\nsource_profile = alice\n", crate::practice::ADMIN));
    world.command(["login", name, "--mfa-code", &aws.code_for(DEMO_MFA)]).run().ok();
    world.set_env("AWS_PROFILE", name);
    for shell in SHELLS.into_iter().filter(|shell| shell.is_here()) {
        let mut session = shell.start(&world, &shell.line(&world, ""));
        let seen = session.expect(":0> ");
        assert!(seen.contains("$(touch p)") && seen.contains("本番"), "{shell:?}: {seen:?}");
        session.send("exit\r");
        session.wait();
        assert!(!world.path("work/p").exists(), "{shell:?}");
        if shell == Shell::Zsh {
            // Where zsh expands nothing, the text itself stands in the prompt.
            let more = format!("unsetopt promptsubst\n{}", shell.line(&world, ""));
            let mut session = shell.start(&world, &more);
            let seen = session.expect("<$hooks:0> ");
            assert!(seen.contains("$(touch p)") && seen.contains("%F{red}"), "{seen:?}");
        }
    }
    // Without Unicode: one `?` for each character.
    world.set_env("LC_ALL", "C");
    world.command(["prompt"]).run().quiet().prints("[?? 'x'");
}

#[test]
fn what_is_wrong_on_the_command_line_is_said() {
    let world = World::new(NOWHERE);
    world.command(["prompt", "--format", "{nope}"]).run().fails(2).says("{account_id}");
    world.command(["prompt", "--for", "ksh"]).run().fails(2).says("bash, zsh, fish, powershell, tmux");
    world.command(["init", "ksh"]).run().fails(2).says("bash, zsh, fish, powershell");
    world.command(["init"]).run().fails(2).says("SHELL");
    world.command(["prompt", "--help"]).run().quiet().prints("role_helper_color");
}

//! AWS says no, for every reason that it has: one clear error, exit code 1, and as far as AWS tells, which of MFA,
//! trust policy and permission it was.

use super::rig::{PROD, Rig, clear, every};
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::faults::Fault;
use crate::simulator::world::{Allow, World as Aws};

fn denied(rig: &Rig, name: &str, code: i32, words: &[&str]) {
    let mut output = clear(name, rig.paid().run(), code);
    for word in words {
        output = output.says(word);
    }
    assert!(output.stderr.contains("\nhint: "), "{name}: no hint\n{output}");
}

#[test]
fn a_denial_says_which_of_the_three_it_was() {
    let rig = Rig::new();
    let role = |aws: &mut Aws, change: &dyn Fn(&mut crate::simulator::world::Role)| {
        change(aws.roles.iter_mut().find(|role| role.arn.ends_with("role/Admin")).unwrap());
    };
    // The role wants another session name.
    rig.aws.change(|aws| role(aws, &|role| role.trust[0].session_name = Some("bob".into())));
    denied(&rig, "session name", 1, &["session name alice", "trust policy"]);
    rig.aws.change(|aws| role(aws, &|role| role.trust[0].session_name = Some("${aws:username}".into())));

    // It wants an external id.
    rig.aws.change(|aws| role(aws, &|role| role.trust[0].external_id = Some("x1".into())));
    denied(&rig, "external id", 1, &["AccessDenied"]);
    rig.aws.change(|aws| role(aws, &|role| role.trust[0].external_id = None));

    // It trusts somebody else.
    rig.aws.change(|aws| role(aws, &|role| role.trust[0].principals = vec!["444455556666".into()]));
    denied(&rig, "another account", 1, &["AccessDenied"]);
    rig.aws.change(|aws| role(aws, &|role| role.trust[0].principals = vec!["111122223333".into()]));

    // The user may not assume roles.
    let mut allowed: Vec<Allow> = Vec::new();
    rig.aws.change(|aws| std::mem::swap(&mut aws.users[0].allow, &mut allowed));
    denied(&rig, "permission", 1, &["sts:AssumeRole"]);
    rig.aws.change(|aws| std::mem::swap(&mut aws.users[0].allow, &mut allowed));

    // MFA: a wrong code, somebody else's device.
    let wrong = rig.aws.wrong_code_for(DEMO_MFA);
    let output = rig.world.command(["credential-process", "prod", "--mfa-code", &wrong]).run();
    clear("wrong code", output, 1).says("code");
    rig.world.config(&format!("{PROD}mfa_serial = arn:aws:iam::111122223333:mfa/bob\n"));
    denied(&rig, "wrong device", 1, &["mfa/bob", "list-mfa-devices"]);
    rig.world.config(PROD);

    // The role has a shorter maximum, and is not there.
    rig.world.config(&PROD.replace("role/Admin", "role/ReadOnly").replace("source", "duration_seconds = 7200\nsource"));
    denied(&rig, "duration", 1, &["MaxSessionDuration"]);
    rig.world.config(&PROD.replace("role/Admin", "role/Nobody"));
    denied(&rig, "no such role", 1, &["role/Nobody"]);
    rig.world.config(PROD);
    rig.nothing_lost();
}

/// The role wants MFA and no device is known: what is missing is said.
#[test]
fn a_role_that_wants_mfa_without_a_device() {
    let aws = Aws {
        users: vec![{
            let mut alice = Aws::demo().users.remove(0);
            alice.mfa.clear();
            alice
        }],
        ..Aws::demo()
    };
    let rig = Rig::of(aws, |endpoint| crate::world::World::new(endpoint).with_own_folder());
    clear("no device", rig.unpaid().run(), 1).says("MFA");
}

#[test]
fn keys_that_are_no_longer_good() {
    let rig = Rig::new();
    rig.aws.change(|aws| aws.users[0].keys[0].active = false);
    denied(&rig, "deactivated", 1, &["deactivated", "role-helper add alice"]);
    rig.aws.change(|aws| aws.users[0].keys[0].active = true);
    rig.aws.change(|aws| aws.users[0].keys[0].id = "AKIAANOTHERANOTHER00".into());
    denied(&rig, "deleted", 1, &["role-helper add alice"]);
    rig.aws.change(|aws| aws.users[0].keys[0].id = DEMO_KEY_ID.into());
    rig.aws.change(|aws| aws.users[0].keys[0].secret = "another/secret".into());
    denied(&rig, "another secret", 1, &["secret", "role-helper add alice"]);
    rig.aws.change(|aws| aws.users[0].keys[0].secret = DEMO_SECRET.into());
    rig.nothing_lost();
}

/// A session that AWS has forgotten below the role that is asked for.
#[test]
fn an_mfa_session_that_was_revoked() {
    let rig = Rig::new();
    rig.world.config(&format!("{PROD}role_helper_mfa_session = 12h\n"));
    rig.aws.fail_once(
        "AssumeRole",
        Fault::error(403, "ExpiredToken", "The security token included in the request is expired"),
    );
    denied(&rig, "expired session", 1, &["ExpiredToken", "role-helper login prod"]);
    rig.nothing_lost();
}

#[test]
fn a_clock_that_is_off_is_corrected_or_named() {
    let rig = Rig::new();
    // By what AWS's own answer says, ten minutes are found and corrected; the code is sent again, for it was not used.
    rig.aws.advance(600);
    rig.paid().run().credentials();
    rig.world.command(["logout", "--all"]).run().ok();
    // Where the answer gives no time, or a wrong one, the person is told.
    rig.aws.skew_date(-600);
    denied(&rig, "skewed", 1, &["clock"]);
}

#[test]
fn regions_that_are_off_and_policies_that_do_not_fit() {
    let rig = Rig::new();
    for (code, message, exit) in [
        ("RegionDisabledException", "STS is not activated in this region", 1),
        ("MalformedPolicyDocument", "The policy is not in the valid JSON format", 3),
        ("PackedPolicyTooLarge", "Packed policy consumes 123% of allotted space", 3),
        ("IDPCommunicationError", "x", 1),
        ("ValidationError", "1 validation error detected: Value at 'roleSessionName' failed", 1),
        ("OptInRequired", "You are not subscribed", 1),
    ] {
        rig.aws.fail_once("AssumeRole", Fault::error(400, code, message));
        denied(&rig, code, exit, &[code]);
    }
    rig.nothing_lost();
}

/// What `add` is given on stdin and in files.
#[test]
fn keys_that_are_none() {
    let rig = Rig::new();
    let secret = "x".repeat(40);
    let json = |id: &str, secret: &str| {
        format!("{{\"AccessKey\":{{\"AccessKeyId\":\"{id}\",\"SecretAccessKey\":\"{secret}\"}}}}")
    };
    let many: Vec<(&str, Vec<u8>, i32)> = vec![
        ("nothing", Vec::new(), 2),
        ("a line end", b"\n".to_vec(), 2),
        ("half", json(DEMO_KEY_ID, &secret)[..40].into(), 2),
        ("a list", b"[]".to_vec(), 2),
        ("null", b"null".to_vec(), 2),
        ("another object", b"{\"User\":{}}".to_vec(), 2),
        ("no secret", b"{\"AccessKey\":{\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPL2\"}}".to_vec(), 2),
        ("an empty secret", json(DEMO_KEY_ID, "").into(), 2),
        ("a short id", json("AKIA", &secret).into(), 2),
        ("a word for an id", json("hunter2", &secret).into(), 2),
        ("no UTF-8", vec![0xff; 40], 2),
        ("NULs", vec![0; 40], 2),
        ("a megabyte", vec![b'x'; 1_000_000], 2),
        ("deep", "[".repeat(50_000).into(), 2),
        ("a web page", b"<html></html>".to_vec(), 2),
        ("a temporary key", json("ASIAIOSFODNN7EXAMPL2", &secret).into(), 1),
        ("a key that AWS does not know", json("AKIAUNKNOWNUNKNOWN00", &secret).into(), 1),
        ("another secret", json(DEMO_KEY_ID, &secret).into(), 1),
    ];
    every(many, |(name, bytes, code)| {
        let output = rig.world.command(["add", "bob", "--stdin"]).input(bytes).run();
        assert!(!output.stderr.contains(&secret), "{name}\n{output}");
        super::rig::show(name, &output);
        assert!([code, 3 - code, 3].contains(&output.code()), "{name}\n{output}");
        let code = output.code();
        clear(name, output, code);
        assert!(!rig.world.path("own/sources/bob.json").exists(), "{name}");
    });
    for (name, text) in
        [("no header", ""), ("a header alone", "Access key ID,Secret access key\n"), ("one column", "x\ny\n")]
    {
        let file = rig.world.secret_file("bad.csv", text);
        clear(name, rig.world.command(["add", "bob", "--csv", file.to_str().unwrap()]).run(), 2);
    }
    clear("no file", rig.world.command(["add", "bob", "--csv", "/nonexistent"]).run(), 2);
    rig.nothing_lost();
}

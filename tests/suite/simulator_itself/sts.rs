//! Who gets what: codes, trust, durations.

use super::*;

#[test]
fn a_user_is_told_apart_and_a_wrong_secret_refused() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let me = alice(&simulator).get_caller_identity().send().await.unwrap();
        assert_eq!(me.arn(), Some("arn:aws:iam::111122223333:user/division/alice"));
        assert_eq!(me.account(), Some("111122223333"));
        assert!(me.user_id().unwrap().starts_with("AIDA"));
        let wrong = client(&simulator, DEMO_KEY_ID, "another secret", None).get_caller_identity().send().await;
        assert!(refusal(wrong).starts_with("SignatureDoesNotMatch: The request signature we calculated"));
        let unknown = client(&simulator, "AKIAIOSFODNN7EXAMPL3", DEMO_SECRET, None).get_caller_identity().send().await;
        assert_eq!(refusal(unknown), "InvalidClientTokenId: The security token included in the request is invalid.");
    });
    let outcomes: Vec<String> = simulator.calls().into_iter().map(|c| c.outcome).collect();
    assert_eq!(outcomes, ["", "SignatureDoesNotMatch", "InvalidClientTokenId"]);
}

#[test]
fn a_role_is_had_with_a_code_and_a_code_serves_once() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let alice = alice(&simulator);
        let code = simulator.code_for(DEMO_MFA);
        let assume =
            || alice.assume_role().role_arn(ADMIN).role_session_name("alice").serial_number(DEMO_MFA).token_code(&code);
        let got = assume().duration_seconds(43_200).send().await.unwrap();
        assert_eq!(got.assumed_role_user().unwrap().arn(), "arn:aws:sts::222233334444:assumed-role/Admin/alice");
        let credentials = got.credentials().unwrap();
        assert!(credentials.access_key_id().starts_with("ASIA"));
        assert!(credentials.session_token().len() > 600);
        let me = with(&simulator, credentials).get_caller_identity().send().await.unwrap();
        assert_eq!(me.arn(), Some("arn:aws:sts::222233334444:assumed-role/Admin/alice"));
        assert_eq!(
            refusal(assume().send().await),
            "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. "
        );
        let next = simulator.code_for(DEMO_MFA);
        assert_ne!(next, code);
        assert!(assume().token_code(next).send().await.is_ok());
    });
    let first = &simulator.calls()[0];
    assert_eq!(first.param("RoleSessionName"), Some("alice"));
    assert_eq!(first.region, "ap-northeast-1");
    assert_eq!(first.caller_arn, "arn:aws:iam::111122223333:user/division/alice");
}

#[test]
fn trust_without_mfa_or_under_another_name_is_denied() {
    let simulator = Simulator::start(World::demo());
    let denied = format!(
        "AccessDenied: User: arn:aws:iam::111122223333:user/division/alice is not authorized to perform: sts:AssumeRole on resource: {ADMIN}"
    );
    run(async {
        let alice = alice(&simulator);
        let assume = |name: &str| alice.assume_role().role_arn(ADMIN).role_session_name(name);
        assert_eq!(refusal(assume("alice").send().await), denied);
        let code = simulator.code_for(DEMO_MFA);
        assert_eq!(refusal(assume("Alice").serial_number(DEMO_MFA).token_code(code).send().await), denied);
    });
}

#[test]
fn a_device_that_is_not_the_callers_and_half_an_mfa_are_told_apart() {
    let fido = "arn:aws:iam::111122223333:u2f/user/alice/key-1";
    let mut world = World::demo();
    world.users[0] = world.users[0].clone().fido(fido);
    let simulator = Simulator::start(world);
    run(async {
        let alice = alice(&simulator);
        let assume = || alice.assume_role().role_arn(ADMIN).role_session_name("alice");
        let unable = "AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
        for serial in [fido, "arn:aws:iam::111122223333:mfa/bob"] {
            assert_eq!(refusal(assume().serial_number(serial).token_code("123456").send().await), unable);
        }
        let half = assume().serial_number(DEMO_MFA).send().await;
        assert_eq!(
            refusal(half),
            "AccessDenied: MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        );
        let wrong = assume().serial_number(DEMO_MFA).token_code(simulator.wrong_code_for(DEMO_MFA)).send().await;
        assert_eq!(
            refusal(wrong),
            "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. "
        );
    });
}

#[test]
fn codes_run_out_within_a_window_and_come_back_with_time() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let alice = alice(&simulator);
        // Three codes, or four where a step begins meanwhile.
        let mut wait = 0;
        for _ in 0..5 {
            match simulator.try_code_for(DEMO_MFA) {
                Err(seconds) => wait = seconds,
                Ok(code) => {
                    let ask = alice.get_session_token().serial_number(DEMO_MFA);
                    ask.token_code(code).send().await.unwrap();
                }
            }
        }
        assert!((1..=30).contains(&wait), "{wait}");
        simulator.advance(wait);
        assert!(simulator.try_code_for(DEMO_MFA).is_ok());
    });
}

#[test]
fn what_is_malformed_is_named_all_at_once() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let alice = alice(&simulator);
        let assume = |arn: &str, name: &str| alice.assume_role().role_arn(arn).role_session_name(name);
        assert_eq!(
            refusal(assume(ADMIN, "a").duration_seconds(899).send().await),
            "ValidationError: 2 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
        );
        assert_eq!(
            refusal(assume(ADMIN, "a/b").send().await),
            "ValidationError: 1 validation error detected: Value 'a/b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        );
        let user = "arn:aws:iam::222233334444:user/Admin";
        assert_eq!(refusal(assume(user, "alice").send().await), format!("ValidationError: {user} is invalid"));
        assert!(refusal(assume(ADMIN, "alice").policy("{").send().await).starts_with("MalformedPolicyDocument: "));
        let long = "x".repeat(2049);
        assert!(refusal(assume(ADMIN, "alice").policy(long).send().await).contains("less than or equal to 2048"));
    });
}

#[test]
fn a_role_lives_as_long_as_it_allows() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let alice = alice(&simulator);
        let code = simulator.code_for(DEMO_MFA);
        let read_only = "arn:aws:iam::222233334444:role/ReadOnly";
        let long = alice
            .assume_role()
            .role_arn(read_only)
            .role_session_name("alice")
            .serial_number(DEMO_MFA)
            .token_code(code)
            .duration_seconds(3601)
            .send()
            .await;
        assert_eq!(
            refusal(long),
            "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        );
        let got = assume_admin(&simulator, "alice").await;
        let admin = with(&simulator, got.credentials().unwrap());
        admin.get_caller_identity().send().await.unwrap();
        simulator.change(|w| w.clock_window_seconds = 7200);
        simulator.advance(3601);
        let expired = admin.get_caller_identity().send().await;
        assert_eq!(refusal(expired), "ExpiredToken: The security token included in the request is expired");
    });
}

#[test]
fn a_root_key_is_known_and_gets_no_role() {
    let simulator = Simulator::start(World::demo().root("111122223333", "AKIAROOTROOTROOTROOT", "root secret"));
    run(async {
        let root = client(&simulator, "AKIAROOTROOTROOTROOT", "root secret", None);
        assert_eq!(root.get_caller_identity().send().await.unwrap().arn(), Some("arn:aws:iam::111122223333:root"));
        let assume = root.assume_role().role_arn(ADMIN).role_session_name("root").send().await;
        assert_eq!(refusal(assume), "AccessDenied: Roles may not be assumed by root accounts.");
    });
}

#[test]
fn a_token_that_is_missing_foreign_or_changed_is_invalid() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let got = assume_admin(&simulator, "alice").await;
        let c = got.credentials().unwrap();
        let (id, secret) = (c.access_key_id(), c.secret_access_key());
        for client in [
            client(&simulator, id, secret, None),
            client(&simulator, id, secret, Some(format!("{}x", c.session_token()))),
            client(&simulator, DEMO_KEY_ID, DEMO_SECRET, Some(c.session_token().into())),
        ] {
            let refused = refusal(client.get_caller_identity().send().await);
            assert_eq!(refused, "InvalidClientTokenId: The security token included in the request is invalid.");
        }
        let arn = simulator.session_arn(id, secret, c.session_token());
        assert_eq!(arn.as_deref(), Some("arn:aws:sts::222233334444:assumed-role/Admin/alice"));
    });
}

#[test]
fn a_region_that_is_not_opted_into_says_so() {
    let mut world = World::demo();
    world.disabled_regions = vec!["ap-northeast-1".into()];
    let simulator = Simulator::start(world);
    run(async {
        let refused = refusal(alice(&simulator).get_caller_identity().send().await);
        assert!(
            refused
                .starts_with("RegionDisabledException: STS is not activated in this region for account:111122223333.")
        );
    });
}

#[test]
fn tokens_are_as_long_as_they_are_asked_to_be() {
    let mut world = World::demo();
    world.session_token_bytes = 1500;
    let simulator = Simulator::start(world);
    run(async {
        let got = alice(&simulator).get_session_token().send().await.unwrap();
        assert!(got.credentials().unwrap().session_token().len() >= 1500);
        let ask = alice(&simulator).get_session_token().minimum_session_token_size(4000);
        assert!(ask.send().await.unwrap().credentials().unwrap().session_token().len() >= 4000);
    });
}

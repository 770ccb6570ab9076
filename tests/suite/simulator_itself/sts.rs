//! Who gets what: codes, trust, durations, chains.

use super::*;

#[test]
fn a_user_is_told_apart_and_a_wrong_secret_refused() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let me = alice(&simulator)
            .get_caller_identity()
            .send()
            .await
            .unwrap();
        assert_eq!(
            me.arn(),
            Some("arn:aws:iam::111122223333:user/division/alice")
        );
        assert_eq!(me.account(), Some("111122223333"));
        assert!(me.user_id().unwrap().starts_with("AIDA"));
        let wrong = client(&simulator, DEMO_KEY_ID, "another secret", None)
            .get_caller_identity()
            .send()
            .await;
        assert!(
            refusal(wrong)
                .starts_with("SignatureDoesNotMatch: The request signature we calculated")
        );
        let unknown = client(&simulator, "AKIAIOSFODNN7EXAMPL3", DEMO_SECRET, None)
            .get_caller_identity()
            .send()
            .await;
        assert_eq!(
            refusal(unknown),
            "InvalidClientTokenId: The security token included in the request is invalid."
        );
    });
    let outcomes: Vec<String> = simulator.calls().into_iter().map(|c| c.outcome).collect();
    assert_eq!(
        outcomes,
        ["", "SignatureDoesNotMatch", "InvalidClientTokenId"]
    );
}

#[test]
fn a_role_is_had_with_a_code_and_a_code_serves_once() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let alice = alice(&simulator);
        let code = simulator.code_for(DEMO_MFA);
        let assume = || {
            alice
                .assume_role()
                .role_arn(ADMIN)
                .role_session_name("alice")
                .serial_number(DEMO_MFA)
                .token_code(&code)
        };
        let got = assume().duration_seconds(43_200).send().await.unwrap();
        assert_eq!(
            got.assumed_role_user().unwrap().arn(),
            "arn:aws:sts::222233334444:assumed-role/Admin/alice"
        );
        let credentials = got.credentials().unwrap();
        assert!(credentials.access_key_id().starts_with("ASIA"));
        assert!(credentials.session_token().len() > 600);
        let me = with(&simulator, credentials)
            .get_caller_identity()
            .send()
            .await
            .unwrap();
        assert_eq!(
            me.arn(),
            Some("arn:aws:sts::222233334444:assumed-role/Admin/alice")
        );
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
    assert_eq!(
        first.caller_arn,
        "arn:aws:iam::111122223333:user/division/alice"
    );
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
        assert_eq!(
            refusal(
                assume("Alice")
                    .serial_number(DEMO_MFA)
                    .token_code(code)
                    .send()
                    .await
            ),
            denied
        );
    });
}

#[test]
fn a_session_with_mfa_opens_roles_for_an_hour_and_no_more() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let got = alice(&simulator)
            .get_session_token()
            .serial_number(DEMO_MFA)
            .token_code(simulator.code_for(DEMO_MFA))
            .send()
            .await
            .unwrap();
        let shared = with(&simulator, got.credentials().unwrap());
        let assume = || {
            shared
                .assume_role()
                .role_arn(ADMIN)
                .role_session_name("alice")
        };
        let capped = "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        assert_eq!(
            refusal(assume().duration_seconds(3601).send().await),
            capped
        );
        let admin = assume().duration_seconds(3600).send().await.unwrap();
        let admin = with(&simulator, admin.credentials().unwrap());
        let chain = || {
            admin
                .assume_role()
                .role_arn(CHAINED)
                .role_session_name("alice")
        };
        assert_eq!(refusal(chain().duration_seconds(7200).send().await), capped);
        let end = chain().send().await.unwrap();
        assert_eq!(
            end.assumed_role_user().unwrap().arn(),
            "arn:aws:sts::222233334444:assumed-role/Chained/alice"
        );
        assert_eq!(
            refusal(shared.get_session_token().send().await),
            "AccessDenied: Cannot call GetSessionToken with session credentials"
        );
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
        let assume = || {
            alice
                .assume_role()
                .role_arn(ADMIN)
                .role_session_name("alice")
        };
        let unable = "AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
        for serial in [fido, "arn:aws:iam::111122223333:mfa/bob"] {
            assert_eq!(
                refusal(
                    assume()
                        .serial_number(serial)
                        .token_code("123456")
                        .send()
                        .await
                ),
                unable
            );
        }
        let half = assume().serial_number(DEMO_MFA).send().await;
        assert_eq!(
            refusal(half),
            "AccessDenied: MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        );
        let wrong = assume()
            .serial_number(DEMO_MFA)
            .token_code(simulator.wrong_code_for(DEMO_MFA))
            .send()
            .await;
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
        for _ in 0..3 {
            let code = simulator.code_for(DEMO_MFA);
            alice
                .get_session_token()
                .serial_number(DEMO_MFA)
                .token_code(code)
                .send()
                .await
                .unwrap();
        }
        let wait = simulator.try_code_for(DEMO_MFA).unwrap_err();
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
        let assume =
            |arn: &str, name: &str| alice.assume_role().role_arn(arn).role_session_name(name);
        assert_eq!(
            refusal(assume(ADMIN, "a").duration_seconds(899).send().await),
            "ValidationError: 2 validation errors detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2; Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
        );
        assert_eq!(
            refusal(assume(ADMIN, "a/b").send().await),
            "ValidationError: 1 validation error detected: Value 'a/b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        );
        let user = "arn:aws:iam::222233334444:user/Admin";
        assert_eq!(
            refusal(assume(user, "alice").send().await),
            format!("ValidationError: {user} is invalid")
        );
        assert!(
            refusal(assume(ADMIN, "alice").policy("{").send().await)
                .starts_with("MalformedPolicyDocument: ")
        );
        let long = "x".repeat(2049);
        assert!(
            refusal(assume(ADMIN, "alice").policy(long).send().await)
                .contains("less than or equal to 2048")
        );
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
        assert_eq!(
            refusal(expired),
            "ExpiredToken: The security token included in the request is expired"
        );
    });
}

#[test]
fn source_identity_and_transitive_tags_go_down_the_chain_unchanged() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let tag = |k: &str, v: &str| {
            aws_sdk_sts::types::Tag::builder()
                .key(k)
                .value(v)
                .build()
                .unwrap()
        };
        let got = alice(&simulator)
            .assume_role()
            .role_arn(ADMIN)
            .role_session_name("alice")
            .serial_number(DEMO_MFA)
            .token_code(simulator.code_for(DEMO_MFA))
            .source_identity("alice")
            .tags(tag("team", "blue & <green>"))
            .transitive_tag_keys("team")
            .send()
            .await
            .unwrap();
        assert_eq!(got.source_identity(), Some("alice"));
        assert!(got.packed_policy_size().is_some_and(|p| p > 0));
        let admin = with(&simulator, got.credentials().unwrap());
        let chain = || {
            admin
                .assume_role()
                .role_arn(CHAINED)
                .role_session_name("alice")
        };
        assert_eq!(
            chain().send().await.unwrap().source_identity(),
            Some("alice")
        );
        assert!(
            refusal(chain().source_identity("mallory").send().await)
                .contains("sts:SetSourceIdentity")
        );
        assert!(
            refusal(chain().tags(tag("Team", "red")).send().await)
                .starts_with("InvalidParameterValue: ")
        );
        simulator.change(|w| w.roles[2].trust[0].tag_session = false);
        assert!(
            refusal(chain().send().await).contains("not authorized to perform: sts:TagSession")
        );
        simulator.change(|w| {
            w.roles[2].trust[0].tag_session = true;
            w.roles[2].trust[0].set_source_identity = false;
        });
        assert!(
            refusal(chain().send().await)
                .contains("not authorized to perform: sts:SetSourceIdentity")
        );
    });
    assert_eq!(
        simulator.calls()[0].param("Tags.member.1.Value"),
        Some("blue & <green>")
    );
}

#[test]
fn a_role_session_carries_no_mfa_and_its_policy_narrows_it() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let got = assume_admin(&simulator, "alice").await;
        simulator.change(|w| w.roles[2].trust[0].mfa = true);
        let admin = with(&simulator, got.credentials().unwrap());
        let chain = admin
            .assume_role()
            .role_arn(CHAINED)
            .role_session_name("alice")
            .send()
            .await;
        assert!(refusal(chain).ends_with(&format!("sts:AssumeRole on resource: {CHAINED}")));
        simulator.change(|w| {
            w.roles[2].trust[0].mfa = false;
            w.roles[2].trust[0].principals = vec!["222233334444".into()];
        });
        assert!(
            admin
                .assume_role()
                .role_arn(CHAINED)
                .role_session_name("alice")
                .send()
                .await
                .is_ok()
        );
        let narrow = alice(&simulator)
            .assume_role()
            .role_arn(ADMIN)
            .role_session_name("alice")
            .policy(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#)
            .serial_number(DEMO_MFA)
            .token_code(simulator.code_for(DEMO_MFA))
            .send()
            .await
            .unwrap();
        let narrow = with(&simulator, narrow.credentials().unwrap());
        let chain = narrow
            .assume_role()
            .role_arn(CHAINED)
            .role_session_name("alice")
            .send()
            .await;
        assert!(
            refusal(chain).starts_with(
                "AccessDenied: User: arn:aws:sts::222233334444:assumed-role/Admin/alice"
            )
        );
    });
}

#[test]
fn both_accounts_must_allow_and_the_external_id_must_fit() {
    let vendor = "arn:aws:iam::222233334444:role/vendor/Audit";
    let simulator = Simulator::start(
        World::demo().role(Role::new(vendor).trust(Trust::of("111122223333").external_id("e-1"))),
    );
    run(async {
        let alice = alice(&simulator);
        let assume = || {
            alice
                .assume_role()
                .role_arn(vendor)
                .role_session_name("alice")
        };
        assert!(refusal(assume().send().await).starts_with("AccessDenied: "));
        assert!(refusal(assume().external_id("e-2").send().await).starts_with("AccessDenied: "));
        let got = assume().external_id("e-1").send().await.unwrap();
        assert_eq!(
            got.assumed_role_user().unwrap().arn(),
            "arn:aws:sts::222233334444:assumed-role/Audit/alice"
        );
        simulator.change(|w| w.users[0].allow.clear());
        assert!(refusal(assume().external_id("e-1").send().await).starts_with("AccessDenied: "));
    });
}

#[test]
fn a_root_key_is_known_and_gets_no_role() {
    let simulator =
        Simulator::start(World::demo().root("111122223333", "AKIAROOTROOTROOTROOT", "root secret"));
    run(async {
        let root = client(&simulator, "AKIAROOTROOTROOTROOT", "root secret", None);
        assert_eq!(
            root.get_caller_identity().send().await.unwrap().arn(),
            Some("arn:aws:iam::111122223333:root")
        );
        let assume = root
            .assume_role()
            .role_arn(ADMIN)
            .role_session_name("root")
            .send()
            .await;
        assert_eq!(
            refusal(assume),
            "AccessDenied: Roles may not be assumed by root accounts."
        );
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
            client(
                &simulator,
                id,
                secret,
                Some(format!("{}x", c.session_token())),
            ),
            client(
                &simulator,
                DEMO_KEY_ID,
                DEMO_SECRET,
                Some(c.session_token().into()),
            ),
        ] {
            let refused = refusal(client.get_caller_identity().send().await);
            assert_eq!(
                refused,
                "InvalidClientTokenId: The security token included in the request is invalid."
            );
        }
        let arn = simulator.session_arn(id, secret, c.session_token());
        assert_eq!(
            arn.as_deref(),
            Some("arn:aws:sts::222233334444:assumed-role/Admin/alice")
        );
    });
}

#[test]
fn a_region_that_is_not_opted_into_says_so() {
    let mut world = World::demo();
    world.disabled_regions = vec!["ap-northeast-1".into()];
    let simulator = Simulator::start(world);
    run(async {
        let refused = refusal(alice(&simulator).get_caller_identity().send().await);
        assert!(refused.starts_with(
            "RegionDisabledException: STS is not activated in this region for account:111122223333."
        ));
    });
}

//! What goes from one hop to the next, and what both sides must allow.

use super::*;

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
        let assume = || shared.assume_role().role_arn(ADMIN).role_session_name("alice");
        let capped = "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
        assert_eq!(refusal(assume().duration_seconds(3601).send().await), capped);
        let admin = assume().duration_seconds(3600).send().await.unwrap();
        let admin = with(&simulator, admin.credentials().unwrap());
        let chain = || admin.assume_role().role_arn(CHAINED).role_session_name("alice");
        assert_eq!(refusal(chain().duration_seconds(7200).send().await), capped);
        let end = chain().send().await.unwrap();
        assert_eq!(end.assumed_role_user().unwrap().arn(), "arn:aws:sts::222233334444:assumed-role/Chained/alice");
        assert_eq!(
            refusal(shared.get_session_token().send().await),
            "AccessDenied: Cannot call GetSessionToken with session credentials"
        );
    });
}

#[test]
fn source_identity_and_transitive_tags_go_down_the_chain_unchanged() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let tag = |k: &str, v: &str| aws_sdk_sts::types::Tag::builder().key(k).value(v).build().unwrap();
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
        assert_eq!(got.session_token_utilization(), Some(17));
        let admin = with(&simulator, got.credentials().unwrap());
        let chain = || admin.assume_role().role_arn(CHAINED).role_session_name("alice");
        assert_eq!(chain().send().await.unwrap().source_identity(), Some("alice"));
        assert!(refusal(chain().source_identity("mallory").send().await).contains("sts:SetSourceIdentity"));
        assert!(refusal(chain().tags(tag("Team", "red")).send().await).starts_with("InvalidParameterValue: "));
        simulator.change(|w| w.roles[2].trust[0].tag_session = false);
        assert!(refusal(chain().send().await).contains("not authorized to perform: sts:TagSession"));
        simulator.change(|w| {
            w.roles[2].trust[0].tag_session = true;
            w.roles[2].trust[0].set_source_identity = false;
        });
        assert!(refusal(chain().send().await).contains("not authorized to perform: sts:SetSourceIdentity"));
    });
    assert_eq!(simulator.calls()[0].param("Tags.member.1.Value"), Some("blue & <green>"));
}

#[test]
fn a_role_session_carries_no_mfa_and_its_policy_narrows_it() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let got = assume_admin(&simulator, "alice").await;
        simulator.change(|w| w.roles[2].trust[0].mfa = true);
        let admin = with(&simulator, got.credentials().unwrap());
        let chain = admin.assume_role().role_arn(CHAINED).role_session_name("alice").send().await;
        assert!(refusal(chain).ends_with(&format!("sts:AssumeRole on resource: {CHAINED}")));
        simulator.change(|w| {
            w.roles[2].trust[0].mfa = false;
            w.roles[2].trust[0].principals = vec!["222233334444".into()];
        });
        assert!(admin.assume_role().role_arn(CHAINED).role_session_name("alice").send().await.is_ok());
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
        let chain = narrow.assume_role().role_arn(CHAINED).role_session_name("alice").send().await;
        assert!(refusal(chain).starts_with("AccessDenied: User: arn:aws:sts::222233334444:assumed-role/Admin/alice"));
    });
}

#[test]
fn both_accounts_must_allow_and_the_external_id_must_fit() {
    let vendor = "arn:aws:iam::222233334444:role/vendor/Audit";
    let simulator =
        Simulator::start(World::demo().role(Role::new(vendor).trust(Trust::of("111122223333").external_id("e-1"))));
    run(async {
        let alice = alice(&simulator);
        let assume = || alice.assume_role().role_arn(vendor).role_session_name("alice");
        assert!(refusal(assume().send().await).starts_with("AccessDenied: "));
        assert!(refusal(assume().external_id("e-2").send().await).starts_with("AccessDenied: "));
        let got = assume().external_id("e-1").send().await.unwrap();
        assert_eq!(got.assumed_role_user().unwrap().arn(), "arn:aws:sts::222233334444:assumed-role/Audit/alice");
        simulator.change(|w| w.users[0].allow.clear());
        assert!(refusal(assume().external_id("e-1").send().await).starts_with("AccessDenied: "));
    });
}

#[test]
fn a_policy_that_does_not_fit_is_too_large() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let got = assume_admin(&simulator, "alice").await;
        let arns = (0..10).map(|n| {
            let arn = format!("arn:aws:iam::222233334444:policy/{}{n}", "x".repeat(200));
            aws_sdk_sts::types::PolicyDescriptorType::builder().arn(arn).build()
        });
        let chain = with(&simulator, got.credentials().unwrap())
            .assume_role()
            .role_arn(CHAINED)
            .role_session_name("alice")
            .set_policy_arns(Some(arns.collect()))
            .send()
            .await;
        assert!(refusal(chain).starts_with("PackedPolicyTooLarge: Packed policy consumes"));
        let tags = (0..9).map(|n| {
            let tag = aws_sdk_sts::types::Tag::builder().key(format!("T{n}"));
            tag.value("a".repeat(250)).build().unwrap()
        });
        let chain = with(&simulator, got.credentials().unwrap())
            .assume_role()
            .role_arn(CHAINED)
            .role_session_name("alice")
            .set_tags(Some(tags.collect()))
            .send()
            .await;
        assert_eq!(
            refusal(chain),
            "PackedPolicyTooLarge: Packed size of session tags consumes 498% of allotted space."
        );
    });
}

#[test]
fn sessions_feel_what_changes_after_them() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let got = assume_admin(&simulator, "alice").await;
        let admin = with(&simulator, got.credentials().unwrap());
        let chain = || admin.assume_role().role_arn(CHAINED).role_session_name("alice");
        assert!(chain().send().await.is_ok());
        simulator.change(|w| {
            w.roles[0].allow.clear();
            w.roles[2].trust[0].principals = vec!["222233334444".into()];
        });
        assert!(refusal(chain().send().await).starts_with("AccessDenied: "));
        simulator.change(|w| w.roles.retain(|r| r.arn != ADMIN));
        let gone = refusal(admin.get_caller_identity().send().await);
        assert!(gone.starts_with("InvalidClientTokenId: "));
    });
}

#[test]
fn mfa_grows_old() {
    let simulator = Simulator::start(World::demo());
    run(async {
        simulator.change(|w| w.roles[0].trust[0].mfa_age_below = Some(60));
        let code = simulator.code_for(DEMO_MFA);
        let ask = alice(&simulator).get_session_token().serial_number(DEMO_MFA);
        let got = ask.token_code(code).send().await.unwrap();
        let shared = with(&simulator, got.credentials().unwrap());
        let assume = || shared.assume_role().role_arn(ADMIN).role_session_name("alice");
        assert!(assume().send().await.is_ok());
        simulator.advance(61);
        assert!(refusal(assume().send().await).starts_with("AccessDenied: "));
    });
}

//! Devices and keys, and the clock that signatures are held against.

use super::*;

fn iam(simulator: &Simulator, key_id: &str, secret: &str, token: Option<String>) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(simulator.endpoint())
        .credentials_provider(Credentials::new(key_id, secret, token, None, "test"))
        .retry_config(aws_sdk_iam::config::retry::RetryConfig::disabled())
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_iam::Client::from_conf(config)
}

#[test]
fn devices_come_in_pages_and_only_where_allowed() {
    let mut world = World::demo();
    world.page_size = 2;
    for n in 1..=4 {
        world.users[0] = world.users[0].clone().fido(&format!("arn:aws:iam::111122223333:u2f/user/alice/key-{n}"));
    }
    let simulator = Simulator::start(world);
    run(async {
        let client = iam(&simulator, DEMO_KEY_ID, DEMO_SECRET, None);
        let list = || client.list_mfa_devices().user_name("alice");
        let first = list().send().await.unwrap();
        assert_eq!(first.mfa_devices()[0].serial_number(), DEMO_MFA);
        assert!(first.is_truncated());
        let all = list().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
        assert_eq!(all.len(), 5);
        assert_eq!(
            refusal(client.list_mfa_devices().user_name("bob").send().await),
            "AccessDenied: User: arn:aws:iam::111122223333:user/division/alice is not authorized to perform: iam:ListMFADevices on resource: user bob because no identity-based policy allows the iam:ListMFADevices action"
        );
        let unnamed = refusal(client.list_mfa_devices().send().await);
        assert!(unnamed.contains("iam:ListMFADevices on resource: * because"), "{unnamed}");
    });
}

#[test]
fn a_session_without_mfa_does_not_reach_iam() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let bare = alice(&simulator).get_session_token().send().await.unwrap();
        let code = simulator.code_for(DEMO_MFA);
        let full = alice(&simulator).get_session_token().serial_number(DEMO_MFA).token_code(code).send().await.unwrap();
        let reach = |c: &aws_sdk_sts::types::Credentials| {
            iam(&simulator, c.access_key_id(), c.secret_access_key(), Some(c.session_token().into()))
        };
        let bare = reach(bare.credentials().unwrap()).list_mfa_devices().user_name("alice").send().await;
        assert!(refusal(bare).starts_with("InvalidClientTokenId: "));
        assert!(reach(full.credentials().unwrap()).list_mfa_devices().user_name("alice").send().await.is_ok());
    });
}

#[test]
fn a_key_is_made_deactivated_and_deleted() {
    let mut world = World::demo();
    world.users[0] =
        world.users[0].clone().may("iam:*AccessKey*", "arn:aws:iam::111122223333:user/division/${aws:username}");
    let simulator = Simulator::start(world);
    run(async {
        let client = iam(&simulator, DEMO_KEY_ID, DEMO_SECRET, None);
        let made = client.create_access_key().send().await.unwrap().access_key.unwrap();
        let new = iam(&simulator, made.access_key_id(), made.secret_access_key(), None);
        let status = aws_sdk_iam::types::StatusType::Inactive;
        new.update_access_key().access_key_id(DEMO_KEY_ID).status(status).send().await.unwrap();
        assert!(refusal(client.list_access_keys().send().await).starts_with("InvalidClientTokenId: "));
        assert!(refusal(new.create_access_key().send().await).starts_with("LimitExceeded: Cannot exceed quota"));
        new.delete_access_key().access_key_id(DEMO_KEY_ID).send().await.unwrap();
        let gone = new.delete_access_key().access_key_id(DEMO_KEY_ID).send().await;
        assert!(refusal(gone).starts_with("NoSuchEntity: The Access Key with id"));
        assert_eq!(new.list_access_keys().send().await.unwrap().access_key_metadata().len(), 1);
        simulator.change(|w| w.new_key_delay_seconds = 10);
        let late = new.create_access_key().send().await.unwrap().access_key.unwrap();
        let late = iam(&simulator, late.access_key_id(), late.secret_access_key(), None);
        assert!(refusal(late.list_access_keys().send().await).starts_with("InvalidClientTokenId: "));
        simulator.advance(11);
        assert!(late.list_access_keys().send().await.is_ok());
    });
}

#[test]
fn a_clock_that_is_off_is_refused_either_way() {
    let simulator = Simulator::start(World::demo());
    run(async {
        simulator.advance(400);
        let late = refusal(alice(&simulator).get_caller_identity().send().await);
        assert!(
            late.starts_with("SignatureDoesNotMatch: Signature expired: ") && late.ends_with(" - 5 min.)"),
            "{late}"
        );
        simulator.advance(-800);
        let early = refusal(alice(&simulator).get_caller_identity().send().await);
        assert!(
            early.starts_with("SignatureDoesNotMatch: Signature not yet current: ") && early.ends_with(" + 5 min.)"),
            "{early}"
        );
    });
}

#[test]
fn a_permission_may_want_mfa() {
    let mut world = World::demo();
    world.users[0].allow.clear();
    world.users[0] = world.users[0].clone().may_with_mfa("iam:*", "*");
    let simulator = Simulator::start(world);
    run(async {
        let bare = iam(&simulator, DEMO_KEY_ID, DEMO_SECRET, None);
        assert!(refusal(bare.get_user().send().await).starts_with("AccessDenied: "));
        let code = simulator.code_for(DEMO_MFA);
        let ask = alice(&simulator).get_session_token().serial_number(DEMO_MFA);
        let got = ask.token_code(code).send().await.unwrap();
        let c = got.credentials().unwrap();
        let token = Some(c.session_token().to_owned());
        let full = iam(&simulator, c.access_key_id(), c.secret_access_key(), token);
        let user = full.get_user().send().await.unwrap();
        assert_eq!(user.user().unwrap().path(), "/division/");
    });
}

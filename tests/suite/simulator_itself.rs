//! The simulator against the AWS SDK: a test of the tests, so that what passes against it means something.

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;

use crate::simulator::Simulator;
use crate::simulator::world::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET, World};

const ADMIN: &str = "arn:aws:iam::222233334444:role/Admin";
const CHAINED: &str = "arn:aws:iam::222233334444:role/Chained";

fn client(simulator: &Simulator, key_id: &str, secret: &str, token: Option<String>) -> Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .endpoint_url(simulator.endpoint())
        .credentials_provider(Credentials::new(key_id, secret, token, None, "test"))
        .retry_config(aws_sdk_sts::config::retry::RetryConfig::disabled())
        .http_client(Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

fn alice(simulator: &Simulator) -> Client {
    client(simulator, DEMO_KEY_ID, DEMO_SECRET, None)
}

fn with(simulator: &Simulator, credentials: &aws_sdk_sts::types::Credentials) -> Client {
    let token = Some(credentials.session_token().to_owned());
    client(
        simulator,
        credentials.access_key_id(),
        credentials.secret_access_key(),
        token,
    )
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// `Code: message` of a refusal.
fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    result: Result<T, SdkError<E, R>>,
) -> String {
    let error = result.expect_err("a refusal");
    format!(
        "{}: {}",
        error.code().unwrap_or("?"),
        error.message().unwrap_or_else(|| panic!("{error:?}"))
    )
}

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

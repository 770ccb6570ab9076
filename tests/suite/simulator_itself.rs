//! The simulator against the AWS SDK: a test of the tests, so that what passes against it means something.

mod chains;
mod faults;
mod iam;
mod signin;
mod sts;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_smithy_http_client::Builder;

use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::world::{Role, Trust, World};

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
    client(simulator, credentials.access_key_id(), credentials.secret_access_key(), token)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// `Code: message` of a refusal.
fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    result: Result<T, SdkError<E, R>>,
) -> String {
    let error = result.expect_err("a refusal");
    format!("{}: {}", error.code().unwrap_or("?"), error.message().unwrap_or_else(|| panic!("{error:?}")))
}

/// alice in the role Admin, with an unused code.
async fn assume_admin(simulator: &Simulator, name: &str) -> AssumeRoleOutput {
    let assume = alice(simulator).assume_role().role_arn(ADMIN).role_session_name(name);
    assume.serial_number(DEMO_MFA).token_code(simulator.code_for(DEMO_MFA)).send().await.unwrap()
}

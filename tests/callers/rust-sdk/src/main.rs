//! Prints who STS says we are, with credentials of the profile named on the command line, obtained as any program
//! on the AWS SDK for Rust obtains them: `rust-sdk-caller PROFILE`.
//!
//! Prints one JSON object `{"Arn": …, "Account": …}`; on failure the SDK's chain of errors goes to stderr, exit 1.

use aws_config::{BehaviorVersion, Region};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use std::error::Error;

fn main() -> std::process::ExitCode {
    let Some(profile) = std::env::args().nth(1) else {
        eprintln!("usage: rust-sdk-caller PROFILE");
        return std::process::ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime of one thread");
    match runtime.block_on(caller(&profile)) {
        Ok(answer) => {
            println!("{answer}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            let mut cause: Option<&dyn Error> = Some(error.as_ref());
            while let Some(this) = cause {
                eprintln!("{this}");
                cause = this.source();
            }
            std::process::ExitCode::FAILURE
        }
    }
}

async fn caller(profile: &str) -> Result<serde_json::Value, Box<dyn Error>> {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let settings = aws_config::defaults(BehaviorVersion::latest()).profile_name(profile).http_client(http).load().await;
    let settings = if settings.region().is_none() {
        settings.into_builder().region(Region::from_static("us-east-1")).build()
    } else {
        settings
    };
    let who = aws_sdk_sts::Client::new(&settings).get_caller_identity().send().await?;
    Ok(serde_json::json!({"Arn": who.arn(), "Account": who.account()}))
}

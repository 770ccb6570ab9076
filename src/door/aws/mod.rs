//! AWS over the network, by the AWS SDK for Rust: STS and the part of IAM that enrolment needs.
//!
//! The only place where anything is asynchronous. A request that carries a token code is sent once; see
//! [`crate::port::Sts`]. Inputs are never logged: the SDK's own `Debug` of AssumeRole shows the code.

mod client;
mod clock;
mod endpoint;
mod failure;
mod signin;
#[cfg(test)]
mod tests;
mod trust;

use std::fmt;
use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_sdk_sts::types::{Credentials as StsCredentials, PolicyDescriptorType, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use client::Shared;
use failure::{Destination, Failed};

use crate::door::resident;
use crate::identity::{
    AccessKey, ExposeSecret, Lifetime, MfaSerial, MfaSerialError, SessionCredentials, Timestamp, UserArn,
};
use crate::port::{AssumeRole, AwsError, CallerIdentity, Iam, Issued, MfaAnswer, MfaDevices, Signer, Sts};
use crate::profile::{Endpoint, Plan};

/// For a whole call, repeats included.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What the calls need to know of the configuration.
#[derive(Debug, Clone, Default)]
pub struct AwsSettings {
    /// The profile whose AWS settings hold (retries, FIPS, `[services]`, `ca_bundle`, …); the default one if none.
    pub profile: Option<String>,
    /// The region of STS; else the environment's, else the partition's home region.
    pub region: Option<String>,
    /// The STS endpoint where one is configured.
    pub sts_endpoint: Option<Endpoint>,
    /// `aws`, `aws-cn`, `aws-us-gov`, …, where known.
    pub partition: Option<String>,
}

impl AwsSettings {
    /// Those of a plan.
    pub fn of(plan: &Plan) -> Self {
        AwsSettings {
            profile: Some(plan.profile.clone()),
            region: plan.region.clone(),
            sts_endpoint: plan.sts_endpoint.clone(),
            partition: Some(plan.base.user_arn().partition().to_owned()),
        }
    }
}

/// AWS. Nothing is read or connected before the first call.
pub struct AwsDoor {
    settings: AwsSettings,
    time_limit: Duration,
    shared: OnceLock<Result<Shared, AwsError>>,
}

impl fmt::Debug for AwsDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsDoor").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whether a request carries a token code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    Carried,
    None,
}

impl AwsDoor {
    /// With these settings.
    pub fn new(settings: AwsSettings) -> Self {
        AwsDoor { settings, time_limit: TIME_LIMIT, shared: OnceLock::new() }
    }

    fn shared(&self) -> Result<&Shared, AwsError> {
        self.shared.get_or_init(|| Shared::build(&self.settings)).as_ref().map_err(Clone::clone)
    }

    fn sts<'a>(
        &self,
        shared: &'a Shared,
        signer: Signer<'_>,
        code: Code,
    ) -> Result<(aws_sdk_sts::Client, &'a Destination), AwsError> {
        let service = shared.sts.as_ref().map_err(Clone::clone)?;
        let mut config = service.config.clone().credentials_provider(credentials(signer));
        if code == Code::Carried {
            config = config.retry_config(RetryConfig::disabled());
        }
        Ok((aws_sdk_sts::Client::from_conf(config.build()), &service.to))
    }

    /// Sends, within the time limit, and with the repeats that a code allows. The answer, and AWS's clock less ours.
    fn call<T, E, Sent>(
        &self,
        shared: &Shared,
        to: &Destination,
        code: Code,
        send: impl Fn() -> Sent,
    ) -> Result<(T, Option<i64>), AwsError>
    where
        Sent: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let repeated = async {
            let (mut attempt, mut clock_corrected) = (1, false);
            loop {
                shared.dates.clear();
                let error = match send().await {
                    Ok(answer) => return Ok((answer, shared.dates.offset())),
                    Err(error) => error,
                };
                let Failed { error, may_pass } = failure::translate(&error, to, shared.dates.offset());
                if let Some(offset) = failure::refused_clock(&error)
                    && !clock_corrected
                    && offset.abs_diff(shared.clock.offset()) > 1
                {
                    shared.clock.correct(offset);
                    clock_corrected = true;
                    continue;
                }
                // The SDK repeats by itself what carries no code.
                if code == Code::None || !may_pass || attempt >= shared.attempts {
                    return Err(error);
                }
                tokio::time::sleep(client::pause(attempt - 1)).await;
                attempt += 1;
            }
        };
        shared.runtime().block_on(async {
            // Between calls nobody listens: a connection that AWS closed meanwhile, while a person looked for the next
            // code, is only now seen to be closed. Better before the code is written to it than after.
            if shared.called.swap(true, Ordering::Relaxed) && code == Code::Carried {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            let answer = tokio::time::timeout(self.time_limit, repeated)
                .await
                .unwrap_or(Err(AwsError::TimedOut { seconds: self.time_limit.as_secs() }));
            // The connection goes back to the pool in a task of its own; without a turn for it the next hop would
            // open another one.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            answer
        })
    }
}

impl Sts for AwsDoor {
    fn caller_identity(&self, signer: Signer<'_>) -> Result<CallerIdentity, AwsError> {
        let shared = self.shared()?;
        let (client, to) = self.sts(shared, signer, Code::None)?;
        let (answer, _) = self.call(shared, to, Code::None, || client.get_caller_identity().send())?;
        match (answer.arn, answer.account) {
            (Some(arn), Some(account)) => Ok(CallerIdentity { arn, account }),
            _ => Err(incomplete(to, "an ARN and an account")),
        }
    }

    fn session_token(&self, key: &AccessKey, lifetime: Lifetime, mfa: MfaAnswer<'_>) -> Result<Issued, AwsError> {
        let shared = self.shared()?;
        let (client, to) = self.sts(shared, Signer::LongTerm(key), Code::Carried)?;
        let (answer, offset) = self.call(shared, to, Code::Carried, || {
            client
                .get_session_token()
                .duration_seconds(seconds(lifetime))
                .serial_number(mfa.serial.as_str())
                .token_code(mfa.code.expose())
                .send()
        })?;
        // GetSessionToken does not say whose account it is; the device does, where it is a virtual one.
        let account = account_of(mfa.serial.as_str());
        Ok(Issued {
            credentials: session(answer.credentials, account, to)?,
            clock_offset: offset.unwrap_or(0),
            assumed_role_arn: None,
            packed_policy_percent: None,
        })
    }

    fn assume_role(&self, signer: Signer<'_>, request: AssumeRole<'_>) -> Result<Issued, AwsError> {
        let AssumeRole { hop, duration, mfa } = request;
        let code = if mfa.is_some() { Code::Carried } else { Code::None };
        let shared = self.shared()?;
        let (client, to) = self.sts(shared, signer, code)?;
        let policies: Vec<_> =
            hop.session_policy_arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build()).collect();
        let tags: Vec<Tag> = hop
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect::<Result<_, _>>()
            .map_err(|error| AwsError::Endpoint(format!("a tag cannot be sent: {error}")))?;
        let some = |list: &[String]| Some(list.to_vec()).filter(|list| !list.is_empty());
        let (answer, offset) = self.call(shared, to, code, || {
            client
                .assume_role()
                .role_arn(hop.role_arn.as_str())
                .role_session_name(hop.session_name.as_str())
                .duration_seconds(seconds(duration))
                .set_external_id(hop.external_id.clone())
                .set_source_identity(hop.source_identity.as_ref().map(|name| name.as_str().to_owned()))
                .set_policy(hop.session_policy.clone())
                .set_policy_arns(Some(policies.clone()).filter(|list| !list.is_empty()))
                .set_tags(Some(tags.clone()).filter(|list| !list.is_empty()))
                .set_transitive_tag_keys(some(&hop.transitive_tags))
                .set_serial_number(mfa.map(|mfa| mfa.serial.as_str().to_owned()))
                .set_token_code(mfa.map(|mfa| mfa.code.expose().to_owned()))
                .send()
        })?;
        #[expect(deprecated, reason = "its successor measures the token as a whole, not policies and tags")]
        let packed = answer.packed_policy_size;
        Ok(Issued {
            credentials: session(answer.credentials, Some(hop.role_arn.account().to_owned()), to)?,
            clock_offset: offset.unwrap_or(0),
            assumed_role_arn: answer.assumed_role_user.map(|user| user.arn),
            packed_policy_percent: packed.and_then(|percent| u8::try_from(percent).ok()),
        })
    }
}

impl Iam for AwsDoor {
    fn mfa_devices(&self, key: &AccessKey, user: &UserArn) -> Result<MfaDevices, AwsError> {
        let shared = self.shared()?;
        let service = shared.iam.as_ref().map_err(Clone::clone)?;
        let config = service.config.clone().credentials_provider(credentials(Signer::LongTerm(key)));
        let client = aws_sdk_iam::Client::from_conf(config.build());
        let mut found = MfaDevices::default();
        let mut marker: Option<String> = None;
        loop {
            let (page, _) = self.call(shared, &service.to, Code::None, || {
                client.list_mfa_devices().user_name(user.user_name()).set_marker(marker.clone()).send()
            })?;
            for device in page.mfa_devices {
                match device.serial_number.parse::<MfaSerial>() {
                    Ok(serial) => found.usable.push(serial),
                    Err(error @ (MfaSerialError::Fido(_) | MfaSerialError::Shape(_))) => {
                        found.passed_over.push(error.to_string());
                    }
                }
            }
            // A marker that does not move on would be asked for ever.
            let next = page.marker.filter(|_| page.is_truncated);
            if next.is_none() || next == marker {
                return Ok(found);
            }
            marker = next;
        }
    }
}

fn credentials(signer: Signer<'_>) -> Credentials {
    let (id, secret, token) = match signer {
        Signer::LongTerm(key) => (&key.id, &key.secret, None),
        Signer::Session(session) => {
            (&session.access_key_id, &session.secret_access_key, Some(session.session_token.expose_secret().to_owned()))
        }
    };
    let credentials = Credentials::new(id.as_str(), secret.expose_secret(), token, None, "role-helper");
    if matches!(signer, Signer::LongTerm(_)) {
        resident::keep(credentials.secret_access_key().as_bytes());
    }
    credentials
}

fn seconds(lifetime: Lifetime) -> i32 {
    i32::try_from(lifetime.seconds()).unwrap_or(i32::MAX)
}

fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12).then(|| account.to_owned())
}

fn session(
    issued: Option<StsCredentials>,
    account: Option<String>,
    to: &Destination,
) -> Result<SessionCredentials, AwsError> {
    let issued = issued.ok_or_else(|| incomplete(to, "credentials"))?;
    let access_key_id = issued.access_key_id.parse().map_err(|_| incomplete(to, "an access key id"))?;
    // What an answer lacks the SDK fills in: an empty text, the first second of 1970.
    let expiration = Some(issued.expiration.secs())
        .filter(|&seconds| seconds > 0)
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or_else(|| incomplete(to, "an expiration that exists"))?;
    let printable = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    if !printable(&issued.secret_access_key) || !printable(&issued.session_token) {
        return Err(incomplete(to, "a secret and a token"));
    }
    Ok(SessionCredentials {
        access_key_id,
        secret_access_key: issued.secret_access_key.into(),
        session_token: issued.session_token.into(),
        expiration,
        account_id: account.unwrap_or_default(),
    })
}

fn incomplete(to: &Destination, missing: &str) -> AwsError {
    AwsError::NoAnswer(format!("{} answered without {missing}", to.name))
}

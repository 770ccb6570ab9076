//! What all calls share: a runtime, the user's AWS settings, one pool of connections, and addresses that were checked.
//!
//! Built on the first call, because most runs make none. The SDK reads regions, retries, FIPS, dual-stack and
//! endpoints as users configured them for every AWS tool; credentials are always given to it, so that it never looks
//! for any (which could start this program again), and it never asks an instance's metadata service for a region.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder as HttpBuilder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use aws_types::service_config::ServiceConfigKey;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::runtime::Runtime;

use super::AwsSettings;
use super::clock::{DateReader, SigningClock};
use super::endpoint;
use super::failure::Destination;
use crate::port::AwsError;
use crate::profile::Endpoint;

/// How long a connection is kept for the next hop. Hops follow at once; after a question to a person AWS may well have
/// closed it.
pub(super) const IDLE: Duration = Duration::from_secs(3);
/// For a connection to what is no SDK's service.
const CONNECT: Duration = Duration::from_secs(5);
/// For the first byte of its answer.
const READ: Duration = Duration::from_secs(20);

/// A service, ready to be called.
pub(super) struct Service<Config> {
    /// Everything but the credentials.
    pub(super) config: Config,
    pub(super) to: Destination,
}

/// What all calls share.
pub(super) struct Shared {
    runtime: Option<Runtime>,
    pub(super) clock: SigningClock,
    pub(super) dates: DateReader,
    /// Whether there may be an open connection.
    pub(super) called: AtomicBool,
    /// Attempts a request, as users configured it.
    pub(super) attempts: u32,
    pub(super) sts: Result<Service<aws_sdk_sts::config::Builder>, AwsError>,
    pub(super) iam: Result<Service<aws_sdk_iam::config::Builder>, AwsError>,
    /// The console's sign-in endpoint where one is configured.
    pub(super) signin_endpoint: Option<Endpoint>,
    pools: Pools,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("attempts", &self.attempts).finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // A name that is still being resolved has a thread of its own, which nobody waits for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    pub(super) fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("the runtime is taken by drop alone")
    }

    pub(super) fn build(settings: &AwsSettings) -> Result<Self, AwsError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| AwsError::Endpoint(format!("no event loop could be made: {error}\nulimit -n 256")))?;
        let (region, region_from) = region(settings);
        if !endpoint::is_region(&region) {
            return Err(AwsError::Endpoint(format!(
                "`{}` ({region_from}) is not a region: expected one such as eu-west-1",
                region.chars().take(64).collect::<String>()
            )));
        }
        let (clock, dates) = (SigningClock::default(), DateReader::default());
        let sdk = runtime.block_on(load(settings, &region, &clock));
        let retry = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let pools = Pools { bundle: ca_bundle(&sdk), ..Pools::default() };

        let sts_endpoint = settings.sts_endpoint.clone().or_else(|| configured(&sdk, "STS", settings));
        let sts = service(sts_endpoint, "sts", &region, &pools).map(|(url, http, to)| {
            let mut config = aws_sdk_sts::config::Builder::from(&sdk).http_client(http).interceptor(dates.clone());
            // Also where there is none: the SDK takes an empty variable for an address, and panics over it.
            config.set_endpoint_url(url);
            Service { config, to }
        });
        let iam = service(configured(&sdk, "IAM", settings), "iam", &region, &pools).map(|(url, http, to)| {
            let mut config = aws_sdk_iam::config::Builder::from(&sdk).http_client(http).interceptor(dates.clone());
            config.set_endpoint_url(url);
            Service { config, to }
        });
        Ok(Shared {
            runtime: Some(runtime),
            clock,
            dates,
            called: AtomicBool::new(false),
            attempts: retry.max_attempts(),
            sts,
            iam,
            signin_endpoint: configured(&sdk, "Signin", settings),
            pools,
        })
    }

    /// A connector to an address that no SDK knows, by the same rules: whether it may be spoken to, which proxy stands
    /// before it, whose certificates are trusted. `service` is its name under AWS's domains.
    pub(super) fn connector(&self, endpoint: &Endpoint, service: &str) -> Result<(Connector, Destination), AwsError> {
        let address = endpoint::check(endpoint, service)?;
        let local = address.is_loopback();
        let proxy = if local { None } else { proxy_for(&endpoint.url) };
        let to = Destination { name: address.authority.to_owned(), proxy };
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(READ).build();
        let sleep = Some(SharedAsyncSleep::new(TokioSleep::new()));
        if address.https {
            return Ok((over_tls(&settings, sleep, self.pools.context()?), to));
        }
        let config = if local { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
        let mut builder = Connector::builder().connector_settings(settings).proxy_config(config);
        builder.set_sleep_impl(sleep);
        Ok((builder.build_http(), to))
    }
}

async fn load(settings: &AwsSettings, region: &str, clock: &SigningClock) -> SdkConfig {
    let app = AppName::new(concat!("role-helper-", env!("CARGO_PKG_VERSION"))).expect("a name of plain characters");
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .no_credentials()
        .region(Region::new(region.to_owned()))
        .app_name(app)
        .time_source(clock.clone())
        // Corrected by us instead, for a request with a code must not be repeated by rules we do not see.
        .disable_clock_skew_correction(true)
        .identity_cache(aws_config::identity::IdentityCache::no_cache())
        .stalled_stream_protection(aws_config::stalled_stream_protection::StalledStreamProtectionConfig::disabled());
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

/// The region and where it came from. Where none is set, STS is still reachable: by the home region of the partition.
fn region(settings: &AwsSettings) -> (String, &'static str) {
    if let Some(region) = &settings.region {
        return (region.clone(), "region");
    }
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if let Some(region) = std::env::var(variable).ok().filter(|value| !value.is_empty()) {
            return (region, variable);
        }
    }
    let home = match settings.partition.as_deref() {
        Some("aws-cn") => "cn-north-1",
        Some("aws-us-gov") => "us-gov-west-1",
        Some("aws-eusc") => "eusc-de-east-1",
        Some("aws-iso") => "us-iso-east-1",
        Some("aws-iso-b") => "us-isob-east-1",
        Some("aws-iso-e") => "eu-isoe-west-1",
        Some("aws-iso-f") => "us-isof-south-1",
        _ => "us-east-1",
    };
    (home.to_owned(), "default")
}

fn setting(sdk: &SdkConfig, service_id: &str, profile: &str, env: &str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service_id).profile(profile).env(env).build().ok()?;
    sdk.service_config()?.load_config(key)
}

/// The endpoint that the SDK finds in environment and files, held to the same rules as one that a plan names.
fn configured(sdk: &SdkConfig, service_id: &str, settings: &AwsSettings) -> Option<Endpoint> {
    let url = setting(sdk, service_id, "endpoint_url", "AWS_ENDPOINT_URL")
        .or_else(|| sdk.endpoint_url().map(ToOwned::to_owned))
        .filter(|url| !url.is_empty())?;
    let allowed = settings.sts_endpoint.as_ref().is_some_and(|known| known.allowed && known.url == url);
    Some(Endpoint { url, origin: format!("the endpoint configured for {service_id}"), allowed })
}

/// `AWS_CA_BUNDLE`, or `ca_bundle` of the profile: the path.
fn ca_bundle(sdk: &SdkConfig) -> Option<String> {
    // The service's id only matters for endpoints; the SDK's reader of settings wants one.
    setting(sdk, "STS", "ca_bundle", "AWS_CA_BUNDLE").filter(|path| !path.is_empty())
}

type Parts = (Option<String>, SharedHttpClient, Destination);

fn service(endpoint: Option<Endpoint>, name: &str, region: &str, pools: &Pools) -> Result<Parts, AwsError> {
    let upper = name.to_uppercase();
    let Some(endpoint) = endpoint else {
        let url = format!("https://{name}.{region}.amazonaws.com");
        let to = Destination { name: format!("{upper} in {region}"), proxy: proxy_for(&url) };
        return Ok((None, pools.tls()?, to));
    };
    let address = endpoint::check(&endpoint, name)?;
    // What is meant for this machine is not shown to a proxy.
    let proxy = if address.is_loopback() { None } else { proxy_for(&endpoint.url) };
    let to = Destination { name: format!("{upper} at {}", address.authority), proxy };
    let http = match (address.https, address.is_loopback()) {
        (true, _) => pools.tls()?,
        (false, true) => Pools::plain(ProxyConfig::disabled()),
        (false, false) => Pools::plain(ProxyConfig::from_env()),
    };
    Ok((Some(endpoint.url.clone()), http, to))
}

/// The proxy that the environment puts before this address, without its password.
fn proxy_for(url: &str) -> Option<String> {
    let proxy = Matcher::from_env().intercept(&url.parse().ok()?)?;
    let (host, port) = (proxy.uri().host()?, proxy.uri().port_u16());
    Some(match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Connections, kept for the next hop.
#[derive(Default)]
struct Pools {
    bundle: Option<String>,
    tls: std::cell::OnceCell<SharedHttpClient>,
}

impl Pools {
    fn plain(proxy: ProxyConfig) -> SharedHttpClient {
        HttpBuilder::new().build_with_connector_fn(move |settings, components| {
            let mut builder = Connector::builder().proxy_config(proxy.clone()).pool_idle_timeout(IDLE);
            builder.set_connector_settings(settings.cloned());
            builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
            builder.build_http()
        })
    }

    fn tls(&self) -> Result<SharedHttpClient, AwsError> {
        if let Some(client) = self.tls.get() {
            return Ok(client.clone());
        }
        let context = self.context()?;
        let client = HttpBuilder::new().build_with_connector_fn(move |settings, components| {
            // Clients are checked once with nothing set; that connector is thrown away, so it needs no certificates.
            let (Some(settings), Some(components)) = (settings, components) else {
                return Connector::builder().build_http();
            };
            over_tls(settings, components.sleep_impl(), context.clone())
        });
        Ok(self.tls.get_or_init(|| client).clone())
    }

    fn context(&self) -> Result<TlsContext, AwsError> {
        let trust = match &self.bundle {
            Some(path) => TrustStore::empty().with_pem_certificate(super::trust::read_bundle(path)?),
            None => TrustStore::default(),
        };
        TlsContext::builder()
            .with_trust_store(trust)
            .build()
            .map_err(|_| AwsError::Endpoint("no TLS could be set up".to_owned()))
    }
}

fn over_tls(settings: &HttpConnectorSettings, sleep: Option<SharedAsyncSleep>, context: TlsContext) -> Connector {
    let mut builder = Connector::builder()
        .connector_settings(settings.clone())
        .pool_idle_timeout(IDLE)
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context);
    builder.set_sleep_impl(sleep);
    builder.build()
}

/// The pause before a connection is tried again.
pub(super) fn pause(attempt: u32) -> Duration {
    Duration::from_millis(150) * 2_u32.saturating_pow(attempt.min(4))
}

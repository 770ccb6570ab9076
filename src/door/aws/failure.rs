//! The SDK's errors in our words. The one question that matters with a token code in the request: was it sent?

use std::error::Error;
use std::io;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use hyper_util::client::legacy::Error as ClientError;

use crate::port::AwsError;

/// An error, and whether the same request may be sent again although a code is in it.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: AwsError,
    /// No connection was made, for a reason that may pass.
    pub(super) may_pass: bool,
}

/// Where a request was going, for the text.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// Such as `STS at 127.0.0.1:5000`.
    pub(super) name: String,
    /// The proxy that stands between, as `HTTPS_PROXY=http://proxy:3128`, without its password.
    pub(super) proxy: Option<String>,
}

/// Translates; `offset` is what the answer's `Date` said, if there was an answer.
pub(super) fn translate<E>(error: &SdkError<E, HttpResponse>, to: &Destination, offset: Option<i64>) -> Failed
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let final_one = |error| Failed { error, may_pass: false };
    match error {
        SdkError::ConstructionFailure(_) => {
            final_one(AwsError::Endpoint(format!("no request to {} could be made: {}", to.name, innermost(error))))
        }
        SdkError::TimeoutError(_) => final_one(AwsError::NoAnswer(format!("{} did not answer in time", to.name))),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(connector) => connection(connector, to),
            None => final_one(AwsError::NoAnswer(format!("{} gave no answer", to.name))),
        },
        SdkError::ServiceError(answer) => final_one(answered(answer.err(), answer.raw(), to, offset)),
        SdkError::ResponseError(answer) => final_one(unreadable(answer.raw(), to)),
        _ => final_one(AwsError::NoAnswer(format!("{} gave no answer: {}", to.name, innermost(error)))),
    }
}

fn answered<E: ProvideErrorMetadata>(error: &E, raw: &HttpResponse, to: &Destination, offset: Option<i64>) -> AwsError {
    let status = raw.status().as_u16();
    match error.code() {
        Some(code) if !code.is_empty() && !(200..300).contains(&status) => AwsError::Answered {
            status,
            code: code.to_owned(),
            message: error.message().unwrap_or_default().trim().to_owned(),
            clock_offset: offset,
        },
        _ => unreadable(raw, to),
    }
}

/// An answer that is not AWS's: a gateway's page, a captive portal, half of an answer.
fn unreadable(raw: &HttpResponse, to: &Destination) -> AwsError {
    let status = raw.status().as_u16();
    // A proxy that says 407 has not passed the request on; where there is none, nobody knows who read it.
    if status == 407 && to.proxy.is_some() {
        return AwsError::NotConnected(proxy_refused(to, "it wants a user and password (407)"));
    }
    let via = to.proxy.as_deref().map(|proxy| format!(" through {proxy}")).unwrap_or_default();
    AwsError::NoAnswer(format!("{}{via} answered HTTP {status} with something that is not AWS's", to.name))
}

/// What a connector says: whether anything was sent, in words.
pub(super) fn connection(error: &ConnectorError, to: &Destination) -> Failed {
    let links: Vec<&(dyn Error + 'static)> = chain(error).collect();
    let says = |text: &str| links.iter().any(|link| link.to_string().contains(text));
    let connecting = links.iter().any(|link| link.downcast_ref::<ClientError>().is_some_and(ClientError::is_connect));
    if !connecting {
        let what = if links.iter().any(|link| is_reset(*link)) || says("connection closed") {
            "closed the connection before it answered"
        } else {
            "did not answer completely"
        };
        return Failed { error: AwsError::NoAnswer(format!("{} {what}", to.name)), may_pass: false };
    }
    let io_kind = links.iter().rev().find_map(|link| link.downcast_ref::<io::Error>()).map(io::Error::kind);
    let peer = match &to.proxy {
        Some(proxy) => format!("the proxy {proxy}"),
        None => to.name.clone(),
    };
    let (text, may_pass) = if says("tunnel error: proxy authorization required") {
        (proxy_refused(to, "it wants a user and password (407)"), false)
    } else if says("tunnel error: unsuccessful") {
        (proxy_refused(to, "it does not let this connection through"), false)
    } else if says("invalid peer certificate") {
        let reason = if says("UnknownIssuer") {
            format!("its certificate is from an issuer this machine does not trust{}", remedy(UNTRUSTED))
        } else {
            format!("its certificate is refused ({})", innermost(error))
        };
        (format!("no trust in {}: {reason}", to.name), false)
    } else if links.iter().any(|link| link.to_string().starts_with("dns error")) {
        (format!("the name of {peer} cannot be resolved: {}", innermost(error)), true)
    } else if error.is_timeout() {
        (format!("{peer} cannot be reached: no connection in time"), true)
    } else if io_kind == Some(io::ErrorKind::ConnectionRefused) {
        (format!("{peer} refuses the connection"), true)
    } else {
        (format!("{peer} cannot be reached: {}", innermost(error)), true)
    };
    Failed { error: AwsError::NotConnected(text), may_pass }
}

fn proxy_refused(to: &Destination, why: &str) -> String {
    let refused = match &to.proxy {
        Some(proxy) => format!("the proxy {proxy} refuses: {why}"),
        None => format!("a proxy refuses the way to {}: {why}", to.name),
    };
    refused + &remedy(PROXY)
}

const UNTRUSTED: &str = "if that is your company's, export AWS_CA_BUNDLE=FILE with its certificates in PEM";
const PROXY: &str = "export HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT as your company says, or NO_PROXY for this host";

/// What to type, as [`AwsError::NotConnected`] has it.
fn remedy(text: &str) -> String {
    format!("\n{text}")
}

fn is_reset(link: &(dyn Error + 'static)) -> bool {
    link.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
        )
    })
}

/// The error and what it wraps. `io::Error::source` skips its own payload, so that is taken by hand.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&link| match link.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => link.source(),
    })
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let text = chain(error).last().map(ToString::to_string).unwrap_or_default();
    text.chars().take(160).collect()
}

/// AWS's clock less ours, where AWS refused the request for its time alone. The request did nothing: a code in it is
/// still good.
pub(super) fn refused_clock(error: &AwsError) -> Option<i64> {
    let AwsError::Answered { code, message, clock_offset: Some(offset), .. } = error else { return None };
    let of_time = match code.as_str() {
        "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => true,
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            message.starts_with("Signature expired") || message.starts_with("Signature not yet current")
        }
        _ => false,
    };
    of_time.then_some(*offset)
}

//! The console's federation endpoint, which is a web page and no SDK's service: one GET over the SDK's connector, so
//! that proxies, CA bundles and the rule about endpoints are the same as for STS.
//!
//! The session is in the query, as the endpoint wants it. Nothing of the request or the answer is logged, and no
//! error repeats an address.

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::endpoint::SIGNIN;
use super::failure::{self, Destination, Failed};
use super::{AwsDoor, client};
use crate::identity::{SecretString, SessionCredentials};
use crate::port::{AwsError, Federation, SigninToken};
use crate::profile::Endpoint;
use crate::wire::console;

/// More than any token has.
const MOST: usize = 64 * 1024;

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SigninToken")]
    token: String,
}

impl Federation for AwsDoor {
    fn signin_token(
        &self,
        session: &SessionCredentials,
        host: &str,
        seconds: Option<u32>,
    ) -> Result<SigninToken, AwsError> {
        let shared = self.shared()?;
        let endpoint = match &shared.signin_endpoint {
            Some(configured) => configured.clone(),
            None => Endpoint { url: format!("https://{host}"), origin: "default".to_owned(), allowed: false },
        };
        let (connector, to) = shared.connector(&endpoint, SIGNIN)?;
        let base = endpoint.url.trim_end_matches('/').to_owned();
        let query = console::token_query(session, seconds);
        let address = Zeroizing::new(format!("{base}/federation?{}", query.expose()));
        let asked = async {
            let mut attempt = 0;
            loop {
                let Failed { error, may_pass } = match ask(&connector, &address, &to).await {
                    Ok(token) => return Ok(token),
                    Err(failed) => failed,
                };
                attempt += 1;
                if !may_pass || attempt >= shared.attempts {
                    return Err(error);
                }
                tokio::time::sleep(client::pause(attempt - 1)).await;
            }
        };
        let token = shared
            .runtime()
            .block_on(async { tokio::time::timeout(self.time_limit, asked).await })
            .unwrap_or(Err(AwsError::TimedOut { seconds: self.time_limit.as_secs() }))?;
        Ok(SigninToken { token, endpoint: base })
    }
}

async fn ask(connector: &impl HttpConnector, address: &str, to: &Destination) -> Result<SecretString, Failed> {
    let final_one = |error| Failed { error, may_pass: false };
    let no_answer = |what: String| final_one(AwsError::NoAnswer(format!("{} {what}", to.name)));
    let mut request = HttpRequest::get(address)
        .map_err(|_| final_one(AwsError::Endpoint(format!("no request to {} could be made", to.name))))?;
    request.headers_mut().insert("accept", "application/json");
    request.headers_mut().insert("user-agent", concat!("role-helper/", env!("CARGO_PKG_VERSION")));
    let answer = connector.call(request).await.map_err(|error| failure::connection(&error, to))?;
    let status = answer.status().as_u16();
    let body = read(answer.into_body()).await.ok_or_else(|| no_answer("did not answer completely".to_owned()))?;
    match status {
        200 => match serde_json::from_slice::<Answer>(&body) {
            Ok(answer) => Ok(answer.token.into()),
            Err(_) => Err(no_answer("answered with something that is no sign-in token".to_owned())),
        },
        // Its refusals are pages, of which only the status means anything.
        400 | 401 | 403 => Err(final_one(AwsError::Answered {
            status,
            code: format!("HTTP {status}"),
            message: "the sign-in endpoint does not take the session".to_owned(),
            clock_offset: None,
        })),
        407 => Err(final_one(AwsError::NotConnected("a proxy wants a user and password (407)".to_owned()))),
        status => Err(no_answer(format!("answered HTTP {status}"))),
    }
}

/// The body; none where it ends early or does not end.
async fn read(body: SdkBody) -> Option<Zeroizing<Vec<u8>>> {
    let mut stream = ByteStream::new(body);
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST));
    while let Some(part) = stream.next().await {
        let part = part.ok()?;
        if bytes.len() + part.len() > MOST {
            return None;
        }
        bytes.extend_from_slice(&part);
    }
    Some(bytes)
}

//! The console's federation endpoint: a live role session for a sign-in token, a token for one way in.
//!
//! `getSigninToken` takes what STS gave for a role, refuses what GetSessionToken gave, and takes `SessionDuration`
//! only where the role was assumed with a long-term key (IAM User Guide, "Enable custom identity broker access to the
//! AWS console"). `login` leads to the destination once, within a quarter of an hour.

use serde::Deserialize;

use super::caller::Who;
use super::clock;
use super::faults::Fault;
use super::http::{Answer, Request};
use super::server::{Shared, lock};
use super::state::{Call, State};

/// How long a token is good, in seconds.
const TOKEN_LIFE: i64 = 15 * 60;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Session {
    session_id: String,
    session_key: String,
    session_token: String,
}

/// A token that was handed out.
#[derive(Clone, Debug)]
pub struct Token {
    pub expires: i64,
    pub arn: String,
}

/// Whether the request is for this endpoint.
pub fn is_for(request: &Request) -> bool {
    request.path() == "/federation"
}

/// Answers and records; the secrets of the query are not recorded.
pub fn answer(shared: &Shared, connection: u64, request: &Request) -> Answer {
    let parameters = request.parameters();
    let get = |name: &str| parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let operation = get("Action").unwrap_or("none");
    let (wait, fault) = lock(&shared.faults).strike(operation);
    std::thread::sleep(wait);
    let mut state = lock(&shared.state);
    let mut call = Call {
        at_ms: clock::machine_millis(),
        operation: operation.to_owned(),
        service: "signin".to_owned(),
        region: String::new(),
        access_key_id: String::new(),
        caller_arn: String::new(),
        params: parameters.iter().filter(|(n, _)| !["Action", "Session"].contains(&n.as_str())).cloned().collect(),
        connection,
        user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
        status: 0,
        outcome: String::new(),
        done: false,
    };
    let result = match (&fault, request.method.as_str(), operation) {
        (Some(Fault::Error { status, .. }), ..) => Err((*status, "a planned fault")),
        (_, "GET" | "POST", "getSigninToken") => {
            get_token(&mut state, get("Session"), get("SessionDuration"), &mut call)
        }
        (_, "GET", "login") => login(&mut state, get("Destination"), get("SigninToken"), &mut call),
        _ => Err((400, "no such action")),
    };
    let answer = match result {
        Ok(answer) => {
            call.done = true;
            match fault {
                Some(Fault::Answer { status, content_type, body }) => Answer::new(status, &content_type, body),
                _ => answer,
            }
        }
        Err((status, why)) => {
            call.outcome = why.to_owned();
            Answer::new(status, "text/html", format!("<!doctype html><title>Error</title><p>{why}"))
        }
    };
    call.status = answer.status;
    state.calls.push(call);
    answer
}

fn get_token(
    state: &mut State,
    session: Option<&str>,
    duration: Option<&str>,
    call: &mut Call,
) -> Result<Answer, (u16, &'static str)> {
    let given: Session =
        session.and_then(|json| serde_json::from_str(json).ok()).ok_or((400, "the session is not readable"))?;
    call.access_key_id.clone_from(&given.session_id);
    let known = state.sessions.get(&given.session_id).ok_or((400, "the session is unknown"))?;
    if known.secret != given.session_key || known.token != given.session_token {
        return Err((400, "the session is not whole"));
    }
    if known.expires <= state.now() {
        return Err((400, "the session has expired"));
    }
    let Who::Session(role) = &known.caller.who else { return Err((400, "the session is no role's")) };
    if let Some(duration) = duration {
        let seconds: i64 = duration.parse().map_err(|_| (400, "the duration is no number"))?;
        if !state.direct.contains(&given.session_id) {
            return Err((400, "a duration for a role that was not assumed with a long-term key"));
        }
        if !(900..=43_200).contains(&seconds) || seconds > role.role.max_session_seconds {
            return Err((400, "the duration is out of range"));
        }
    }
    let arn = known.caller.arn(&state.world.partition);
    call.caller_arn.clone_from(&arn);
    let token = state.signin_token();
    state.signin_tokens.insert(token.clone(), Token { expires: state.now() + TOKEN_LIFE, arn });
    Ok(Answer::new(200, "application/json", serde_json::json!({ "SigninToken": token }).to_string()))
}

fn login(
    state: &mut State,
    destination: Option<&str>,
    token: Option<&str>,
    call: &mut Call,
) -> Result<Answer, (u16, &'static str)> {
    let destination = destination.filter(|url| url.starts_with("https://")).ok_or((400, "no destination"))?;
    let token =
        token.and_then(|token| state.signin_tokens.remove(token)).ok_or((400, "the token is unknown or spent"))?;
    if token.expires <= state.now() {
        return Err((400, "the token has expired"));
    }
    call.caller_arn = token.arn;
    let mut answer = Answer::new(302, "text/html", String::new());
    answer.headers.push(("Location", destination.to_owned()));
    Ok(answer)
}

//! From a request to its answer: which operation, which fault, who asks, and the record of it all.

use std::time::Duration;

use super::faults::Fault;
use super::http::{Answer, Request};
use super::limits::Params;
use super::server::{Shared, lock};
use super::state::{Call, Denial, State};
use super::xml::{self, Service};
use super::{clock, iam, s3, sigv4, sts};

/// An answer and what is to happen to it on its way.
pub struct Reply {
    pub answer: Answer,
    pub fault: Option<Fault>,
    pub wait: Duration,
}

/// Does what was asked, unless a fault keeps it from being done, and records it.
pub fn reply(shared: &Shared, connection: u64, request: &Request) -> Reply {
    let parameters = request.parameters();
    let params = Params(&parameters);
    let claim = sigv4::claim(request).ok();
    let (service, operation) = asked(request, params, claim.as_ref().map(|c| c.service.as_str()));
    let mut call = Call {
        at_ms: clock::machine_millis(),
        operation: operation.to_owned(),
        service: service.name().to_owned(),
        region: String::new(),
        access_key_id: String::new(),
        caller_arn: String::new(),
        params: parameters.iter().filter(|(n, _)| n != "Action" && n != "Version").cloned().collect(),
        connection,
        user_agent: request.header("user-agent").unwrap_or_default().to_owned(),
        status: 0,
        outcome: String::new(),
        done: false,
    };
    if let Some(claim) = claim {
        call.access_key_id = claim.key_id;
        call.region = claim.region;
    }
    let (wait, fault) = lock(&shared.faults).strike(operation);
    let mut state = lock(&shared.state);
    let request_id = state.request_id();
    let mut answer = match instead(fault.as_ref(), service, operation, &request_id) {
        Some(answer) => answer,
        None => {
            let result = handle(&mut state, request, service, operation, params, &mut call);
            call.done = result.is_ok();
            match result {
                Ok(result) => {
                    Answer::new(200, "text/xml", xml::response(service, operation, result.as_deref(), &request_id))
                }
                Err(d) => {
                    call.outcome.clone_from(&d.code);
                    Answer::new(d.status, "text/xml", xml::error(service, d.status, &d.code, &d.message, &request_id))
                }
            }
        }
    };
    answer.headers.push(("x-amzn-RequestId", request_id));
    if let Some(Fault::Rewrite { find, replace }) = &fault {
        answer.body = answer.body.replace(find, replace);
    }
    if let Some(fault) = &fault {
        call.outcome = match fault {
            Fault::Error { code, .. } => code.clone(),
            other => other.name().to_owned(),
        };
    }
    call.status = if fault.as_ref().is_none_or(Fault::answers) { answer.status } else { 0 };
    state.calls.push(call);
    Reply { answer, fault, wait }
}

/// Service and operation of a request.
fn asked<'a>(request: &Request, params: Params<'a>, scope: Option<&str>) -> (Service, &'a str) {
    if scope == Some("s3") {
        let lists = request.method == "GET" && request.path() == "/";
        return (Service::S3, if lists { "ListBuckets" } else { "none" });
    }
    let service = params.get("Version").and_then(Service::of_version).unwrap_or(Service::Sts);
    (service, params.get("Action").unwrap_or("none"))
}

fn handle(
    state: &mut State,
    request: &Request,
    service: Service,
    operation: &str,
    params: Params,
    call: &mut Call,
) -> Result<Option<String>, Denial> {
    if operation == "none" {
        return Err(Denial::new(400, "MissingAction", "Could not find Action parameter in the request"));
    }
    let caller = state.authenticate(request, service)?;
    call.caller_arn = caller.arn(&state.world.partition);
    match service {
        Service::Sts => sts::answer(state, &caller, operation, params).map(Some),
        Service::Iam => iam::answer(state, &caller, operation, params),
        Service::S3 => s3::list_buckets(state, &caller).map(Some),
    }
}

/// What is answered instead of the work, where the work is not done.
fn instead(fault: Option<&Fault>, service: Service, operation: &str, request_id: &str) -> Option<Answer> {
    Some(match fault? {
        Fault::Error { status, code, message, retry_after } => {
            let mut answer = Answer::new(*status, "text/xml", xml::error(service, *status, code, message, request_id));
            answer.headers.extend(retry_after.map(|s| ("Retry-After", s.to_string())));
            answer
        }
        Fault::EmptyResult => Answer::new(200, "text/xml", xml::response(service, operation, Some(""), request_id)),
        Fault::Answer { status, content_type, body } => Answer::new(*status, content_type, body.clone()),
        Fault::Html => {
            let page = "<!doctype html><title>Welcome</title><p>Please sign in to use this network";
            Answer::new(200, "text/html", page.into())
        }
        Fault::ResetAfterReading | Fault::Close | Fault::Silence | Fault::ResetBeforeReading => {
            Answer::new(500, "text/plain", String::new())
        }
        Fault::Latency(_) | Fault::HalfBody | Fault::ResetAfterHandling | Fault::Rewrite { .. } => {
            return None;
        }
    })
}

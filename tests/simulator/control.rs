//! The control interface of the standalone simulator, as JSON under `/_simulator/` on the same port.

use serde_json::{Value, json};

use super::faults::Planned;
use super::http::{Answer, Request};
use super::server::{Shared, lock};

/// `GET calls`, `GET connections`, `GET code?serial=…`, `POST faults`, `POST advance?seconds=N`.
pub fn answer(shared: &Shared, request: &Request) -> Answer {
    match route(shared, request) {
        Ok(value) => Answer::new(200, "application/json", value.to_string()),
        Err((status, why)) => Answer::new(status, "application/json", json!({ "error": why }).to_string()),
    }
}

fn route(shared: &Shared, request: &Request) -> Result<Value, (u16, String)> {
    let query = Request { body: Vec::new(), ..request.clone() }.parameters();
    let parameter = |name: &str| {
        query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).ok_or((400, format!("{name} is missing")))
    };
    let what = request.path().trim_start_matches("/_simulator/");
    match (request.method.as_str(), what) {
        ("GET", "calls") => Ok(json!(lock(&shared.state).calls)),
        ("GET", "connections") => Ok(json!(shared.connections())),
        ("GET", "code") => {
            let serial = parameter("serial")?;
            let state = lock(&shared.state);
            let shown = state.shown_code(serial).ok_or((404, "no such virtual device".to_owned()))?;
            Ok(match state.code_for(serial) {
                Ok(code) => json!({ "code": code, "shown": shown }),
                Err(seconds) => json!({ "wait_seconds": seconds, "shown": shown }),
            })
        }
        ("POST", "faults") => {
            let planned: Vec<Planned> = serde_json::from_slice(&request.body).map_err(|e| (400, e.to_string()))?;
            let mut faults = lock(&shared.faults);
            if planned.is_empty() {
                faults.clear();
            }
            let count = planned.len();
            planned.into_iter().for_each(|p| faults.plan(p));
            Ok(json!({ "planned": count }))
        }
        ("POST", "advance") => {
            let seconds: i64 = parameter("seconds")?.parse().map_err(|_| (400, "seconds is no number".to_owned()))?;
            let mut state = lock(&shared.state);
            state.offset += seconds;
            Ok(json!({ "offset_seconds": state.offset }))
        }
        _ => Err((404, "no such thing to control".into())),
    }
}

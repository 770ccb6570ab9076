//! The console's sign-in: what is given a token, and what a token is good for.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::*;

/// Status and body of a GET.
fn get(simulator: &Simulator, query: &[(&str, &str)]) -> (u16, String) {
    let encode = |text: &str| -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric();
        text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let mut stream = TcpStream::connect(simulator.address()).unwrap();
    write!(stream, "GET /federation?{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", query.join("&")).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

fn json(credentials: &aws_sdk_sts::types::Credentials) -> String {
    serde_json::json!({
        "sessionId": credentials.access_key_id(),
        "sessionKey": credentials.secret_access_key(),
        "sessionToken": credentials.session_token(),
    })
    .to_string()
}

fn token(simulator: &Simulator, session: &str, duration: Option<&str>) -> Result<String, u16> {
    let mut query = vec![("Action", "getSigninToken"), ("Session", session)];
    query.extend(duration.map(|seconds| ("SessionDuration", seconds)));
    let (status, answer) = get(simulator, &query);
    if status != 200 {
        return Err(status);
    }
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    Ok(body["SigninToken"].as_str().unwrap().to_owned())
}

fn login(simulator: &Simulator, token: &str) -> u16 {
    let query = [("Action", "login"), ("Destination", "https://console.aws.amazon.com/"), ("SigninToken", token)];
    get(simulator, &query).0
}

#[test]
fn a_role_session_gets_a_token_that_is_good_once_and_for_a_quarter_of_an_hour() {
    let simulator = Simulator::start(World::demo());
    let admin = run(assume_admin(&simulator, "alice"));
    let session = json(admin.credentials().unwrap());
    let first = token(&simulator, &session, None).unwrap();
    assert_eq!((login(&simulator, &first), login(&simulator, &first)), (302, 400));
    assert_eq!(login(&simulator, "forged"), 400);
    let late = token(&simulator, &session, Some("43200")).unwrap();
    simulator.advance(15 * 60);
    assert_eq!(login(&simulator, &late), 400);
    for seconds in ["899", "43201", "an hour"] {
        assert_eq!(token(&simulator, &session, Some(seconds)), Err(400), "{seconds}");
    }
    let forged = session.replacen("\"sessionKey\":\"", "\"sessionKey\":\"x", 1);
    assert_eq!(token(&simulator, &forged, None), Err(400));
    assert_eq!(token(&simulator, "{}", None), Err(400));
    simulator.advance(3600);
    assert_eq!(token(&simulator, &session, None), Err(400), "the session has ended");
}

#[test]
fn sessions_of_users_sign_in_nowhere_and_chains_not_for_a_time_of_their_own() {
    let simulator = Simulator::start(World::demo());
    let (user, chained) = run(async {
        let code = simulator.code_for(DEMO_MFA);
        let user = alice(&simulator).get_session_token().serial_number(DEMO_MFA).token_code(code).send().await.unwrap();
        let user = user.credentials().unwrap().clone();
        let admin = with(&simulator, &user).assume_role().role_arn(ADMIN).role_session_name("alice");
        (user, admin.send().await.unwrap().credentials().unwrap().clone())
    });
    assert_eq!(token(&simulator, &json(&user), None), Err(400));
    assert!(token(&simulator, &json(&chained), None).is_ok());
    assert_eq!(token(&simulator, &json(&chained), Some("3600")), Err(400));
}

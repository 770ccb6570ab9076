//! The calls against real sockets: a server that does what it is told, one reaction a request.

mod simulated;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::*;
use crate::identity::{AccessKey, MfaSerial, TokenCode};
use crate::profile::Hop;

#[derive(Clone)]
enum Reaction {
    /// Status, extra headers, body.
    Answer(u16, &'static str, String),
    /// The same, dated so many seconds from now.
    Dated(i64, u16, String),
    /// Answers as if the connection stayed, then closes.
    AnswerAndClose(String),
    /// Reads the request, then closes.
    Close,
    /// Announces more than it sends, then closes.
    Half,
    /// Reads the request and says nothing.
    Silence,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    bodies: Vec<String>,
    heads: Vec<String>,
}

struct Server {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    fn start(script: Vec<Reaction>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let script = Arc::new(Mutex::new(script.into_iter()));
        let for_thread = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                for_thread.lock().unwrap().connections += 1;
                let (seen, script) = (Arc::clone(&for_thread), Arc::clone(&script));
                std::thread::spawn(move || serve(stream, &seen, || script.lock().unwrap().next()));
            }
        });
        Server { url, seen }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    fn door(&self) -> AwsDoor {
        door(&self.url)
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Seen>, next: impl Fn() -> Option<Reaction>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        {
            let mut seen = seen.lock().unwrap();
            seen.bodies.push(String::from_utf8(body).unwrap());
            seen.heads.push(head);
        }
        let reaction = next();
        let closes = matches!(reaction, Some(Reaction::AnswerAndClose(_)));
        let (offset, status, extra, body) = match reaction {
            Some(Reaction::AnswerAndClose(body)) => (0, 200, "", body),
            Some(Reaction::Answer(status, extra, body)) => (0, status, extra, body),
            Some(Reaction::Dated(offset, status, body)) => (offset, status, "", body),
            Some(Reaction::Half) => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n<AssumeRoleResponse>");
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
            Some(Reaction::Silence) => {
                std::thread::sleep(Duration::from_secs(60));
                return;
            }
            Some(Reaction::Close) | None => {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        };
        let now = DateTime::from(SystemTime::now()).secs();
        let date = DateTime::from_secs(now + offset).fmt(Format::HttpDate).unwrap();
        let head = format!(
            "HTTP/1.1 {status} X\r\ndate: {date}\r\ncontent-type: text/xml\r\n{extra}content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        if closes {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

fn door(url: &str) -> AwsDoor {
    let endpoint = Endpoint { url: url.into(), origin: "test".into(), allowed: false };
    let mut door = AwsDoor::new(AwsSettings {
        profile: Some("default".into()),
        region: Some("eu-west-1".into()),
        sts_endpoint: Some(endpoint),
        partition: None,
    });
    door.time_limit = Duration::from_secs(2);
    door
}

fn key() -> AccessKey {
    AccessKey { id: "AKIAIOSFODNN7EXAMPLE".parse().unwrap(), secret: "wJalrXUtnFEMIK7MDENGbPxRfiCY".to_owned().into() }
}

fn hop() -> Hop {
    Hop {
        profile: "prod".into(),
        role_arn: "arn:aws:iam::222233334444:role/Admin".parse().unwrap(),
        session_name: "alice".parse().unwrap(),
        duration: Lifetime::HOUR,
        external_id: Some("e-1".into()),
        source_identity: Some("alice".parse().unwrap()),
        session_policy: Some("{}".into()),
        session_policy_arns: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
        tags: vec![("team".into(), "a b".into())],
        transitive_tags: vec!["team".into()],
    }
}

fn with_code(door: &AwsDoor) -> Result<Issued, AwsError> {
    let (serial, code): (MfaSerial, TokenCode) =
        ("arn:aws:iam::111122223333:mfa/alice".parse().unwrap(), "123456".parse().unwrap());
    let mfa = Some(MfaAnswer { serial: &serial, code: &code });
    door.assume_role(Signer::LongTerm(&key()), AssumeRole { hop: &hop(), duration: Lifetime::HOUR, mfa })
}

fn without_code(door: &AwsDoor) -> Result<Issued, AwsError> {
    door.assume_role(Signer::LongTerm(&key()), AssumeRole { hop: &hop(), duration: Lifetime::HOUR, mfa: None })
}

fn issued() -> String {
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
     <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s3cret</SecretAccessKey>\
     <SessionToken>t0ken</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration></Credentials><AssumedRoleUser>\
     <Arn>arn:aws:sts::222233334444:assumed-role/Admin/alice</Arn><AssumedRoleId>AROA:alice</AssumedRoleId>\
     </AssumedRoleUser><PackedPolicySize>6</PackedPolicySize></AssumeRoleResult></AssumeRoleResponse>"
        .into()
}

fn fault(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

fn good() -> Reaction {
    Reaction::Answer(200, "", issued())
}

#[test]
fn a_role_is_asked_for_with_every_part_of_the_hop_and_signed_in_the_region() {
    let server = Server::start(vec![good()]);
    let answer = with_code(&server.door()).unwrap();
    assert_eq!(answer.credentials.access_key_id.as_str(), "ASIAIOSFODNN7EXAMPLE");
    assert_eq!(answer.credentials.session_token.expose_secret(), "t0ken");
    assert_eq!(answer.credentials.expiration.to_string(), "2030-01-02T03:04:05Z");
    assert_eq!(answer.credentials.account_id, "222233334444");
    assert_eq!(answer.assumed_role_arn.as_deref(), Some("arn:aws:sts::222233334444:assumed-role/Admin/alice"));
    assert_eq!(answer.packed_policy_percent, Some(6));
    assert!(answer.clock_offset.abs() <= 1);
    let seen = server.seen();
    for part in [
        "Action=AssumeRole",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A222233334444%3Arole%2FAdmin",
        "RoleSessionName=alice",
        "DurationSeconds=3600",
        "ExternalId=e-1",
        "SourceIdentity=alice",
        "Policy=%7B%7D",
        "PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess",
        "Tags.member.1.Key=team",
        "Tags.member.1.Value=a%20b",
        "TransitiveTagKeys.member.1=team",
        "SerialNumber=arn%3Aaws%3Aiam%3A%3A111122223333%3Amfa%2Falice",
        "TokenCode=123456",
    ] {
        assert!(seen.bodies[0].contains(part), "{part} is not in {}", seen.bodies[0]);
    }
    assert!(seen.heads[0].contains("/eu-west-1/sts/aws4_request"));
    assert!(seen.heads[0].contains("app/role-helper-"));
}

#[test]
fn hops_share_one_connection() {
    let server = Server::start((0..6).map(|_| good()).collect());
    let door = server.door();
    for _ in 0..5 {
        let first = with_code(&door).unwrap();
        let request = AssumeRole { hop: &hop(), duration: Lifetime::HOUR, mfa: None };
        if server.seen().bodies.len() == 5 {
            door.assume_role(Signer::Session(&first.credentials), request).unwrap();
        }
    }
    let seen = server.seen();
    assert_eq!((seen.connections, seen.bodies.len()), (1, 6));
    assert!(seen.heads[5].to_ascii_lowercase().contains("x-amz-security-token: t0ken"));
}

#[test]
fn a_connection_that_was_closed_meanwhile_costs_no_code() {
    for pause in [Duration::from_millis(300), client::IDLE + Duration::from_millis(200)] {
        let server = Server::start(vec![Reaction::AnswerAndClose(issued()), good()]);
        let door = server.door();
        with_code(&door).unwrap();
        std::thread::sleep(pause);
        with_code(&door).unwrap();
        let seen = server.seen();
        assert_eq!((seen.connections, seen.bodies.len()), (2, 2));
    }
}

#[test]
fn a_refusal_is_awss_own_words() {
    let text = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
    let server = Server::start(vec![Reaction::Answer(403, "", fault("AccessDenied", text))]);
    let AwsError::Answered { status, code, message, clock_offset } = with_code(&server.door()).unwrap_err() else {
        panic!("not an answer")
    };
    assert_eq!((status, code.as_str(), message.as_str()), (403, "AccessDenied", text.trim()));
    assert!(clock_offset.is_some_and(|offset| offset.abs() <= 1));
}

#[test]
fn a_code_is_sent_once_whatever_comes_back() {
    let unavailable = Reaction::Answer(503, "", fault("ServiceUnavailable", "later"));
    let throttled = Reaction::Answer(400, "retry-after: 1\r\n", fault("Throttling", "Rate exceeded"));
    let too_many = Reaction::Answer(429, "retry-after: 1\r\n", "slow down".into());
    let page = Reaction::Answer(200, "", "<html><body>Sign in to the guest network</body></html>".into());
    let gateway = Reaction::Answer(502, "", "<html>Bad Gateway</html>".into());
    let in_awss_words = [unavailable, throttled].map(|reaction| (reaction, true));
    let otherwise = [too_many, page, gateway, Reaction::Close, Reaction::Half].map(|reaction| (reaction, false));
    for (reaction, answered) in in_awss_words.into_iter().chain(otherwise) {
        let server = Server::start(vec![reaction, good(), good()]);
        let error = with_code(&server.door()).unwrap_err();
        match error {
            AwsError::Answered { .. } => assert!(answered, "{error:?}"),
            AwsError::NoAnswer(_) => assert!(!answered, "{error:?}"),
            _ => panic!("{error:?}"),
        }
        assert_eq!(server.seen().bodies.len(), 1, "{error:?}");
        assert!(!error.to_string().contains('\n') && error.to_string().len() < 160, "{error}");
    }
}

#[test]
fn what_carries_no_code_is_tried_again() {
    let server =
        Server::start(vec![Reaction::Answer(500, "", fault("InternalFailure", "oops")), Reaction::Close, good()]);
    let mut door = server.door();
    door.time_limit = Duration::from_secs(10);
    without_code(&door).unwrap();
    assert_eq!(server.seen().bodies.len(), 3);
}

#[test]
fn silence_has_an_end() {
    let server = Server::start(vec![Reaction::Silence]);
    let start = Instant::now();
    assert_eq!(with_code(&server.door()).unwrap_err(), AwsError::TimedOut { seconds: 2 });
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(server.seen().bodies.len(), 1);
}

#[test]
fn a_closed_port_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = with_code(&door(&format!("http://{address}"))).unwrap_err();
    assert_eq!(error, AwsError::NotConnected(format!("STS at {address} refuses the connection")));
}

#[test]
fn a_port_that_opens_in_time_gets_the_code_after_all() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let server = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        let (stream, _) = TcpListener::bind(address).unwrap().accept().unwrap();
        serve(stream, &Mutex::default(), || Some(good()));
    });
    let door = door(&format!("http://{address}"));
    with_code(&door).unwrap();
    drop(door);
    server.join().unwrap();
}

#[test]
fn a_name_that_is_none_is_no_connection() {
    let mut door = door("https://sts.no-such-host.invalid");
    door.settings.sts_endpoint.as_mut().unwrap().allowed = true;
    let error = with_code(&door).unwrap_err();
    let AwsError::NotConnected(text) = &error else { panic!("{error:?}") };
    assert!(text.contains("cannot be resolved") || text.contains("no connection in time"), "{text}");
}

#[test]
fn a_wrong_clock_is_corrected_and_the_same_code_sent_again() {
    let expired = fault(
        "SignatureDoesNotMatch",
        "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z (20260101T011500Z - 15 min.)",
    );
    let server = Server::start(vec![Reaction::Dated(5400, 403, expired), Reaction::Dated(5400, 200, issued()), good()]);
    let door = server.door();
    let answer = with_code(&door).unwrap();
    assert!((answer.clock_offset - 5400).abs() <= 1, "{}", answer.clock_offset);
    with_code(&door).unwrap();
    let seen = server.seen();
    assert_eq!(seen.bodies.len(), 3);
    assert_eq!(seen.bodies[0], seen.bodies[1]);
    let signed_at = |head: &str| {
        let line = head.lines().find(|line| line.starts_with("x-amz-date")).unwrap().to_owned();
        let (h, m): (i64, i64) = (line[21..23].parse().unwrap(), line[23..25].parse().unwrap());
        h * 60 + m
    };
    for corrected in 1..3 {
        let shift = (signed_at(&seen.heads[corrected]) - signed_at(&seen.heads[0])).rem_euclid(1440);
        assert!((90..=91).contains(&shift), "signed {shift} minutes later");
    }
}

#[test]
fn a_signature_that_is_wrong_for_another_reason_is_not_repeated() {
    let text = "The request signature we calculated does not match the signature you provided.";
    let server = Server::start(vec![Reaction::Dated(5400, 403, fault("SignatureDoesNotMatch", text)), good()]);
    assert!(matches!(with_code(&server.door()).unwrap_err(), AwsError::Answered { .. }));
    assert_eq!(server.seen().bodies.len(), 1);
}

#[test]
fn an_endpoint_that_may_not_be_spoken_to_gets_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    // 127.0.0.1 by a name that is not loopback's.
    let url = format!("http://localhost.localdomain:{}", listener.local_addr().unwrap().port());
    let error = with_code(&door(&url)).unwrap_err();
    assert!(matches!(&error, AwsError::Endpoint(text) if text.contains("role_helper_allow_endpoint")), "{error:?}");
    assert!(listener.accept().is_err());
    let mut elsewhere = door("http://127.0.0.1:1");
    elsewhere.settings.region = Some("evil.example/".into());
    assert!(matches!(with_code(&elsewhere).unwrap_err(), AwsError::Endpoint(text) if text.contains("not a region")));
}

#[test]
fn who_am_i() {
    let body = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                <Arn>arn:aws:iam::111122223333:user/alice</Arn><UserId>AIDA</UserId><Account>111122223333</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let server = Server::start(vec![Reaction::Answer(200, "", body.into())]);
    let who = server.door().caller_identity(Signer::LongTerm(&key())).unwrap();
    assert_eq!((who.arn.as_str(), who.account.as_str()), ("arn:aws:iam::111122223333:user/alice", "111122223333"));
}

#[test]
fn an_mfa_session() {
    let body = issued().replace("AssumeRole", "GetSessionToken");
    let server = Server::start(vec![Reaction::Answer(200, "", body)]);
    let (serial, code) = ("arn:aws:iam::111122223333:mfa/alice".parse().unwrap(), "123456".parse().unwrap());
    let mfa = MfaAnswer { serial: &serial, code: &code };
    let answer = server.door().session_token(&key(), Lifetime::from_seconds(43_200), mfa).unwrap();
    assert_eq!(answer.credentials.account_id, "111122223333");
    let seen = server.seen();
    for part in ["Action=GetSessionToken", "DurationSeconds=43200", "TokenCode=123456"] {
        assert!(seen.bodies[0].contains(part), "{part}");
    }
}

//! Faults as they arrive on the wire, connections as they are counted, the proxy.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::*;
use crate::simulator::clock;
use crate::simulator::faults::{Fault, Planned};
use crate::simulator::proxy::{Manner, Proxy};

const ASK: &[u8] =
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 43\r\n\r\nAction=GetCallerIdentity&Version=2011-06-15";

fn ask(simulator: &Simulator) -> (std::io::Result<usize>, String) {
    let mut stream = TcpStream::connect(simulator.address()).unwrap();
    stream.write_all(ASK).unwrap();
    // The simulator sees the end after its answer, and closes. Where it reset already, there is nothing to shut.
    drop(stream.shutdown(Shutdown::Write));
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    (ended, String::from_utf8(bytes).unwrap())
}

#[test]
fn every_fault_arrives_as_what_it_is() {
    let simulator = Simulator::start(World::demo());
    let whoami = "GetCallerIdentity";
    simulator.fail_once(whoami, Fault::Html);
    let (_, page) = ask(&simulator);
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("text/html") && page.contains("<!doctype"), "{page}");

    simulator.fail_once(
        whoami,
        Fault::Error { status: 429, code: "Throttling".into(), message: "Rate exceeded".into(), retry_after: Some(7) },
    );
    let (_, slow) = ask(&simulator);
    assert!(
        slow.starts_with("HTTP/1.1 429 ")
            && slow.contains("Retry-After: 7\r\n")
            && slow.contains("<Code>Throttling</Code>"),
        "{slow}"
    );

    simulator.fail_once(whoami, Fault::HalfBody);
    let (_, half) = ask(&simulator);
    let (head, body) = half.split_once("\r\n\r\n").unwrap();
    let length: usize = head.split("Content-Length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert!(!body.is_empty() && body.len() < length, "{half}");

    for reset in [Fault::ResetBeforeReading, Fault::ResetAfterReading, Fault::ResetAfterHandling] {
        simulator.fail_once(whoami, reset.clone());
        let (ended, got) = ask(&simulator);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset, "{reset:?}");
        assert_eq!(got, "");
    }
    simulator.fail_once(whoami, Fault::Close);
    assert_eq!(ask(&simulator).0.unwrap(), 0);

    simulator.fail_once(whoami, Fault::answer(200, "<broken"));
    assert!(ask(&simulator).1.ends_with("\r\n\r\n<broken"));
    simulator.fail_once(whoami, Fault::rewrite("MissingAuthenticationToken", "Rewritten"));
    assert!(ask(&simulator).1.contains("<Code>Rewritten</Code>"));

    simulator.skew_date(86_400);
    let (_, dated) = ask(&simulator);
    let shown = dated.split("Date: ").nth(1).unwrap().lines().next().unwrap();
    let tomorrow = clock::machine_millis() / 1000 + 86_400;
    assert!((tomorrow - 5..=tomorrow).any(|t| clock::http(t) == shown), "{shown}");
    assert!(dated.contains("<Code>MissingAuthenticationToken</Code>"), "{dated}");
    let outcomes: Vec<(u16, String)> = simulator.calls().into_iter().map(|c| (c.status, c.outcome)).collect();
    let expected = [
        (200, "html"),
        (429, "Throttling"),
        (0, "half_body"),
        (0, "reset_after_reading"),
        (0, "reset_after_handling"),
        (0, "close"),
        (200, "answer"),
        (403, "rewrite"),
        (403, "MissingAuthenticationToken"),
    ];
    assert_eq!(outcomes, expected.map(|(s, o)| (s, o.to_owned())));
}

#[test]
fn an_answer_that_is_lost_or_late_has_used_its_code() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let alice = alice(&simulator);
        let code = simulator.code_for(DEMO_MFA);
        let assume =
            || alice.assume_role().role_arn(ADMIN).role_session_name("alice").serial_number(DEMO_MFA).token_code(&code);
        simulator.fail_once("AssumeRole", Fault::ResetAfterReading);
        assert!(matches!(assume().send().await, Err(SdkError::DispatchFailure(_))));
        assert!(!simulator.calls()[0].done);
        simulator.fail_once("AssumeRole", Fault::ResetAfterHandling);
        assert!(matches!(assume().send().await, Err(SdkError::DispatchFailure(_))));
        assert!(simulator.calls()[1].done);
        assert!(refusal(assume().send().await).contains("invalid MFA one time pass code"));
    });
    simulator.plan(Planned { fault: Fault::latency(Duration::from_millis(200)), operation: None, times: Some(1) });
    let from = Instant::now();
    ask(&simulator).0.unwrap();
    assert!(from.elapsed() >= Duration::from_millis(200));
}

#[test]
fn one_client_keeps_one_connection() {
    let simulator = Simulator::start(World::demo());
    run(async {
        let alice = alice(&simulator);
        for _ in 0..5 {
            alice.get_caller_identity().send().await.unwrap();
        }
    });
    let connections = simulator.connections();
    assert_eq!(connections.iter().map(|c| c.requests).collect::<Vec<_>>(), [5]);
}

#[test]
fn hundreds_of_clients_are_served_at_once() {
    let simulator = Simulator::start(World::demo());
    // All connect before the first asks; the number leaves room below the usual limit of 1,024 descriptors.
    let mut clients: Vec<TcpStream> = (0..400).map(|_| TcpStream::connect(simulator.address()).unwrap()).collect();
    for client in &mut clients {
        client.write_all(ASK).unwrap();
    }
    for client in &mut clients {
        let mut start = [0; 12];
        client.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 403");
    }
    assert_eq!(simulator.calls().len(), 400);
}

#[test]
fn a_refused_port_comes_back() {
    let mut simulator = Simulator::start(World::demo());
    let mut open = TcpStream::connect(simulator.address()).unwrap();
    open.write_all(ASK).unwrap();
    assert!(open.read(&mut [0; 4096]).unwrap() > 0);
    simulator.refuse();
    assert_eq!(open.read(&mut [0; 1]).unwrap_or(0), 0);
    assert_eq!(TcpStream::connect(simulator.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    simulator.resume().unwrap();
    assert!(ask(&simulator).1.starts_with("HTTP/1.1 403"));
}

#[test]
fn a_proxy_forwards_or_refuses_and_remembers() {
    let simulator = Simulator::start(World::demo());
    let absolute = |proxy: &Proxy, extra: &str| {
        let address = proxy.endpoint().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(address).unwrap();
        let to = simulator.endpoint();
        write!(
            stream,
            "POST {to}/ HTTP/1.1\r\nHost: x\r\n{extra}Content-Length: 27\r\n\r\nAction=X&Version=2011-06-15"
        )
        .unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap_or_default();
        text
    };
    let open = Proxy::start(Manner::Forward).unwrap();
    assert!(absolute(&open, "").starts_with("HTTP/1.1 403 Forbidden"));
    assert_eq!(simulator.calls().len(), 1);
    let asking = Proxy::start(Manner::Basic("dTpw".into())).unwrap();
    assert!(absolute(&asking, "").starts_with("HTTP/1.1 407 "));
    assert!(absolute(&asking, "Proxy-Authorization: Basic dTpw\r\n").starts_with("HTTP/1.1 403 Forbidden"));
    let shut = Proxy::start(Manner::Refuse(403)).unwrap();
    assert!(absolute(&shut, "").starts_with("HTTP/1.1 403 Refused"));
    assert_eq!(asking.seen().iter().map(|s| s.forwarded).collect::<Vec<_>>(), [false, true]);
    assert_eq!(simulator.calls().len(), 2);

    let tunnel = Proxy::start(Manner::Forward).unwrap();
    let mut stream = TcpStream::connect(tunnel.endpoint().trim_start_matches("http://")).unwrap();
    write!(stream, "CONNECT {} HTTP/1.1\r\nHost: x\r\n\r\n", simulator.address()).unwrap();
    let mut established = [0; 39];
    stream.read_exact(&mut established).unwrap();
    assert_eq!(&established, b"HTTP/1.1 200 Connection established\r\n\r\n");
    stream.write_all(ASK).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 403");
    assert_eq!(tunnel.seen()[0].method, "CONNECT");
}

#[test]
fn the_next_connection_waits_while_accepting_is_slow() {
    let simulator = Simulator::start(World::demo());
    simulator.delay_accept(Duration::from_millis(150));
    let from = Instant::now();
    ask(&simulator).0.unwrap();
    assert!(from.elapsed() >= Duration::from_millis(150));
    simulator.heal();
    assert_eq!(simulator.calls().len(), 1);
}

#[test]
fn silence_lasts_until_the_client_goes() {
    let simulator = Simulator::start(World::demo());
    simulator.fail_once("GetCallerIdentity", Fault::Silence);
    let mut stream = TcpStream::connect(simulator.address()).unwrap();
    stream.write_all(ASK).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(simulator.calls()[0].outcome, "silence");
}

/// Method, path and body to the control interface; its JSON.
fn control(simulator: &Simulator, method: &str, what: &str, body: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(simulator.address()).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /_simulator/{what} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

#[test]
fn the_control_interface_shows_codes_plans_faults_and_moves_the_clock() {
    let simulator = Simulator::start(World::demo());
    let shown = control(&simulator, "GET", &format!("code?serial={DEMO_MFA}"), "");
    assert_eq!(shown["code"], shown["shown"]);
    let code = shown["code"].as_str().unwrap();
    let ask_with = |code: &str| {
        let asked = alice(&simulator).get_session_token().serial_number(DEMO_MFA).token_code(code);
        run(asked.send()).is_ok()
    };
    assert!(ask_with(code));
    simulator.forget_calls();
    assert_eq!(control(&simulator, "GET", "code?serial=nobody", "")["error"], "no such virtual device");
    let faults = r#"[{"fault": {"error": {"status": 503, "code": "ServiceUnavailable"}}, "operation": "GetCallerIdentity", "times": 1}]"#;
    assert_eq!(control(&simulator, "POST", "faults", faults)["planned"], 1);
    assert!(ask(&simulator).1.starts_with("HTTP/1.1 503 "));
    assert_eq!(control(&simulator, "GET", "calls", "")[0]["outcome"], "ServiceUnavailable");
    assert_eq!(control(&simulator, "GET", "connections", "").as_array().unwrap().len(), 2);
    control(&simulator, "POST", "advance?seconds=90", "");
    let later = control(&simulator, "GET", &format!("code?serial={DEMO_MFA}"), "");
    assert!(ask_with(later["code"].as_str().unwrap()));
    assert!(simulator.now() >= clock::machine_millis() / 1000 + 89);
}

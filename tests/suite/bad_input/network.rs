//! Networks that are slow, cut, in the way or not there. A code leaves once; it stays good where no connection was
//! made; every wait has an end, and Ctrl-C ends it sooner.

use super::rig::{PROD, Rig, clear, every, full_run};
use crate::daemon::Daemon;
use crate::output::Output;
use crate::run::poll;
use crate::simulator::faults::{Fault, Planned};
use crate::simulator::proxy::{Manner, Proxy};
use crate::world::NOWHERE;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// What went wrong, and then the same code, which AWS must not have seen.
fn code_stays_good(rig: &Rig, name: &str, code: &str, failed: Output, exit: i32) -> Output {
    let output = clear(name, failed, exit);
    rig.world.command(["credential-process", "prod", "--mfa-code", code]).run().credentials();
    rig.world.command(["logout", "--all"]).run().ok();
    output
}

#[test]
fn where_no_connection_is_made_the_code_stays_good() {
    let rig = Rig::new();
    let attempt = |code: &str| rig.world.command(["credential-process", "prod", "--mfa-code", code]);

    let code = rig.code();
    let output = attempt(&code).env("AWS_ENDPOINT_URL_STS", NOWHERE).run();
    code_stays_good(&rig, "refused", &code, output, 6).says("refuses the connection").says("127.0.0.1:9");

    let allow = format!("{PROD}role_helper_allow_endpoint = https://sts.gateway.invalid\n");
    rig.world.config(&allow);
    let code = rig.code();
    let output = attempt(&code).env("AWS_ENDPOINT_URL_STS", "https://sts.gateway.invalid").run();
    rig.world.config(PROD);
    code_stays_good(&rig, "no such name", &code, output, 6).says("sts.gateway.invalid");

    for (name, manner, word) in [
        ("proxy 403", Manner::Refuse(403), "does not let"),
        ("proxy 407", Manner::Refuse(407), "user and password"),
        ("proxy 502", Manner::Refuse(502), "does not let"),
        ("proxy wants another password", Manner::Basic("YTpi".into()), "user and password"),
    ] {
        let proxy = Proxy::start(manner).unwrap();
        let code = rig.code();
        let with_password = proxy.endpoint().replace("http://", "http://user:hunter2@");
        let output = attempt(&code)
            .without_env("AWS_ENDPOINT_URL_STS")
            .without_env("AWS_ENDPOINT_URL_IAM")
            .env("HTTPS_PROXY", with_password)
            .run();
        assert!(proxy.seen().iter().all(|seen| seen.method == "CONNECT"), "{name}: nothing but the way is asked for");
        code_stays_good(&rig, name, &code, output, 6).says(word).hides(&["hunter2"]);
    }
    for proxy in ["http://127.0.0.1:9", "127.0.0.1:9"] {
        let code = rig.code();
        let output = attempt(&code).without_env("AWS_ENDPOINT_URL_STS").env("HTTPS_PROXY", proxy).run();
        code_stays_good(&rig, proxy, &code, output, 6).says("127.0.0.1:9");
    }
    rig.nothing_lost();
}

#[test]
fn where_the_request_left_the_code_is_not_sent_again() {
    let rig = Rig::new();
    every(
        [
            Fault::ResetAfterReading,
            Fault::ResetAfterHandling,
            Fault::Close,
            Fault::HalfBody,
            Fault::Html,
            Fault::EmptyResult,
            Fault::error(500, "InternalFailure", "x"),
            Fault::error(503, "ServiceUnavailable", "x"),
            Fault::Error { status: 503, code: "SlowDown".into(), message: "x".into(), retry_after: Some(1) },
            Fault::Error { status: 429, code: "Throttling".into(), message: "x".into(), retry_after: Some(1) },
            Fault::throttling(),
        ],
        |fault| {
            let name = fault.name();
            rig.aws.forget_calls();
            rig.aws.fail_always("AssumeRole", fault.clone());
            let code = rig.code();
            let exit = if name == "error" && matches!(fault, Fault::Error { status: 400..500, .. }) { 1 } else { 6 };
            let output = rig.world.command(["credential-process", "prod", "--mfa-code", &code]).run();
            rig.aws.heal();
            clear(name, output, exit);
            assert_eq!(rig.aws.calls_of("AssumeRole").len(), 1, "{name}: it was sent again");
        },
    );
    rig.nothing_lost();
}

/// What carries no code is repeated, as AWS asks.
#[test]
fn calls_without_a_code_are_repeated() {
    let rig = Rig::new();
    rig.world.config(&format!("{PROD}role_helper_mfa_session = 12h\n"));
    rig.paid().run().credentials();
    let sealed = rig.world.path("own/sessions");
    for fault in [
        Fault::throttling(),
        Fault::error(503, "ServiceUnavailable", "x"),
        Fault::Error { status: 429, code: "Throttling".into(), message: "x".into(), retry_after: Some(1) },
        Fault::ResetAfterReading,
        Fault::Close,
    ] {
        // The role's session goes, the MFA session stays.
        for file in std::fs::read_dir(&sealed).unwrap().flatten() {
            if std::fs::read(file.path()).unwrap().windows(8).any(|part| part == b"role_arn") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        rig.aws.forget_calls();
        rig.aws.fail_once("AssumeRole", fault.clone());
        let output = rig.unpaid().run();
        super::rig::show(fault.name(), &output);
        output.credentials();
        assert_eq!(rig.aws.calls_of("AssumeRole").len(), 2, "{}", fault.name());
        assert_eq!(rig.aws.calls_of("GetSessionToken").len(), 0);
    }
}

/// A connection that was reset before anything was read may be tried again; the code is used once all the same.
#[test]
fn a_reset_before_the_request() {
    let rig = Rig::new();
    rig.aws.plan(Planned { fault: Fault::ResetBeforeReading, operation: None, times: Some(1) });
    let code = rig.code();
    let output = rig.world.command(["credential-process", "prod", "--mfa-code", &code]).run();
    super::rig::show("reset before reading", &output);
    if output.code() == 0 {
        output.credentials();
    } else {
        clear("reset before reading", output, 6);
    }
    assert!(rig.aws.calls_of("AssumeRole").len() <= 1);
    rig.nothing_lost();
}

#[test]
fn slow_answers_are_waited_for_and_no_longer_than_thirty_seconds() {
    let rig = Rig::new();
    rig.aws.fail_once("AssumeRole", Fault::latency(Duration::from_secs(1)));
    rig.paid().run().credentials();
    rig.world.command(["logout", "--all"]).run().ok();
    if !full_run() {
        println!("skipped: answers after 10 and 60 s; ROLE_HELPER_FULL_RUN=1 waits for them");
        return;
    }
    rig.aws.fail_once("AssumeRole", Fault::latency(Duration::from_secs(10)));
    rig.paid().run().credentials();
    rig.world.command(["logout", "--all"]).run().ok();
    rig.aws.fail_once("AssumeRole", Fault::latency(Duration::from_secs(60)));
    let output = rig.paid().deadline(Duration::from_secs(50)).run();
    println!("60 s: gave up after {:?}", output.took);
    assert!((29..35).contains(&output.took.as_secs()), "{output}");
    clear("60 s", output, 6).says("30 s");
    rig.nothing_lost();
}

#[test]
fn ctrl_c_ends_every_wait() {
    let rig = Rig::new();
    let ends = |name: &str, running: crate::run::Running, ready: &dyn Fn() -> bool| {
        assert!(poll(Duration::from_secs(10), || ready().then_some(())).is_some(), "{name}: it never came so far");
        thread::sleep(Duration::from_millis(100));
        running.signal(libc::SIGINT);
        let output = running.wait();
        super::rig::show(name, &output);
        assert_eq!(output.code(), 130, "{name}\n{output}");
        assert_eq!(output.stdout, "", "{name}");
    };
    // AWS takes the request and says nothing.
    rig.aws.fail_always("AssumeRole", Fault::Silence);
    for args in [&["credential-process", "prod"][..], &["login", "prod"], &["exec", "prod"]] {
        rig.aws.forget_calls();
        let code = rig.code();
        let mut args: Vec<&str> = args.iter().copied().chain(["--mfa-code", &code]).collect();
        if args[0] == "exec" {
            args.extend(["--", "true"]);
        }
        let connections = rig.aws.connections().len();
        let running = rig.world.command(&args).start();
        ends(args[0], running, &|| rig.aws.connections().len() > connections);
    }
    rig.aws.heal();
    // Another process asks for the same session, and waits.
    rig.aws.fail_always("AssumeRole", Fault::Silence);
    let connections = rig.aws.connections().len();
    let first = rig.paid().start();
    assert!(poll(Duration::from_secs(10), || (rig.aws.connections().len() > connections).then_some(())).is_some());
    let second = rig.unpaid().start();
    ends("waiting for another", second, &|| true);
    first.signal(libc::SIGINT);
    assert_eq!(first.wait().code(), 130);
    rig.aws.heal();
    // A connection that is never accepted: a listener whose queue is full answers nobody.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let running = rig.paid().env("AWS_ENDPOINT_URL_STS", format!("http://{address}")).start();
    thread::sleep(Duration::from_millis(300));
    ends("never accepted", running, &|| true);
    rig.nothing_lost();
}

/// openssl's server as the TLS end in front of the simulator, one connection a run.
struct Tls {
    folder: tempfile::TempDir,
    _server: Daemon,
    port: u16,
}

impl Tls {
    fn before(rig: &Rig, names: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=tests", "-addext", names, "-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            println!("skipped: openssl is not installed");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Plain text comes out of and goes into the server by this pair of sockets.
        let inner = TcpListener::bind("127.0.0.1:0").unwrap();
        let plain = inner.local_addr().unwrap();
        let mut command = Command::new("openssl");
        let inside = TcpStream::connect(plain).unwrap();
        let outside = inner.accept().unwrap().0;
        command
            .args([
                "s_server",
                "-quiet",
                "-accept",
                &format!("127.0.0.1:{port}"),
                "-cert",
                "cert.pem",
                "-key",
                "key.pem",
            ])
            .current_dir(folder.path())
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(inside.try_clone().unwrap())));
        let log = folder.path().join("log");
        let server = Daemon::start(command, &log);
        drop(inside);
        let aws = rig.aws.address();
        // stdout is the log file: requests are found there, and answered through stdin.
        thread::spawn(move || {
            let mut read = 0;
            while let Ok(bytes) = std::fs::read(&log) {
                let new = &bytes[read.min(bytes.len())..];
                let text = String::from_utf8_lossy(new).into_owned();
                if let Some(at) = text.find("POST / HTTP/1.1")
                    && let Some(request) = whole(&text[at..])
                {
                    read += at + request.len();
                    let mut server = TcpStream::connect(aws).unwrap();
                    server.write_all(request.as_bytes()).unwrap();
                    server.shutdown(std::net::Shutdown::Write).unwrap();
                    let mut answer = Vec::new();
                    drop(server.read_to_end(&mut answer));
                    drop((&outside).write_all(&answer));
                }
                thread::sleep(Duration::from_millis(5));
            }
        });
        let up = poll(Duration::from_secs(5), || TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(up.is_some(), "openssl s_server listens");
        Some(Self { folder, _server: server, port })
    }

    fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

/// A request with its whole body.
fn whole(text: &str) -> Option<&str> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok())?;
    (body.len() >= length).then(|| &text[..head.len() + 4 + length])
}

#[test]
fn certificates_are_trusted_only_where_the_person_said_so() {
    let rig = Rig::new();
    let Some(tls) = Tls::before(&rig, "subjectAltName=IP:127.0.0.1") else { return };
    let bundle = tls.folder.path().join("cert.pem");
    let attempt = |code: &str| {
        rig.world
            .command(["credential-process", "prod", "--mfa-code", code])
            .env("AWS_ENDPOINT_URL_STS", tls.endpoint())
    };
    let code = rig.code();
    let output = attempt(&code).run();
    code_stays_good(&rig, "unknown issuer", &code, output, 6)
        .says("issuer")
        .says("hint: if that is your company's, export AWS_CA_BUNDLE=");

    for (name, text) in
        [("empty", ""), ("no PEM", "hello"), ("half a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n")]
    {
        let file = rig.world.secret_file("bundle.pem", text);
        let code = rig.code();
        let output = attempt(&code).env("AWS_CA_BUNDLE", file).run();
        code_stays_good(&rig, name, &code, output, 3).says("CA bundle");
    }
    let code = rig.code();
    let output = attempt(&code).env("AWS_CA_BUNDLE", "/nonexistent/ca.pem").run();
    code_stays_good(&rig, "no bundle", &code, output, 3).says("/nonexistent/ca.pem");

    // Plain HTTP is no TLS: nothing was sent that could be read.
    let code = rig.code();
    let plain = rig.aws.endpoint().replace("http://", "https://");
    let output = attempt(&code).env("AWS_ENDPOINT_URL_STS", plain).run();
    code_stays_good(&rig, "no TLS there", &code, output, 6);

    attempt(&rig.code()).env("AWS_CA_BUNDLE", &bundle).run().credentials();
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let rig = Rig::new();
    let Some(tls) = Tls::before(&rig, "subjectAltName=DNS:example.com") else { return };
    let code = rig.code();
    let output = rig
        .world
        .command(["credential-process", "prod", "--mfa-code", &code])
        .env("AWS_ENDPOINT_URL_STS", tls.endpoint())
        .env("AWS_CA_BUNDLE", tls.folder.path().join("cert.pem"))
        .run();
    code_stays_good(&rig, "another name", &code, output, 6).says("certificate");
}

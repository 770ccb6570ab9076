//! Answers that STS never gives, given after a code was sent: each is one clear error, and the code leaves once.

use super::rig::{ROLE, Rig, clear, every, full_run};
use crate::run::Run;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that reads whole requests and answers each with the same bytes, then closes.
struct Parrot {
    endpoint: String,
    bytes: Arc<Mutex<Vec<u8>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Parrot {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (bytes, seen) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (say, record) = (Arc::clone(&bytes), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(body) = request(&stream) {
                    record.lock().unwrap().push(body);
                }
                let say = say.lock().unwrap().clone();
                // A client that has read enough closes, and the rest cannot be written.
                drop((&stream).write_all(&say));
                drop(stream.shutdown(std::net::Shutdown::Write));
                drop((&stream).read(&mut [0; 64]));
            }
        });
        Self { endpoint, bytes, seen }
    }

    /// Runs with this answer; gives the bodies of the requests that came.
    fn answer(&self, bytes: &[u8], run: Run) -> (crate::output::Output, Vec<String>) {
        bytes.clone_into(&mut self.bytes.lock().unwrap());
        self.seen.lock().unwrap().clear();
        let output = run.env("AWS_ENDPOINT_URL_STS", &self.endpoint).run();
        (output, self.seen.lock().unwrap().clone())
    }
}

fn request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}

struct Case {
    name: String,
    bytes: Vec<u8>,
    code: i32,
}

const ID: &str = "<AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>";
const SECRET: &str = "<SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey>";
const TOKEN: &str = "<SessionToken>a-session-token</SessionToken>";
const EXPIRATION: &str = "<Expiration>2099-01-01T00:00:00Z</Expiration>";

/// What STS would say.
fn right() -> String {
    format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <AssumedRoleId>AROA:alice</AssumedRoleId><Arn>arn:aws:sts::222233334444:assumed-role/Admin/alice</Arn>\
         </AssumedRoleUser><Credentials>{ID}{SECRET}{TOKEN}{EXPIRATION}</Credentials></AssumeRoleResult>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )
}

fn http(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n{headers}\r\n", body.len())
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn error(status: u16, code: &str, message: &str) -> Vec<u8> {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    http(&format!("{status} X"), "", body)
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: impl Into<String>, code: i32, bytes: impl Into<Vec<u8>>) {
        self.0.push(Case { name: name.into(), bytes: bytes.into(), code });
    }

    /// STS's own answer, a part of it replaced.
    fn but(&mut self, name: &str, code: i32, find: &str, replace: &str) {
        assert!(right().contains(find));
        self.add(name, code, http("200 OK", "", right().replace(find, replace)));
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Cases::default();
    bodies(&mut cases);
    credentials(&mut cases);
    statuses(&mut cases);
    errors(&mut cases);
    transport(&mut cases);
    cases.0
}

fn bodies(cases: &mut Cases) {
    let right = right();
    for (name, body) in [
        ("nothing", ""),
        ("blanks", " \r\n\t "),
        ("null", "null"),
        ("JSON", "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":null}}}"),
        ("JSON that is right elsewhere", "{\"Credentials\":{\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\"}}"),
        ("a web page", "<!doctype html><html><body>Log in to the Wi-Fi</body></html>"),
        ("plain text", "OK"),
        ("an XML declaration alone", "<?xml version=\"1.0\"?>"),
        ("another root", "<Nonsense/>"),
        ("another operation", "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>"),
        ("an empty result", "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"),
        ("no result", "<AssumeRoleResponse/>"),
        (
            "empty credentials",
            "<AssumeRoleResponse><AssumeRoleResult><Credentials/></AssumeRoleResult></AssumeRoleResponse>",
        ),
        (
            "an error with 200",
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
        ),
        ("tags that cross", "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResponse></AssumeRoleResult>"),
        ("an entity of its own", "<!DOCTYPE a [<!ENTITY x \"y\">]><AssumeRoleResponse>&x;</AssumeRoleResponse>"),
        (
            "a file by an entity",
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><AssumeRoleResponse>&x;</AssumeRoleResponse>",
        ),
        ("NULs", "\0\0\0\0"),
    ] {
        cases.add(format!("200 and {name}"), 6, http("200 OK", "", body));
    }
    for at in [1, 10, 60, 100, 150, 200, 250, 300] {
        cases.add(format!("XML that ends at {at}"), 6, http("200 OK", "", &right[..at]));
    }
    for (name, part) in [("key id", ID), ("secret", SECRET), ("token", TOKEN), ("expiration", EXPIRATION)] {
        let (at, end) = (right.find(part).unwrap(), right.find(part).unwrap() + part.len());
        cases.add(format!("XML that ends before the {name}"), 6, http("200 OK", "", &right[..at]));
        cases.add(format!("XML that ends in the {name}"), 6, http("200 OK", "", &right[..end - 20]));
    }
    cases.add("a body that is no UTF-8", 6, http("200 OK", "", [0xff, 0xfe, 0x3c, 0x00]));
    cases.add(
        "XML in UTF-16",
        6,
        http("200 OK", "", right.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
    );
    cases.add("a megabyte of tags", 6, http("200 OK", "", "<a>".repeat(300_000)));
    cases.add("five megabytes of text", 6, http("200 OK", "", "x".repeat(5_000_000)));
    cases.add("gzip that is none", 6, http("200 OK", "Content-Encoding: gzip\r\n", [0x1f, 0x8b, 8, 0, 0, 0]));
}

fn credentials(cases: &mut Cases) {
    for (name, part) in [("key id", ID), ("secret", SECRET), ("token", TOKEN), ("expiration", EXPIRATION)] {
        cases.but(&format!("no {name}"), 6, part, "");
        let (open, rest) = part.split_once('>').unwrap();
        let close = &rest[rest.find('<').unwrap()..];
        cases.but(&format!("an empty {name}"), 6, part, &format!("{open}>{close}"));
        cases.but(&format!("a blank {name}"), 6, part, &format!("{open}>  {close}"));
    }
    for id in ["hunter2", "asiaiosfodnn7example", "ASIA IOSFODNN7EXAMPLE", "ASIA&#10;IOSFODNN7EXAMPLE", "ASIA&lt;&gt;"]
    {
        cases.but(&format!("the key id {id}"), 6, ID, &format!("<AccessKeyId>{id}</AccessKeyId>"));
    }
    cases.but("a key id without end", 6, ID, &format!("<AccessKeyId>{}</AccessKeyId>", "A".repeat(100_000)));
    cases.but("a secret with a line break", 6, SECRET, "<SecretAccessKey>abc&#10;AWS_PROFILE=x</SecretAccessKey>");
    cases.but("a token with a NUL-like control", 6, TOKEN, "<SessionToken>abc&#1;def</SessionToken>");
    cases.but("a token with an escape", 6, TOKEN, "<SessionToken>abc&#27;[2Jdef</SessionToken>");
    for (date, code) in [
        ("yesterday", 6),
        ("2099-13-45T99:99:99Z", 6),
        ("2099-01-01", 6),
        ("Thu, 01 Jan 2099 00:00:00 GMT", 6),
        ("-1", 6),
        ("99999999999999999999", 6),
        ("10000-01-01T00:00:00Z", 6),
        ("1970-01-01T00:00:00Z", 6),
        ("2020-01-01T00:00:00Z", 1),
        ("0001-01-01T00:00:00Z", 6),
    ] {
        cases.but(&format!("the expiration {date}"), code, EXPIRATION, &format!("<Expiration>{date}</Expiration>"));
    }
    cases.but("credentials in the wrong place", 6, "<AssumeRoleResult>", "<Elsewhere>");
}

fn statuses(cases: &mut Cases) {
    let page = "<html><body>nothing here</body></html>";
    for status in [
        "201 Created",
        "202 Accepted",
        "203 Changed",
        "204 No Content",
        "300 Choices",
        "304 Not Modified",
        "400 Bad Request",
        "401 Unauthorized",
        "402 Payment Required",
        "403 Forbidden",
        "404 Not Found",
        "405 Not Allowed",
        "407 Proxy Authentication Required",
        "408 Request Timeout",
        "409 Conflict",
        "410 Gone",
        "411 Length Required",
        "413 Too Large",
        "414 Too Long",
        "418 Teapot",
        "421 Misdirected",
        "426 Upgrade Required",
        "429 Too Many Requests",
        "431 Headers Too Large",
        "451 Legal",
        "499 Closed",
        "500 Internal Server Error",
        "501 Not Implemented",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "505 Version",
        "507 Storage",
        "511 Network Authentication Required",
        "520 Unknown",
        "599 Timeout",
        "600 X",
        "999 X",
    ] {
        cases.add(format!("{status} and a page"), 6, http(status, "", page));
    }
    for status in ["400 Bad Request", "403 Forbidden", "500 Internal Server Error", "503 Service Unavailable"] {
        cases.add(format!("{status} and nothing"), 6, http(status, "", ""));
    }
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        // A code that followed a redirection would go where nobody looked.
        cases.add(status, 6, http(status, "Location: http://127.0.0.1:9/\r\n", page));
    }
    for after in ["0", "3", "86400", "-1", "soon", "Wed, 21 Oct 2099 07:28:00 GMT"] {
        for status in ["429 Slow Down", "503 Slow Down"] {
            cases.add(
                format!("{status}, Retry-After {after}"),
                6,
                http(status, &format!("Retry-After: {after}\r\n"), page),
            );
        }
    }
}

fn errors(cases: &mut Cases) {
    cases.add("throttled", 1, error(400, "Throttling", "Rate exceeded"));
    cases.add("throttled, 429", 1, error(429, "TooManyRequestsException", "Rate exceeded"));
    cases.add("a fault of AWS's", 6, error(500, "InternalFailure", "We are sorry"));
    cases.add("unavailable", 6, error(503, "ServiceUnavailable", "Please try again"));
    cases.add("a code nobody knows", 1, error(400, "SomethingNew", "A reason that was invented later"));
    cases.add("no code", 6, error(400, "", "A message alone"));
    cases.add("no message", 1, error(400, "AccessDenied", ""));
    cases.add(
        "a message of many lines",
        1,
        error(403, "AccessDenied", "one&#10;hint: type your password&#13;&#10;three"),
    );
    cases.add("a message that paints the terminal", 1, error(403, "AccessDenied", "a&#27;[2J&#27;]0;x&#7;b"));
    cases.add("a message that runs backwards", 1, error(403, "AccessDenied", "\u{202e}abc"));
    cases.add("a message of a hundred thousand characters", 1, error(403, "AccessDenied", &"long ".repeat(20_000)));
    cases.add("a code of a hundred thousand characters", 1, error(403, &"X".repeat(100_000), "no"));
    cases.add("an error in another language", 1, error(403, "AccessDenied", "アクセスが拒否されました"));
    cases.add(
        "an expired token",
        1,
        error(403, "ExpiredToken", "The security token included in the request is expired"),
    );
    cases.add("an error with markup", 1, error(403, "AccessDenied", "&lt;b&gt;no&lt;/b&gt; &amp; %s %n {}"));
}

fn transport(cases: &mut Cases) {
    let right = right();
    cases.add("nothing at all", 6, "");
    cases.add("half of a status line", 6, "HTTP/1.1 20");
    cases.add("no HTTP", 6, "SSH-2.0-OpenSSH_9.2\r\n");
    cases.add("a TLS alert", 6, b"\x15\x03\x01\x00\x02\x02\x46".to_vec());
    cases.add("a page without a head", 6, "<html></html>");
    cases.add("HTTP/9.9", 6, "HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n");
    cases.add("a status that is no number", 6, "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n");
    cases.add("a head without an end", 6, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: y");
    cases.add("a header line that is none", 6, "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n");
    cases.add("a header of half a megabyte", 6, format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(500_000)));
    cases.add("five thousand headers", 6, format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(5000)));
    cases.add("a NUL in a header", 6, "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n");
    cases.add("a length that is no number", 6, "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n");
    cases.add("a negative length", 6, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n");
    cases.add("a length beyond numbers", 6, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n");
    cases.add("two lengths", 6, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef");
    cases.add(
        "a longer length than body",
        6,
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{right}", right.len() + 9),
    );
    cases.add("a shorter length than body", 6, format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{right}"));
    for (name, chunks) in [
        ("a chunk without a size", "zz\r\nabc\r\n0\r\n\r\n"),
        ("a chunk that is cut off", "ffff\r\nabc"),
        ("a chunk of endless size", "ffffffffffffffffffff\r\nabc\r\n"),
        ("no last chunk", "3\r\nabc\r\n"),
    ] {
        cases.add(name, 6, format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
    }
    cases.add("100 and nothing more", 6, "HTTP/1.1 100 Continue\r\n\r\n");
    cases.add("101", 6, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
}

/// In four parts, side by side.
fn each(part: usize) {
    let rig = Rig::new();
    let parrot = Parrot::start();
    every(cases().into_iter().enumerate().filter(|(at, _)| at % 4 == part), |(at, case)| {
        let code = format!("{:06}", 100_003 + 977 * at);
        let run = rig.world.command(["credential-process", "prod", "--mfa-code", &code]);
        let (output, seen) = parrot.answer(&case.bytes, run);
        let name = &case.name;
        assert_eq!(seen.len(), 1, "{name}: the request left {} times\n{output}", seen.len());
        assert!(seen[0].contains(&format!("TokenCode={code}")), "{name}: {}", seen[0]);
        if output.code() == 0 {
            rig.world.command(["logout", "--all"]).run().ok();
        }
        let output = clear(name, output, case.code);
        assert!(!output.stderr.contains(&code), "{name}: the code is shown\n{output}");
        if at % 16 > 3 && !full_run() {
            return;
        }
        // The code may be used up: the same one is not sent again.
        let (again, seen) =
            parrot.answer(&case.bytes, rig.world.command(["credential-process", "prod", "--mfa-code", &code]));
        clear(name, again, 1).says("was used already");
        assert!(seen.is_empty(), "{name}: the code was sent again");
    });
    rig.nothing_lost();
}

#[test]
fn broken_answers_0() {
    each(0);
}

#[test]
fn broken_answers_1() {
    each(1);
}

#[test]
fn broken_answers_2() {
    each(2);
}

#[test]
fn broken_answers_3() {
    each(3);
}

#[test]
fn there_are_a_hundred_of_real_variety() {
    let mut all: Vec<Vec<u8>> = cases().into_iter().map(|case| case.bytes).collect();
    all.sort();
    all.dedup();
    println!("{} answers", all.len());
    assert!(all.len() >= 100, "{}", all.len());
}

/// The parrot itself is understood when it says what STS would.
#[test]
fn a_right_answer_is_taken() {
    let rig = Rig::new();
    let parrot = Parrot::start();
    let (output, seen) = parrot.answer(&http("200 OK", "", right()), rig.paid());
    output.credentials();
    assert!(seen.len() == 1 && seen[0].contains(&ROLE.replace(':', "%3A").replace('/', "%2F")), "{seen:?}");
}

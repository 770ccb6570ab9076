//! Proves, on a stand-in for role-helper, that each caller runs a credential_process that asks on the terminal, and
//! signs with the credentials it was given.

use super::Caller;
use crate::world::World;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Asks for a code, as role-helper does, and gives fixed credentials.
const STAND_IN: &str = r#"#!/bin/sh
printf 'MFA code: ' >/dev/tty
read code </dev/tty
[ "$code" = 123456 ] || { echo 'the stand-in says no' >&2; exit 1; }
echo run >>"$HOME/runs"
echo '{"Version":1,"AccessKeyId":"ASIASTANDIN00000EXAM","SecretAccessKey":"not/a/secret",
"SessionToken":"not-a-token","Expiration":"2100-01-01T00:00:00Z"}'
"#;

/// An STS that says which key a request was signed with; the ARN carries it.
fn mirror() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || reflect(stream));
        }
    });
    format!("http://{address}")
}

fn reflect(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut length, mut key, mut line) = (0, String::from("NONE"), String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "authorization" => {
                    key = value.split("Credential=").nth(1)?.split('/').next()?.into();
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let answer = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:sts::111122223333:assumed-role/StandIn/{key}</Arn><UserId>AROA:{key}</UserId>\
             <Account>111122223333</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId>\
             </ResponseMetadata></GetCallerIdentityResponse>"
        );
        write!(
            &stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .ok()?;
    }
}

fn stage() -> World {
    let world = World::new(&mirror());
    let stand_in = world.script("stand-in", STAND_IN);
    world.config(&format!("[profile demo]\nregion = us-east-1\ncredential_process = {}\n", stand_in.display()));
    world
}

fn each_gets_through(caller: Caller) {
    let world = stage();
    let mut session = caller.terminal(&world, "demo").piped().start();
    session.expect("MFA code: ");
    session.send("123456\n");
    let ended = session.wait().restored().exits(0);
    let arn = ended.output.json()["Arn"].as_str().map(str::to_owned);
    assert_eq!(arn.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/StandIn/ASIASTANDIN00000EXAM"), "{ended}");
    let runs = std::fs::read_to_string(world.path("home/runs")).unwrap();
    assert_eq!(runs, "run\n", "one run, one question");
}

fn each_passes_on_a_failure(caller: Caller) {
    let world = stage();
    let mut session = caller.terminal(&world, "demo").piped().start();
    session.expect("MFA code: ");
    session.send("000000\n");
    let ended = session.wait().restored();
    assert_ne!(ended.code(), 0, "{ended}");
    assert!(ended.output.stderr.contains("the stand-in says no"), "{ended}");
}

#[test]
fn aws_cli() {
    each_gets_through(Caller::AwsCli);
    each_passes_on_a_failure(Caller::AwsCli);
}

#[test]
fn boto3() {
    each_gets_through(Caller::Boto3);
    each_passes_on_a_failure(Caller::Boto3);
}

#[test]
fn boto3_counts_the_runs_of_the_process() {
    let world = stage();
    let mut command = Caller::Boto3.command(&world, "demo");
    command.args(["--times", "3"]);
    let mut session = crate::pty::Terminal::of(command).piped().start();
    session.expect("MFA code: ");
    session.send("123456\n");
    let answer = session.wait().exits(0).output.json();
    assert_eq!((&answer["calls"], &answer["processRuns"]), (&3.into(), &1.into()));
}

#[test]
fn javascript() {
    each_gets_through(Caller::JavaScript);
    each_passes_on_a_failure(Caller::JavaScript);
}

#[test]
fn rust_sdk() {
    each_gets_through(Caller::RustSdk);
    each_passes_on_a_failure(Caller::RustSdk);
}

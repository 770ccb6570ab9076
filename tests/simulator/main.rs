//! The simulator as a program of its own: `aws-simulator [--world FILE] [--ready-file FILE] [--port N]`.
//!
//! Prints one JSON line with its endpoint, then serves until its standard input ends or it is killed. Without a world it
//! serves the demo world and the line also has `access_key_id`, `secret_access_key` and `mfa_serial` of its user.
//!
//! A world is JSON with the fields of `world.rs`: `users`, `roots`, `roles` and settings. On the same port
//! `GET /_simulator/calls`, `/_simulator/connections`, `/_simulator/code?serial=ARN` (`code` is taken now and unused, or else
//! `wait_seconds`; `shown` is what a phone shows), `POST /_simulator/advance?seconds=N`, and `POST /_simulator/faults` with
//! `[{"fault": {"latency": 500}, "operation": "AssumeRole", "times": 1}]`; an empty list takes all faults back.

#![allow(clippy::disallowed_methods, reason = "a program of the tests is the outside")]

#[path = "mod.rs"]
mod simulator;

use std::io::{Read, Write};
use std::process::ExitCode;
use std::{env, fs, io};

use serde_json::json;
use simulator::Simulator;
use simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use simulator::world::World;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("aws-simulator: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (mut world, mut ready, mut port) = (None, None, 0u16);
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--world" => world = Some(value()?),
            "--ready-file" => ready = Some(value()?),
            "--port" => port = value()?.parse().map_err(|e| format!("--port: {e}"))?,
            _ => {
                return Err("usage: aws-simulator [--world FILE] [--ready-file FILE] [--port N]".into());
            }
        }
    }
    let demo = world.is_none();
    let world = match world {
        None => World::demo(),
        Some(file) => {
            let text = fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
            serde_json::from_str(&text).map_err(|e| format!("{file}: {e}"))?
        }
    };
    let simulator = Simulator::start_at(world, port).map_err(|e| format!("port {port}: {e}"))?;
    let mut line = json!({ "endpoint": simulator.endpoint() });
    if demo {
        line["access_key_id"] = json!(DEMO_KEY_ID);
        line["secret_access_key"] = json!(DEMO_SECRET);
        line["mfa_serial"] = json!(DEMO_MFA);
    }
    if let Some(file) = ready {
        // Renamed into place, so that whoever waits for it never reads half a line.
        let part = format!("{file}.part");
        fs::write(&part, format!("{line}\n"))
            .and_then(|()| fs::rename(&part, &file))
            .map_err(|e| format!("{file}: {e}"))?;
    }
    println!("{line}");
    io::stdout().flush().map_err(|e| e.to_string())?;
    let mut buffer = [0; 256];
    while io::stdin().read(&mut buffer).is_ok_and(|n| n > 0) {}
    Ok(())
}

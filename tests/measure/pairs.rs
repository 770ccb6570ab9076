//! Times whole processes side by side: all commands once a round, in turn, so that a machine whose speed drifts slows
//! all of them alike. Compiled by itself (`rustc -O`), on the standard library alone.
//!
//! Reads lines `name<TAB>prepare<TAB>command` from standard input; `prepare` (may be empty) is run before each run of
//! that command, untimed. Both are split at spaces. Prints a table of milliseconds and the ratio to the first line.
//! Usage: `pairs ROUNDS [--json]`.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Instant;

struct Case {
    name: String,
    prepare: Vec<String>,
    command: Vec<String>,
    times: Vec<f64>,
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn run(words: &[String]) -> f64 {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status().unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    let took = started.elapsed().as_secs_f64() * 1e3;
    assert!(status.success(), "{} failed: {:?} {:?}", words.join(" "), status.code(), status.signal());
    took
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds: usize = arguments.next().and_then(|text| text.parse().ok()).expect("usage: pairs ROUNDS [--json]");
    let json = arguments.next().is_some_and(|word| word == "--json");
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("lines");
    let mut cases: Vec<Case> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let mut fields = line.splitn(3, '\t');
            let mut field = || fields.next().expect("name<TAB>prepare<TAB>command");
            Case { name: field().to_owned(), prepare: words(field()), command: words(field()), times: Vec::new() }
        })
        .collect();

    for round in 0..rounds + 3 {
        for case in &mut cases {
            if !case.prepare.is_empty() {
                run(&case.prepare);
            }
            let took = run(&case.command);
            // The first rounds warm the page cache.
            if round >= 3 {
                case.times.push(took);
            }
        }
    }

    let at = |times: &[f64], part: f64| times[((times.len() - 1) as f64 * part) as usize];
    for case in &mut cases {
        case.times.sort_by(f64::total_cmp);
    }
    let base = at(&cases[0].times, 0.5);
    if !json {
        println!("{:<58} {:>8} {:>8} {:>8} {:>8}", "", "min ms", "median", "p90", "ratio");
    }
    for case in &cases {
        let (least, median, p90) = (at(&case.times, 0.0), at(&case.times, 0.5), at(&case.times, 0.9));
        if json {
            println!("{{\"name\":{:?},\"min\":{least:.4},\"median\":{median:.4},\"p90\":{p90:.4},\"ratio\":{:.3}}}", case.name, median / base);
        } else {
            println!("{:<58} {least:>8.3} {median:>8.3} {p90:>8.3} {:>7.2}x", case.name, median / base);
        }
    }
}

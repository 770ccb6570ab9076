//! Mutated inputs against everything that reads what others wrote. In-process, seeded, without a sanitizer.
//!
//! ```text
//! cargo run --example fuzz -- TARGET SECONDS [SEED]
//! ```
//!
//! Starts from `tests/fuzz/corpus/TARGET`, keeps in memory whatever made the target answer in a new way, and writes
//! an input that made it panic to the corpus, smaller first, where the tests find it from then on.

#![allow(clippy::disallowed_methods, reason = "a program of the tests is the outside")]

mod mutate;
#[path = "targets.rs"]
mod targets;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use mutate::Mutator;
use targets::{Target, corpus, named};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok());
    let (Some(target), Some(seconds)) = (arguments.first().and_then(|name| named(name)), number(1)) else {
        eprintln!("usage: fuzz TARGET SECONDS [SEED]\ntargets: {}", targets::names());
        std::process::exit(2);
    };
    std::panic::set_hook(Box::new(|_| ()));
    let found = hunt(&target, Duration::from_secs(seconds), number(2).unwrap_or(1));
    std::process::exit(i32::from(found > 0));
}

fn hunt(target: &Target, time: Duration, seed: u64) -> usize {
    let mut kept: Vec<Vec<u8>> = corpus(target.name).into_iter().map(|(_, bytes)| bytes).collect();
    kept.extend((target.seeds)());
    let mut ways = HashSet::new();
    for input in &kept {
        ways.extend((target.run)(input));
    }
    let start = Instant::now();
    let (mut mutator, mut runs, mut crashes) = (Mutator::new(seed), 0u64, HashSet::new());
    while start.elapsed() < time {
        for _ in 0..64 {
            let input = mutator.of(&kept);
            runs += 1;
            match catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
                Ok(Some(way)) if ways.insert(way) && kept.len() < 20_000 => kept.push(input),
                Ok(_) => (),
                Err(panic) => {
                    let why = message(panic.as_ref());
                    if crashes.insert(head(&why)) {
                        report(target, input, &why);
                    }
                }
            }
        }
    }
    println!(
        "{}: {runs} inputs in {} s, {} ways of answering, {} kinds of panic (seed {seed})",
        target.name,
        start.elapsed().as_secs(),
        ways.len(),
        crashes.len()
    );
    crashes.len()
}

/// Cuts what can be cut while it panics alike, and keeps it.
fn report(target: &Target, mut input: Vec<u8>, why: &str) {
    let panics = |input: &[u8]| {
        catch_unwind(AssertUnwindSafe(|| (target.run)(input)))
            .is_err_and(|panic| head(&message(panic.as_ref())) == head(why))
    };
    let mut size = input.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < input.len() {
            let mut shorter = input.clone();
            shorter.drain(at..(at + size).min(input.len()));
            if panics(&shorter) { input = shorter } else { at += size }
        }
        size /= 2;
    }
    let digest =
        input.iter().fold(0xcbf2_9ce4_8422_2325u64, |sum, &b| (sum ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let path = targets::folder(target.name).join(format!("found-{digest:016x}"));
    println!("{}: {why}\n  {:?}\n  kept as {}", target.name, String::from_utf8_lossy(&input), path.display());
    std::fs::write(path, input).expect("the corpus can be written");
}

/// Panics of one kind differ in what they show behind the first line.
fn head(why: &str) -> String {
    why.lines().next().unwrap_or_default().chars().take(60).collect()
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

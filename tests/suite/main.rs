//! The one integration-test binary. It drives the real programs from outside: arguments, environment, files,
//! terminals, signals and HTTP; nothing of the library is called.
//!
//! The parts that drive come first, each with the tests that prove it on programs that are always there (`cat`, a
//! shell); what they prove about role-helper follows.

#![allow(dead_code, reason = "what drives the programs is complete in itself, whichever tests use it")]
#![allow(clippy::disallowed_methods, reason = "tests are the outside")]

mod asking;
mod bad_input;
mod callers;
mod completing;
mod console;
mod daemon;
mod documents;
mod endpoints;
mod floors;
mod flows;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod kill;
mod moto;
mod output;
mod parallel;
mod picking;
mod practice;
mod pty;
mod run;
mod secret_service;
mod secrets;
mod shells;
#[path = "../simulator/mod.rs"]
mod simulator;
mod simulator_itself;
mod wizards;
mod world;

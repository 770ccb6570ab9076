//! role-helper: AWS roles with MFA from a minimal key in the OS keyring.
//!
//! The rooms, from the ground up; each imports only from floors below its own (`docs/architecture.md`):
//!
//! | floor | room | knows |
//! |---|---|---|
//! | 0 | [`identity`] | words: ARNs, names, secrets, credentials, lifetimes, failures |
//! | 1 | [`profile`] [`seal`] [`wire`] | rules without I/O: plans, sealed sessions, formats |
//! | 2 | [`port`] | the traits through which use cases speak to the outside |
//! | 3 | [`session`] [`keys`] | use cases: obtain and forget sessions, enrol and remove keys |
//! | 4 | [`door`] | the outside: keyrings, terminal, AWS, files, kernel. The only `unsafe` |
//! | 5 | [`cli`] | one file a command: arguments and output |
#![warn(missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro, clippy::todo, clippy::unimplemented)]
#![deny(clippy::undocumented_unsafe_blocks, clippy::unwrap_used, clippy::disallowed_methods)]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::unwrap_used))]

pub mod identity;

pub mod profile;
pub mod seal;
pub mod wire;

pub mod port;

pub mod keys;
pub mod session;

pub mod door;

pub mod cli;

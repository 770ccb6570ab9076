//! The outside: keyrings, terminal, AWS, files, kernel, process. Each door implements a port or is one small
//! thing that several doors stand on. The only room with `unsafe`, with clocks, environment and files.
#![allow(clippy::disallowed_methods, reason = "this is where they belong")]

pub mod person;

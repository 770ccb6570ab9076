//! The outside: keyrings, terminal, AWS, files, kernel, process. Each door implements a port or is one small
//! thing that several doors stand on. The only room with `unsafe`, with clocks, environment and files.
#![allow(clippy::disallowed_methods, reason = "this is where they belong")]

pub mod aws;
pub mod aws_files;
pub mod cache;
pub mod clock;
pub mod companion;
pub mod desktop;
pub mod files;
pub mod index;
pub mod kernel;
pub mod keyring;
pub mod locks;
pub mod log;
pub mod manual;
pub mod output;
mod owner;
pub mod person;
pub mod places;
pub mod process;
pub mod prompt;
pub mod resident;
mod spelling;
pub mod surroundings;

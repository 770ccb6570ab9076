//! The outside: keyrings, terminal, AWS, files, kernel.

pub mod kernel;

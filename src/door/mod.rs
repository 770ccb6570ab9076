//! The outside. The only place for I/O and `unsafe`.

pub mod aws;

//! Sessions: obtained, kept and forgotten. Use cases over the traits of `port/`.

pub mod refusal;

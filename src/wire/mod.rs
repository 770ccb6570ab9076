//! Formats that others define or read, as text and back. Without I/O.

pub mod key_file;

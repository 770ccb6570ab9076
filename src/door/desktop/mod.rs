//! The desktop's browser and clipboard, handed an address that is a secret for as long as it lives.
//!
//! A program's arguments can be read by everybody on the machine (`/proc/PID/cmdline`), so the address is in nobody's:
//! a clipboard program reads it from its stdin, and a browser is given another address that leads to it, which is
//! worth nothing to other users.

mod browser;
mod clipboard;
mod loopback;

pub use browser::Browser;
pub use clipboard::Clipboard;

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

//! Showing a manual page: the system's `man` does it, with its pager.

use std::io::{ErrorKind, Write};
use std::process::{Command, Stdio};

/// Shows a page, given as its source; false where there is no `man` that can. Returns when the person has read it.
pub fn show(page: &str) -> bool {
    let mut man = Command::new("man");
    let Ok(mut child) = man.args(["-l", "-"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn() else { return false };
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(page.as_bytes()));
    // Who leaves the pager early has read enough.
    let read = !matches!(&written, Some(Err(error)) if error.kind() != ErrorKind::BrokenPipe);
    read && child.wait().is_ok_and(|status| status.success())
}

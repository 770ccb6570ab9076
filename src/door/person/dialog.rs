//! Asking in a window, through pinentry: what GnuPG's users already have and trust.
//!
//! The `pinentry` crate speaks the protocol; around it stand the things it leaves open. Its child would write to
//! our stderr, which belongs to the caller; it cannot be ended, so signals and our deadline find the child below us
//! and kill it; and a pinentry that falls back to the terminal gets one only if it is ours, put right afterwards.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use pinentry::{ConfirmationDialog, Error, PassphraseInput, unix};
use rustix::event::PollFlags;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::SecretString;

use super::signals::Signals;
use super::terminal::{Restore, Terminal};
use super::text::{clean, cut};
use super::wait::{Woken, wait};
use super::{Rung, proc};
use crate::port::PromptError;

/// The crate refuses requests of more than 1000 bytes, and a line break counts three.
const DESCRIPTION: usize = 280;

/// A question in a window.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// What it is about, a line each.
    pub lines: Vec<String>,
    /// What was wrong with the answer before.
    pub error: Option<String>,
    /// Before the field.
    pub prompt: String,
    /// Asks a second time and compares.
    pub twice: bool,
    /// When to stop waiting.
    pub until: Instant,
    /// The whole bound, for the message.
    pub seconds: u64,
}

impl Window {
    /// The lines as one text that the crate can send: at most 280 characters of at most three bytes.
    pub(super) fn description(&self) -> String {
        let lines: Vec<String> = self.lines.iter().map(|line| clean(line)).collect();
        let mut text = lines.join("\n");
        while text.len() + 2 * text.matches(['\n', '%']).count() > 3 * DESCRIPTION {
            text.pop();
        }
        text
    }

    fn timeout(&self) -> u16 {
        let left = self.until.saturating_duration_since(Instant::now()).as_secs();
        u16::try_from(left).unwrap_or(u16::MAX).max(1)
    }
}

/// A secret typed in pinentry's window.
pub(super) fn secret(program: PathBuf, window: &Window, tty: bool) -> Result<SecretString, Rung> {
    let (asked, description) = (window.clone(), window.description());
    speak(program, window, tty, move |program, options| {
        let mut input = PassphraseInput::with_binary(program)?;
        input.with_title("role-helper").with_description(&description).with_prompt(&asked.prompt);
        input.with_timeout(asked.timeout()).with_unix_options(options);
        if let Some(error) = &asked.error {
            input.with_error(error);
        }
        if asked.twice {
            input.with_confirmation("The same again:", "The two are different");
        }
        Some(input.interact())
    })
}

/// A yes or a no in pinentry's window.
pub(super) fn confirm(program: PathBuf, window: &Window, tty: bool) -> Result<bool, Rung> {
    let (asked, description) = (window.clone(), window.description());
    speak(program, window, tty, move |program, options| {
        let mut dialog = ConfirmationDialog::with_binary(program)?;
        dialog.with_title("role-helper").with_ok("Yes").with_cancel("No");
        dialog.with_timeout(asked.timeout()).with_unix_options(options);
        Some(dialog.confirm(&description))
    })
}

/// Runs a dialog in a thread of its own, so that signals and the deadline can end it.
fn speak<T: Send + 'static>(
    program: PathBuf,
    window: &Window,
    tty: bool,
    dialog: impl FnOnce(&PathBuf, unix::Options<'static>) -> Option<pinentry::Result<T>> + Send + 'static,
) -> Result<T, Rung> {
    let broken = |error: std::io::Error| Rung::Next(format!("pinentry: {error}"));
    let signals = Signals::catch().map_err(broken)?;
    let terminal = if tty { Terminal::open().ok() } else { None };
    let modes = terminal.as_ref().and_then(|terminal| terminal.modes());
    let restore = terminal.as_ref().zip(modes).map(|(terminal, modes)| Restore::later(terminal, modes));
    // Without a terminal of ours, one that falls back to text must fail at once instead of being stopped.
    let tty_name = if restore.is_some() { "/dev/tty" } else { "/dev/null" };
    let quiet = Quiet::stderr().map_err(broken)?;
    let us = std::process::id();
    let before = proc::children_of(us);
    let (done, mut told) = UnixStream::pair().map_err(broken)?;
    let (answer, answered) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let options = unix::Options::builder().tty_name(tty_name).build();
        let _ = answer.send(dialog(&program, options));
        let _ = told.write_all(b"x");
    });
    let ended = loop {
        match wait(&[(done.as_fd(), PollFlags::IN)], Some(&signals), window.until) {
            Woken::Late => break Some(PromptError::TimedOut { seconds: window.seconds }),
            Woken::Look(ready) if ready[0] => break None,
            Woken::Look(_) if signals.end_heard() => break Some(PromptError::Interrupted),
            Woken::Look(_) => {}
        }
    };
    if let Some(error) = ended {
        for child in proc::children_of(us).into_iter().filter(|child| !before.contains(child)) {
            if let Some(child) = Pid::from_raw(child as i32) {
                let _ = kill_process(child, Signal::TERM);
            }
        }
        // The thread is done when its pinentry is; one that cannot be found ends by its own timeout.
        let _ = done.set_read_timeout(Some(Duration::from_secs(2)));
        let _ = (&done).read(&mut [0]);
        return Err(Rung::End(error));
    }
    let _ = thread.join();
    drop((restore, quiet));
    match answered.recv() {
        Ok(Some(Ok(answer))) => Ok(answer),
        Ok(Some(Err(Error::Cancelled))) => Err(Rung::End(PromptError::Declined)),
        Ok(Some(Err(Error::Timeout))) => Err(Rung::End(PromptError::TimedOut { seconds: window.seconds })),
        // Its parser met the end of a pinentry that gave up.
        Ok(Some(Err(Error::Io(_)))) => Err(Rung::Next("pinentry gave up".to_owned())),
        Ok(Some(Err(error))) => Err(Rung::Next(format!("pinentry: {}", cut(&error.to_string(), 100)))),
        Ok(None) | Err(_) => Err(Rung::Next("pinentry cannot be run".to_owned())),
    }
}

/// Our stderr is elsewhere while this lives: what a toolkit complains about must not reach the caller, some of
/// whom read stderr as part of the answer.
struct Quiet(std::os::fd::OwnedFd);

impl Quiet {
    fn stderr() -> std::io::Result<Self> {
        let kept = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
        rustix::stdio::dup2_stderr(File::options().write(true).open("/dev/null")?)?;
        Ok(Quiet(kept))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = rustix::stdio::dup2_stderr(&self.0);
    }
}

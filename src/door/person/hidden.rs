//! What a killed one of us leaves behind: a terminal that shows nothing of what is typed.
//!
//! Before typing is hidden, a line is written down: which terminal and which job of it, and its local modes before and
//! while hidden. It goes when the modes are put back. Whoever finds his terminal hidden, in the very job and the very
//! modes of that line, while nobody of us has the turn there, puts it right and asks in the dead one's stead; without
//! the line a hidden terminal is another program's, and left alone.

use std::path::{Path, PathBuf};

use rustix::termios::LocalModes;

use super::terminal::Terminal;
use crate::door::files;

/// The line of one terminal.
#[derive(Debug)]
pub(super) struct Hidden {
    path: PathBuf,
    job: String,
}

/// Removes the line when it is dropped.
pub(super) struct Noted<'h>(Option<&'h Hidden>);

impl Hidden {
    /// Of this terminal, kept in `folder`; none where the terminal has no turns to take.
    pub(super) fn of(terminal: &Terminal, folder: &Path) -> Option<Self> {
        let device = terminal.device_number()?;
        let session = rustix::process::getsid(None).ok()?.as_raw_nonzero();
        let group = rustix::process::getpgrp().as_raw_nonzero();
        Some(Hidden { path: folder.join(format!("terminal-{device:x}")), job: format!("{session} {group}") })
    }

    /// To be called before typing is hidden.
    pub(super) fn note(&self, before: LocalModes, hidden: LocalModes) -> Noted<'_> {
        let line = format!("{} {:x} {:x}\n", self.job, before.bits(), hidden.bits());
        let written = files::write_own(&self.path, line.as_bytes());
        if let Err(failure) = &written {
            log::debug!("{}", failure.what());
        }
        Noted(written.is_ok().then_some(self))
    }

    /// The modes to put back, if a dead one of us left the terminal in those it has now. The caller has the turn.
    pub(super) fn left_behind(&self, now: LocalModes) -> Option<LocalModes> {
        let bytes = files::read_own(&self.path).ok()??;
        let rest = std::str::from_utf8(&bytes).ok()?.trim().strip_prefix(&self.job)?;
        let (before, hidden) = rest.trim().split_once(' ')?;
        let modes = |text| u32::from_str_radix(text, 16).ok().map(|bits| LocalModes::from_bits_retain(bits as _));
        (modes(hidden)? == now).then(|| modes(before)).flatten()
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        if let Some(hidden) = self.0 {
            let _ = files::remove_own(&hidden.path);
        }
    }
}

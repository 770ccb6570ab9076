//! The controlling terminal: whether it is ours to ask on, its modes, and whose turn it is.
//!
//! stdin, stdout and stderr belong to the caller and are never touched; `/dev/tty` is the person. It is ours only
//! while our process group is in its foreground and it is in line mode: else a shell, an editor or a full-screen
//! program owns it, and what is typed would be theirs.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Instant;

use rustix::event::PollFlags;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios};

use super::signals::Signals;
use super::wait::{Woken, wait};
use crate::port::PromptError;

/// What is off while typing is hidden.
pub(super) const HIDES: LocalModes = LocalModes::ECHO.union(LocalModes::ECHONL);

/// The terminal of this session, ours at the time it was opened.
pub(super) struct Terminal {
    fd: OwnedFd,
    turn: Option<File>,
}

impl Terminal {
    /// Opens it, or says why nobody can be asked there.
    pub(super) fn open() -> Result<Self, String> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd = rustix::fs::open("/dev/tty", flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NXIO | Errno::NOENT | Errno::NODEV => "no controlling terminal".to_owned(),
            Errno::IO => "the terminal is gone".to_owned(),
            other => format!("/dev/tty: {other}"),
        })?;
        let terminal = Terminal { fd, turn: None };
        match terminal.foreground() {
            Some(true) => Ok(terminal),
            Some(false) => Err("this is a background job of it".to_owned()),
            None => Err("the terminal is gone".to_owned()),
        }
    }

    /// Whether our process group has the foreground; `None` once the terminal is gone.
    pub(super) fn foreground(&self) -> Option<bool> {
        rustix::termios::tcgetpgrp(&self.fd).ok().map(|group| group == rustix::process::getpgrp())
    }

    /// Its modes, if lines can be asked for: with ICANON or ECHO off somebody else is using it.
    pub(super) fn line_mode(&self) -> Result<Termios, String> {
        let modes = rustix::termios::tcgetattr(&self.fd).map_err(|_| "the terminal is gone".to_owned())?;
        if modes.local_modes.contains(LocalModes::ICANON | LocalModes::ECHO) {
            Ok(modes)
        } else {
            Err("another program is using it".to_owned())
        }
    }

    /// The modes it has now.
    pub(super) fn modes(&self) -> Option<Termios> {
        rustix::termios::tcgetattr(&self.fd).ok()
    }

    /// Sets modes at once: waiting for the output to drain would wait for a person who typed Ctrl-S.
    pub(super) fn set_modes(&self, modes: &Termios) -> io::Result<()> {
        Ok(rustix::termios::tcsetattr(&self.fd, OptionalActions::Now, modes)?)
    }

    /// Drops what was typed and not read, so that half a code does not end up in the shell's line.
    pub(super) fn drop_typed(&self) {
        let _ = rustix::termios::tcflush(&self.fd, QueueSelector::IFlush);
    }

    /// Shows text. Bounded by `until`, since a person can hold the output with Ctrl-S.
    pub(super) fn write(&self, text: &str, signals: Option<&Signals>, until: Instant) -> Result<(), PromptError> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match rustix::io::write(&self.fd, rest) {
                Ok(n) => rest = &rest[n..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => match wait(&[(self.fd.as_fd(), PollFlags::OUT)], signals, until) {
                    Woken::Late => return Err(PromptError::TimedOut { seconds: 0 }),
                    _ if signals.is_some_and(Signals::end_heard) => return Err(PromptError::Interrupted),
                    _ => {}
                },
                Err(_) => return Err(PromptError::Interrupted),
            }
        }
        Ok(())
    }

    /// One read(2) of what was typed, `None` while no line is complete. In line mode a read gives one line.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match rustix::io::read(&self.fd, buffer) {
            Ok(n) => Ok(Some(n)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Waits for the turn to ask here: two of us in one foreground job (a tool with two profiles) would each get
    /// half of what is typed. The lock is on the terminal's own device, so it is of this terminal alone, and the
    /// kernel releases it whatever becomes of us. Where the device cannot be opened there is no turn to wait for.
    pub(super) fn take_turn(&mut self, signals: &Signals, until: Instant) -> Result<(), PromptError> {
        let Some(device) = device() else { return Ok(()) };
        loop {
            match rustix::fs::flock(&device, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                Ok(()) => {
                    self.turn = Some(device);
                    return Ok(());
                }
                Err(_) => return Ok(()),
            }
            if let Woken::Late = wait(&[], Some(signals), until) {
                return Err(PromptError::TimedOut { seconds: 0 });
            }
            if signals.end_heard() {
                return Err(PromptError::Interrupted);
            }
            if self.foreground() != Some(true) {
                return Err(PromptError::Failed("the shell took the terminal back".to_owned()));
            }
        }
    }

    /// Which device it is, while we have the turn there.
    pub(super) fn device_number(&self) -> Option<u64> {
        Some(rustix::fs::fstat(self.turn.as_ref()?).ok()?.st_rdev as u64)
    }

    /// Lets others ask while we are stopped.
    pub(super) fn give_turn(&mut self) {
        self.turn = None;
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Two sets of modes are the same, as far as they say anything.
pub(super) fn same(a: &Termios, b: &Termios) -> bool {
    a.input_modes == b.input_modes
        && a.output_modes == b.output_modes
        && a.control_modes == b.control_modes
        && a.local_modes == b.local_modes
}

/// The terminal's modes, kept to be put back: on drop, or by the hook if we panic (a release build aborts then,
/// without a drop).
pub(super) struct Restore<'t> {
    terminal: &'t Terminal,
    modes: Termios,
}

static AT_PANIC: Mutex<Option<(RawFd, Termios)>> = Mutex::new(None);

impl<'t> Restore<'t> {
    /// Keeps `modes` for later.
    pub(super) fn later(terminal: &'t Terminal, modes: Termios) -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore_at_panic();
                before(panic);
            }));
        });
        *AT_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some((terminal.fd.as_raw_fd(), modes.clone()));
        Restore { terminal, modes }
    }

    /// The modes kept.
    pub(super) fn modes(&self) -> &Termios {
        &self.modes
    }

    /// The modes that hide what is typed: no echo, not even of the newline.
    pub(super) fn hidden(&self) -> Termios {
        let mut modes = self.modes.clone();
        modes.local_modes.remove(HIDES);
        modes
    }
}

impl Drop for Restore<'_> {
    /// Puts the modes back, unless others have set theirs since: a shell that took its terminal back has its own.
    fn drop(&mut self) {
        *AT_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let Some(now) = self.terminal.modes() else { return };
        if self.terminal.foreground() == Some(true) || same(&now, &self.hidden()) {
            let _ = self.terminal.set_modes(&self.modes);
        }
    }
}

#[allow(unsafe_code)]
fn restore_at_panic() {
    if let Ok(kept) = AT_PANIC.try_lock()
        && let Some((fd, modes)) = kept.as_ref()
    {
        // SAFETY: the descriptor is open while the entry is there: `Restore` borrows its owner and clears it.
        let fd = unsafe { BorrowedFd::borrow_raw(*fd) };
        let _ = rustix::termios::tcsetattr(fd, OptionalActions::Now, modes);
    }
}

/// The device behind `/dev/tty`, opened under its own name: `/dev/tty` itself is one file for everybody.
#[cfg(target_os = "linux")]
fn device() -> Option<File> {
    // Field 7 of proc(5) stat; the name in parentheses may hold anything.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let number: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(4)?.parse().ok()?;
    let (major, minor) = ((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xfff00));
    let path = match major {
        136..=143 => format!("/dev/pts/{}", minor + (major - 136) * 256),
        4 if minor < 64 => format!("/dev/tty{minor}"),
        4 => format!("/dev/ttyS{}", minor - 64),
        _ => return None,
    };
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let fd = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    // Another mount namespace may have another device under that name.
    let found = rustix::fs::fstat(&fd).ok()?.st_rdev;
    (rustix::fs::major(found) == major as u32 && rustix::fs::minor(found) == minor as u32).then(|| fd.into())
}

#[cfg(not(target_os = "linux"))]
fn device() -> Option<File> {
    None
}

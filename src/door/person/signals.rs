//! Signals while a person is asked: each one becomes a byte in a pipe that the waiting loop polls, so that the
//! terminal is always put right by ordinary code, and everything is as it was once the question is over.
//!
//! Own handlers rather than a crate's: a registry that keeps its handler installed after the question would leave
//! the process deaf to Ctrl-C for the rest of its life, and would hand dispositions to a command that we execute
//! which are not the caller's. SIGTTIN and SIGTTOU are blocked meanwhile: a process that lost the foreground gets
//! an error then instead of being stopped for ever.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use libc::c_int;

/// Where the handler writes; -1 while nobody listens.
static PIPE: AtomicI32 = AtomicI32::new(-1);
/// Dispositions belong to the process: one question at a time.
static ONE: Mutex<()> = Mutex::new(());

const CAUGHT: [c_int; 6] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGTSTP, libc::SIGCONT];

/// What a signal asks of the one who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// SIGINT, SIGTERM, SIGHUP, SIGQUIT: give up.
    End,
    /// SIGTSTP: put the terminal right and stop.
    Stop,
    /// SIGCONT: somebody else may have used the terminal meanwhile.
    Continued,
}

/// Signals are caught while this lives.
pub(super) struct Signals {
    reader: UnixStream,
    // The handler writes to its descriptor.
    _writer: UnixStream,
    before: Vec<(c_int, libc::sigaction)>,
    mask: libc::sigset_t,
    _one: MutexGuard<'static, ()>,
}

impl Signals {
    /// Catches them; waits while another thread of this process asks.
    pub(super) fn catch() -> io::Result<Self> {
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        PIPE.store(writer.as_raw_fd(), Ordering::SeqCst);
        let mask = block_job_control();
        let before = CAUGHT.iter().map(|&signal| (signal, install(signal, &ours()))).collect();
        Ok(Signals { reader, _writer: writer, before, mask, _one: one })
    }

    /// The next signal, if one came.
    pub(super) fn next(&self) -> Option<Heard> {
        let mut byte = [0];
        match (&self.reader).read(&mut byte) {
            Ok(1) => Some(match c_int::from(byte[0]) {
                libc::SIGTSTP => Heard::Stop,
                libc::SIGCONT => Heard::Continued,
                _ => Heard::End,
            }),
            _ => None,
        }
    }

    /// Whether a signal that ends us came; others are dropped.
    pub(super) fn end_heard(&self) -> bool {
        std::iter::from_fn(|| self.next()).any(|heard| heard == Heard::End)
    }

    /// Stops the process as SIGTSTP would have, until somebody continues it. The kernel does not stop a process
    /// whom nobody could continue (an orphaned process group); then this returns at once.
    pub(super) fn stop_here(&self) {
        let original = self.before.iter().find(|(signal, _)| *signal == libc::SIGTSTP).map(|(_, action)| *action);
        let ignored = original.is_some_and(|action| action.sa_sigaction == libc::SIG_IGN);
        if !ignored {
            let mut default = ours();
            default.sa_sigaction = libc::SIG_DFL;
            install(libc::SIGTSTP, &default);
            raise(libc::SIGTSTP);
            install(libc::SIGTSTP, &ours());
        }
        // What woke us is no news.
        let mut waiting = Vec::new();
        while let Some(heard) = self.next() {
            waiting.push(heard);
        }
        if waiting.contains(&Heard::End) {
            raise(libc::SIGTERM);
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for (signal, action) in &self.before {
            install(*signal, action);
        }
        PIPE.store(-1, Ordering::SeqCst);
        set_mask(&self.mask);
    }
}

/// Async-signal-safe: one write to a pipe, errno as it was.
extern "C" fn note(signal: c_int) {
    let pipe: RawFd = PIPE.load(Ordering::SeqCst);
    let byte = signal as u8;
    #[allow(unsafe_code)]
    // SAFETY: write(2) is async-signal-safe, the buffer is one byte on this stack, and a descriptor that is -1 or
    // closed only makes it fail; errno lies in this thread's own storage.
    unsafe {
        let errno = errno();
        let kept = *errno;
        libc::write(pipe, (&raw const byte).cast(), 1);
        *errno = kept;
    }
}

#[allow(unsafe_code)]
/// This thread's errno.
unsafe fn errno() -> *mut c_int {
    #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
    // SAFETY: it only returns a pointer to the calling thread's errno.
    return unsafe { libc::__error() };
    #[cfg(any(target_os = "openbsd", target_os = "netbsd", target_os = "android"))]
    // SAFETY: it only returns a pointer to the calling thread's errno.
    return unsafe { libc::__errno() };
    #[cfg(not(any(
        target_os = "macos",
        target_os = "ios",
        target_os = "freebsd",
        target_os = "openbsd",
        target_os = "netbsd",
        target_os = "android"
    )))]
    // SAFETY: it only returns a pointer to the calling thread's errno.
    return unsafe { libc::__errno_location() };
}

/// Our handler, without SA_RESTART: what waits shall look up.
#[allow(unsafe_code)]
fn ours() -> libc::sigaction {
    // SAFETY: all zeroes is a valid sigaction: default handler, empty mask, no flags.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = note as extern "C" fn(c_int) as usize;
    action
}

/// Sets what a signal does and says what it did.
#[allow(unsafe_code)]
fn install(signal: c_int, action: &libc::sigaction) -> libc::sigaction {
    let mut before = MaybeUninit::zeroed();
    // SAFETY: both pointers are to sigactions that live for the call; the handler in `action` is `note`, which is
    // async-signal-safe, or one that the process had before.
    unsafe {
        libc::sigaction(signal, action, before.as_mut_ptr());
        before.assume_init()
    }
}

#[allow(unsafe_code)]
fn raise(signal: c_int) {
    // SAFETY: raise(3) takes any number.
    unsafe { libc::raise(signal) };
}

/// Blocks SIGTTIN and SIGTTOU in this thread and says what was blocked before.
#[allow(unsafe_code)]
fn block_job_control() -> libc::sigset_t {
    let mut before = MaybeUninit::zeroed();
    // SAFETY: the sets are initialised by sigemptyset and by the call itself, and live for it.
    unsafe {
        let mut set = MaybeUninit::zeroed();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGTTIN);
        libc::sigaddset(set.as_mut_ptr(), libc::SIGTTOU);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

#[allow(unsafe_code)]
fn set_mask(mask: &libc::sigset_t) {
    // SAFETY: the set lives for the call.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_heard_and_everything_is_as_before_afterwards() {
        let disposition = || install_probe(libc::SIGHUP);
        let before = disposition();
        {
            let signals = Signals::catch().unwrap();
            assert_eq!(signals.next(), None);
            raise(libc::SIGHUP);
            assert_eq!(signals.next(), Some(Heard::End));
            raise(libc::SIGCONT);
            assert_eq!(signals.next(), Some(Heard::Continued));
            assert_ne!(disposition(), before);
        }
        assert_eq!(disposition(), before);
    }

    #[allow(unsafe_code)]
    fn install_probe(signal: c_int) -> usize {
        let mut now: MaybeUninit<libc::sigaction> = MaybeUninit::zeroed();
        // SAFETY: a null action only asks.
        unsafe {
            libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr());
            now.assume_init().sa_sigaction
        }
    }
}

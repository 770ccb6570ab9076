//! Waiting for whatever comes first: something to read, a signal, the end of a tick.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::signals::Signals;

/// How long a wait may sleep before it looks around again: whether the terminal is still ours is told by nobody.
const TICK: Duration = Duration::from_millis(200);
/// macOS cannot poll terminals (poll(2) there answers POLLNVAL for `/dev/tty`), so they are looked at often.
const SHORT_TICK: Duration = Duration::from_millis(40);

/// Why a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The deadline has passed.
    Late,
    /// One of the descriptors has something, or a signal came, or it is time to look around. Which of the
    /// descriptors, in their order.
    Look(Vec<bool>),
}

/// Waits for one of `fds`, for a signal, for a tick, or for `until`.
pub(super) fn wait(fds: &[(BorrowedFd<'_>, PollFlags)], signals: Option<&Signals>, until: Instant) -> Woken {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Woken::Late;
    }
    let tick = if cfg!(target_os = "macos") { SHORT_TICK } else { TICK };
    let timeout = Timespec::try_from(left.min(tick)).ok();
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|(fd, events)| PollFd::from_borrowed_fd(*fd, *events)).collect();
    polled.extend(signals.map(|signals| PollFd::from_borrowed_fd(signals.as_fd(), PollFlags::IN)));
    // An interrupted poll is a look around too.
    let any = poll(&mut polled, timeout.as_ref()).is_ok_and(|n| n > 0);
    Woken::Look(polled[..fds.len()].iter().map(|fd| any && !fd.revents().is_empty()).collect())
}

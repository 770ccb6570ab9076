//! Calls that may never come back: D-Bus services that hang, pipes that nobody writes to, locks of stopped processes.
//!
//! They run in a thread of their own, which is left behind where its time is over; it ends with the process.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Not within the bound.
    TimedOut,
    /// It panicked, or no thread could be started.
    Died,
}

/// The answer of `work`, or why there is none within `bound`.
pub(super) fn within<T: Send + 'static>(
    bound: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    let (sender, receiver) = channel();
    let started = std::thread::Builder::new().name("keyring".to_owned()).spawn(move || {
        let _ = sender.send(work());
    });
    if started.is_err() {
        return Err(NoAnswer::Died);
    }
    receiver.recv_timeout(bound).map_err(|error| match error {
        RecvTimeoutError::Timeout => NoAnswer::TimedOut,
        RecvTimeoutError::Disconnected => NoAnswer::Died,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_bounds_and_deaths_are_told_apart() {
        assert_eq!(within(Duration::from_secs(5), || 7), Ok(7));
        let forever = || std::thread::sleep(Duration::from_secs(600));
        assert_eq!(within(Duration::from_millis(30), forever), Err(NoAnswer::TimedOut));
        assert_eq!(within(Duration::from_secs(5), || panic!("on purpose")), Err::<(), _>(NoAnswer::Died));
    }
}

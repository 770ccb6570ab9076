//! What outlives a process: sealed sessions, the source index, locks and what they remember; and the clock.

use std::time::Duration;

use thiserror::Error;

use crate::identity::{AccessKeyId, Failure, Kind, SourceFacts, Timestamp, TokenCode};
use crate::profile::SourceLookup;
use crate::seal::{CacheKey, Header, SealedSession};

/// Now.
pub trait Clock {
    /// By this machine's clock.
    fn now(&self) -> Timestamp;

    /// Waits, as for the next token code.
    fn sleep(&self, time: Duration);
}

/// The sealed sessions.
pub trait SessionCache {
    /// The session under the key, if that is known without opening the keyring: no question, no waiting.
    fn peek(&self, key: &CacheKey) -> Option<SealedSession>;

    /// The session under the key. Unreadable, foreign, truncated or old entries are none.
    ///
    /// # Errors
    /// Where a person was asked to open the keyring and said no; whatever else fails is none.
    fn get(&self, key: &CacheKey) -> Result<Option<SealedSession>, Failure>;

    /// Called before a code is sent: whatever sealing needs that could take long or fail is made now, so that
    /// nothing but a file has to be written once the code is spent.
    fn prepare(&self) {}

    /// Seals a session.
    ///
    /// # Errors
    /// Where it could not be written. The credentials are still good: never fail a call for it.
    fn put(&self, key: &CacheKey, session: &SealedSession) -> Result<(), Failure>;

    /// Forgets one; whether there was one.
    ///
    /// # Errors
    /// Where it is there and cannot be removed.
    fn forget(&self, key: &CacheKey) -> Result<bool, Failure>;

    /// The clear headers of all, in no order. Opens no keyring.
    fn headers(&self) -> Vec<(CacheKey, Header)>;

    /// Forgets all, the kernel's copy of the data key and the data key itself too; how many sessions there were.
    ///
    /// # Errors
    /// Where something is there and cannot be removed.
    fn forget_all(&self) -> Result<usize, Failure>;
}

/// The facts of the source keys: no secret among them. Reading them is what plans need.
pub trait SourceIndex: SourceLookup {
    /// All that were added, by name.
    ///
    /// # Errors
    /// Where the index cannot be read.
    fn all(&self) -> Result<Vec<SourceFacts>, Failure>;

    /// Puts or replaces, atomically.
    ///
    /// # Errors
    /// Where it cannot be written; what was there is then still there.
    fn put(&self, facts: &SourceFacts) -> Result<(), Failure>;

    /// Remembers what was learnt of a key in plain text.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn put_plaintext(&self, facts: &SourceFacts) -> Result<(), Failure>;

    /// Forgets; whether there was one.
    ///
    /// # Errors
    /// Where it is there and cannot be removed.
    fn remove(&self, name: &str) -> Result<bool, Failure>;

    /// Notes keys whose secrets may lie in the keyring without a source that names them, should this process be
    /// killed; before the keyring is touched. While the answer is held nobody takes them for left behind.
    ///
    /// # Errors
    /// Where nothing can be written.
    fn unsettle(&self, ids: &[&AccessKeyId]) -> Result<Box<dyn Held>, Failure>;

    /// The keys that were noted, for as long as the second part is held; none while another process stores a key.
    fn unsettled(&self) -> Option<(Vec<AccessKeyId>, Box<dyn Held>)>;

    /// Takes the note back.
    fn settle(&self, id: &AccessKeyId);
}

/// A lock, held until dropped or until the process ends, however it ends.
pub trait Held: std::fmt::Debug {}

/// Why a lock was not had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LockError {
    /// Somebody else held it all the time; what is known of them.
    #[error("{holder} did not finish within {seconds} s")]
    Busy {
        /// Such as `terraform (pid 412), asking for prod`.
        holder: String,
        /// The bound.
        seconds: u64,
    },
    /// The lock's file cannot be used: why, and in a second line what to type, where there is something.
    #[error("{0}")]
    Broken(String),
}

impl LockError {
    /// What a person reads.
    pub fn failure(&self) -> Failure {
        match self {
            LockError::Busy { .. } => {
                Failure::new(Kind::PersonNeeded, "another process asks for the same session and got no answer")
                    .cause(self.to_string())
                    .hint("answer it there, or end it and try again")
            }
            LockError::Broken(text) => {
                let failure = Failure::new(Kind::Configuration, "a lock cannot be taken");
                match text.split_once('\n') {
                    Some((cause, hint)) => failure.cause(cause).hint(hint),
                    None => failure.cause(text.as_str()),
                }
            }
        }
    }
}

/// A no that holds for a few seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Failure,
    /// When it was said.
    pub at: Timestamp,
}

/// One question for any number of callers: locks between processes, and what they leave each other.
pub trait OneAtATime {
    /// Waits for the lock of that name, at most so long; `what` is what waiters are told of us. `waiting` is called
    /// once, with the holder, if the lock is not free at once.
    ///
    /// # Errors
    /// See [`LockError`].
    fn acquire(
        &self,
        name: &str,
        what: &str,
        bound: Duration,
        waiting: &dyn Fn(&str),
    ) -> Result<Box<dyn Held>, LockError>;

    /// The last refusal under this name, if one is remembered.
    fn refusal(&self, name: &str) -> Option<Refusal>;
    /// Remembers a refusal.
    fn refuse(&self, name: &str, refusal: &Refusal);
    /// Forgets it.
    fn clear_refusal(&self, name: &str);

    /// Whether this code of this device was sent already, within the time it could still be accepted.
    fn is_used(&self, serial: &str, code: &TokenCode, now: Timestamp) -> bool;
    /// Remembers that it is being sent; called before it is.
    fn mark_used(&self, serial: &str, code: &TokenCode, now: Timestamp);
    /// When a code of this device was last sent, if that is less than a code's step ago.
    fn last_used(&self, serial: &str, now: Timestamp) -> Option<Timestamp>;
    /// Takes that back: it was never sent, or AWS refused the clock.
    fn unmark_used(&self, serial: &str, code: &TokenCode);
}

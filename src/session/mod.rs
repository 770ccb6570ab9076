//! Sessions: obtain one by carrying out a plan, forget one.
//!
//! Everything outside is reached through the ports, so what is here is only the order of things: look in the
//! cache, wait for whoever asks already, ask, assume, seal, and only then answer.

mod asking;
mod forget;
mod obtain;
mod refusal;
mod signin;

pub use forget::{forget, forget_all};
pub use obtain::obtain;
pub use refusal::{CallContext, RefusalReason, refusal};
pub use signin::SignIn;

pub(crate) use refusal::{Asked, Circumstances, explain};

use crate::identity::{Timestamp, TokenCode};
use crate::port::{Clock, KeyStore, OneAtATime, Person, SessionCache, Sts};
pub use crate::seal::Consumer;

/// The outside, as use cases know it.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "doors are not printed")]
pub struct Outside<'a> {
    /// Where the long-term key is.
    pub keyring: &'a dyn KeyStore,
    /// Who can be asked.
    pub person: &'a dyn Person,
    /// AWS.
    pub sts: &'a dyn Sts,
    /// The sealed sessions.
    pub cache: &'a dyn SessionCache,
    /// Locks and what they remember.
    pub locks: &'a dyn OneAtATime,
    /// Now.
    pub clock: &'a dyn Clock,
}

/// What a caller wants of [`obtain`].
#[derive(Debug)]
pub struct Request {
    /// What the credentials are for.
    pub consumer: Consumer,
    /// A code given on the command line.
    pub token_code: Option<TokenCode>,
    /// Whether a person typed this very command (login, exec, shell): they are asked although somebody said no
    /// a moment ago, and are told what is waited for.
    pub typed_by_person: bool,
    /// Neither read the cache nor write it.
    pub no_cache: bool,
    /// Sessions issued before this are not good enough, however long they live: `login --force`, where it began.
    pub renew: Option<Timestamp>,
}

//! Forgetting: a logout leaves nothing that could serve.

use super::Outside;
use crate::identity::Failure;
use crate::port::SessionCache;
use crate::profile::Plan;
use crate::seal::CacheKey;

/// Forgets every session of the plan: the role's, those of the hops before it, and the MFA session they came from.
/// How many there were.
///
/// # Errors
/// Where one is there and cannot be removed; the others are then removed all the same.
pub fn forget(plan: &Plan, outside: &Outside<'_>) -> Result<usize, Failure> {
    forget_steps(plan, outside.cache)
}

fn forget_steps(plan: &Plan, cache: &dyn SessionCache) -> Result<usize, Failure> {
    let mut forgotten = 0;
    let mut first_failure = None;
    for hops in 0..=plan.hops.len() {
        match cache.forget(&CacheKey::of_hops(plan, hops)) {
            Ok(was_there) => forgotten += usize::from(was_there),
            Err(failure) => {
                first_failure.get_or_insert(failure);
            }
        }
    }
    first_failure.map_or(Ok(forgotten), Err)
}

/// Forgets all sessions, the data key that sealed them and its copy in the kernel. How many there were.
///
/// # Errors
/// Where something is there and cannot be removed.
pub fn forget_all(outside: &Outside<'_>) -> Result<usize, Failure> {
    outside.cache.forget_all()
}

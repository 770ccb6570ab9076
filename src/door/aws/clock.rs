//! The clock that signs requests, and what AWS's answers say of it.
//!
//! AWS refuses a signature more than some minutes off its own time (IAM User Guide, "Signature Version 4"). The
//! answer carries AWS's time in its `Date` header, so a wrong clock is learnt from the refusal itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

const UNKNOWN: i64 = i64::MIN;

/// This machine's clock, shifted by what AWS's clock showed once it refused ours.
#[derive(Debug, Clone, Default)]
pub(super) struct SigningClock {
    offset: Arc<AtomicI64>,
}

impl SigningClock {
    /// The shift in seconds.
    pub(super) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Signs by AWS's clock from now on.
    pub(super) fn correct(&self, offset: i64) {
        self.offset.store(offset, Ordering::Relaxed);
    }
}

impl TimeSource for SigningClock {
    fn now(&self) -> SystemTime {
        let (now, shift) = (SystemTime::now(), Duration::from_secs(self.offset().unsigned_abs()));
        if self.offset() < 0 { now.checked_sub(shift) } else { now.checked_add(shift) }.unwrap_or(now)
    }
}

/// Reads the `Date` of every answer.
#[derive(Debug, Clone)]
pub(super) struct DateReader {
    offset: Arc<AtomicI64>,
}

impl Default for DateReader {
    fn default() -> Self {
        DateReader { offset: Arc::new(AtomicI64::new(UNKNOWN)) }
    }
}

impl DateReader {
    /// AWS's clock less ours in seconds, by the last answer that was read; none where it had no `Date`.
    pub(super) fn offset(&self) -> Option<i64> {
        Some(self.offset.load(Ordering::Relaxed)).filter(|&offset| offset != UNKNOWN)
    }

    /// Before a call, so that an answer without a `Date` does not inherit the one before it.
    pub(super) fn clear(&self) {
        self.offset.store(UNKNOWN, Ordering::Relaxed);
    }
}

#[dyn_dispatch_hint]
impl Intercept for DateReader {
    fn name(&self) -> &'static str {
        "DateReader"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(|date| offset_of(date, SystemTime::now()));
        self.offset.store(date.unwrap_or(UNKNOWN), Ordering::Relaxed);
        Ok(())
    }
}

fn offset_of(date: &str, now: SystemTime) -> Option<i64> {
    let theirs = DateTime::from_str(date, Format::HttpDate).ok()?.secs();
    let ours = i64::try_from(now.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
    Some(theirs - ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_theirs_less_ours() {
        let now = UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        assert_eq!(offset_of("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(0));
        assert_eq!(offset_of("Wed, 21 Oct 2015 08:28:00 GMT", now), Some(3600));
        assert_eq!(offset_of("Wed, 21 Oct 2015 07:27:00 GMT", now), Some(-60));
        assert_eq!(offset_of("yesterday", now), None);
    }

    #[test]
    fn the_signing_clock_follows_a_correction_both_ways() {
        let clock = SigningClock::default();
        for offset in [-3600_i64, 0, 3600] {
            clock.correct(offset);
            let seconds = |t: SystemTime| i64::try_from(t.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
            let difference = seconds(clock.now()) - seconds(SystemTime::now());
            assert!((difference - offset).abs() <= 1, "{difference} for {offset}");
        }
    }
}

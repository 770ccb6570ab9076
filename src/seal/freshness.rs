//! When a sealed session is still handed out, and when it is renewed.
//!
//! botocore asks again at every call once less than 15 minutes are left, and must have a new answer below 10;
//! .NET renews at 15, JavaScript and Ruby at 5. So the window is 20 minutes, or half of a short life.

use super::Header;
use crate::identity::Timestamp;

/// What the credentials are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumer {
    /// Asks again when they are about to end: credential-process.
    ReAsks,
    /// Keeps what it gets: exec, export.
    KeepsKeys,
}

/// What to do with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Hand it out.
    Good,
    /// Renew it; if AWS cannot be reached it still serves.
    Ageing,
    /// Renew it or fail.
    Old,
}

const WINDOW: i64 = 20 * 60;
/// Below this a client's own request could fail on its way.
const LEAST: i64 = 2 * 60;

/// The rule. `person_needed` says whether renewing would ask somebody for a code: nobody is asked early.
pub fn freshness(header: &Header, now: Timestamp, consumer: Consumer, person_needed: bool) -> Freshness {
    let left = header.seconds_left(now);
    let window = WINDOW.min(header.life() / 2);
    if left <= 0 {
        return Freshness::Old;
    }
    if left >= window {
        return Freshness::Good;
    }
    match consumer {
        Consumer::KeepsKeys => Freshness::Old,
        Consumer::ReAsks if left < LEAST => Freshness::Old,
        Consumer::ReAsks if person_needed => Freshness::Good,
        Consumer::ReAsks => Freshness::Ageing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(life: i64, clock_offset: i64) -> Header {
        let issued = Timestamp::from_second(1_000_000).unwrap();
        Header {
            profile: "p".into(),
            source: "s".into(),
            role_arn: None,
            session_name: None,
            account_id: "111122223333".into(),
            issued,
            expiration: Timestamp::from_second(1_000_000 + clock_offset + life).unwrap(),
            clock_offset,
        }
    }

    fn at(header: &Header, left: i64, consumer: Consumer, person: bool) -> Freshness {
        let now = header.expiration.as_second() - header.clock_offset - left;
        freshness(header, Timestamp::from_second(now).unwrap(), consumer, person)
    }

    #[test]
    fn the_rule() {
        use Consumer::{KeepsKeys, ReAsks};
        use Freshness::{Ageing, Good, Old};
        for (life, left, consumer, person, wanted) in [
            (3600, 3600, ReAsks, true, Good),
            (3600, 1200, ReAsks, false, Good),
            (3600, 1199, ReAsks, false, Ageing),
            (3600, 1199, ReAsks, true, Good),
            (3600, 120, ReAsks, true, Good),
            (3600, 119, ReAsks, true, Old),
            (3600, 119, ReAsks, false, Old),
            (3600, 1199, KeepsKeys, true, Old),
            (3600, 1200, KeepsKeys, true, Good),
            (900, 450, KeepsKeys, true, Good),
            (900, 449, KeepsKeys, true, Old),
            (3600, 0, ReAsks, true, Old),
            (3600, -5, KeepsKeys, false, Old),
        ] {
            for offset in [0, 900, -900] {
                let found = at(&header(life, offset), left, consumer, person);
                assert_eq!(found, wanted, "{life} {left} {consumer:?} {person} {offset}");
            }
        }
    }
}

//! The simulator's clock and the three ways AWS writes a time. The clock is the machine's plus an offset that a test sets,
//! so that expiry and skew are reached without waiting.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Milliseconds since 1970, by the machine's clock.
pub fn machine_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// `20261123T190721Z`, as SigV4 writes it.
pub fn amz(seconds: i64) -> String {
    format(seconds, "%Y%m%dT%H%M%SZ")
}

/// `2026-11-23T19:07:21Z`, as STS and IAM answer it.
pub fn iso(seconds: i64) -> String {
    format(seconds, "%Y-%m-%dT%H:%M:%SZ")
}

/// `Mon, 23 Nov 2026 19:07:21 GMT`, as the Date header has it.
pub fn http(seconds: i64) -> String {
    format(seconds, "%a, %d %b %Y %H:%M:%S GMT")
}

/// The seconds of an [`amz`] text, or nothing if it is not one.
pub fn parse_amz(text: &str) -> Option<i64> {
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(TimeZone::UTC.to_timestamp(civil).ok()?.as_second())
}

fn format(seconds: i64, pattern: &str) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).strftime(pattern).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_second_in_all_three_forms() {
        assert_eq!(amz(1_440_938_160), "20150830T123600Z");
        assert_eq!(iso(1_440_938_160), "2015-08-30T12:36:00Z");
        assert_eq!(http(1_440_938_160), "Sun, 30 Aug 2015 12:36:00 GMT");
        assert_eq!(parse_amz("20150830T123600Z"), Some(1_440_938_160));
        assert_eq!(parse_amz("2015-08-30T12:36:00Z"), None);
    }
}

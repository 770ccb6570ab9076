//! How long a session lives, as people write it: `1h`, `90m`, `3600`, `43200s`, `1h30m`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Why a text is not a lifetime.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LifetimeError {
    /// Neither seconds nor a sum of `h`, `m`, `s`.
    #[error("`{0}` is not a duration: write 1h, 90m, 3600 (seconds) or 1h30m")]
    Shape(String),
    /// Outside of what STS takes.
    #[error("{found} is outside of what {whom} takes: {least} to {most}")]
    Range {
        /// What was asked for.
        found: Lifetime,
        /// The STS operation.
        whom: &'static str,
        /// Its minimum.
        least: Lifetime,
        /// Its maximum.
        most: Lifetime,
    },
}

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(u32);

impl Lifetime {
    /// One hour: the default of AssumeRole, and its limit for chained roles.
    pub const HOUR: Lifetime = Lifetime(3600);

    /// Of so many seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Lifetime(seconds)
    }

    /// In seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Itself if AssumeRole takes it: 900 to 43,200 s (STS API Reference, `DurationSeconds`).
    ///
    /// # Errors
    /// [`LifetimeError::Range`].
    pub fn for_assume_role(self) -> Result<Self, LifetimeError> {
        self.within("AssumeRole", 43_200)
    }

    /// Itself if GetSessionToken takes it: 900 to 129,600 s (STS API Reference, `DurationSeconds`).
    ///
    /// # Errors
    /// [`LifetimeError::Range`].
    pub fn for_session_token(self) -> Result<Self, LifetimeError> {
        self.within("GetSessionToken", 129_600)
    }

    fn within(self, whom: &'static str, most: u32) -> Result<Self, LifetimeError> {
        if (900..=most).contains(&self.0) {
            return Ok(self);
        }
        Err(LifetimeError::Range { found: self, whom, least: Lifetime(900), most: Lifetime(most) })
    }
}

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        let shape = || LifetimeError::Shape(text.to_owned());
        let mut total: u32 = 0;
        let mut rest = text.trim();
        let mut largest_unit_left = 4;
        if rest.is_empty() {
            return Err(shape());
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let count: u32 = rest[..digits].parse().map_err(|_| shape())?;
            let tail = &rest[digits..];
            let (unit, rank) = match tail.chars().next() {
                None if largest_unit_left == 4 => (1, 0),
                Some('h') => (3600, 3),
                Some('m') => (60, 2),
                Some('s') => (1, 1),
                _ => return Err(shape()),
            };
            if rank >= largest_unit_left {
                return Err(shape());
            }
            largest_unit_left = rank;
            total = count.checked_mul(unit).and_then(|s| total.checked_add(s)).ok_or_else(shape)?;
            rest = tail.get(1..).unwrap_or("");
        }
        Ok(Lifetime(total))
    }
}

impl fmt::Display for Lifetime {
    /// `1h`, `1h30m`, `45s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        if seconds > 0 || self.0 == 0 {
            write!(f, "{seconds}s")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_their_seconds() {
        for (text, seconds) in
            [("1h", 3600), ("3600", 3600), ("43200s", 43_200), ("90m", 5400), ("1h30m", 5400), (" 2h ", 7200)]
        {
            assert_eq!(text.parse::<Lifetime>().unwrap().seconds(), seconds, "{text}");
        }
        for bad in ["", "h", "1d", "1h1h", "30m1h", "-1h", "1.5h", "1h30", "99999999999", "1 h"] {
            assert!(bad.parse::<Lifetime>().is_err(), "{bad}");
        }
        assert_eq!(Lifetime(5400).to_string(), "1h30m");
        assert_eq!(Lifetime(5400).to_string().parse::<Lifetime>().unwrap(), Lifetime(5400));
    }

    #[test]
    fn sts_limits() {
        assert!(Lifetime(43_200).for_assume_role().is_ok());
        let error = Lifetime(43_201).for_assume_role().unwrap_err().to_string();
        assert_eq!(error, "12h1s is outside of what AssumeRole takes: 15m to 12h");
        assert!(Lifetime(899).for_assume_role().is_err());
        assert!(Lifetime(129_600).for_session_token().is_ok());
    }
}

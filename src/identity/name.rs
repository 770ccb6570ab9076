//! The session name: the word in CloudTrail that says who it was.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Why a text cannot be a session name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SessionNameError {
    /// Shorter than two characters, as a one-letter user name is.
    #[error("`{0}` is too short for a session name: STS takes 2 to 64 characters")]
    Short(String),
    /// Longer than 64 characters.
    #[error("a name of {0} characters is too long for a session name: STS takes 2 to 64")]
    Long(usize),
    /// A character outside of `[\w+=,.@-]`.
    #[error("a session name cannot hold `{0}`: STS takes letters, digits and _+=,.@-")]
    Character(char),
}

/// A role session's name, also the form of a source identity: 2–64 characters of `[\w+=,.@-]`, exact case
/// (`RoleSessionName`, STS API Reference). What cannot be carried exactly is refused, never changed: a name that
/// is almost somebody's is worse in a log than none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionName {
    type Err = SessionNameError;

    fn from_str(text: &str) -> Result<Self, SessionNameError> {
        if let Some(c) = text.chars().find(|&c| !c.is_ascii_alphanumeric() && !"_+=,.@-".contains(c)) {
            return Err(SessionNameError::Character(c));
        }
        match text.len() {
            0 | 1 => Err(SessionNameError::Short(text.to_owned())),
            2..=64 => Ok(SessionName(text.to_owned())),
            long => Err(SessionNameError::Long(long)),
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for SessionName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for SessionName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_carried_exactly_or_refused() {
        assert_eq!("Alice.B@example".parse::<SessionName>().unwrap().as_str(), "Alice.B@example");
        assert_eq!("a".parse::<SessionName>(), Err(SessionNameError::Short("a".into())));
        assert_eq!("a b".parse::<SessionName>(), Err(SessionNameError::Character(' ')));
        assert_eq!("a/b".parse::<SessionName>(), Err(SessionNameError::Character('/')));
        assert_eq!("é1".parse::<SessionName>(), Err(SessionNameError::Character('é')));
        assert_eq!("x".repeat(65).parse::<SessionName>(), Err(SessionNameError::Long(65)));
    }
}

//! Access keys and the temporary credentials made from them. Secrets are wiped on drop and never shown by `Debug`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use secrecy::SecretString;
use thiserror::Error;

/// Why a text is not an access key id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not an access key id: expected 16 to 128 capital letters and digits, such as AKIAIOSFODNN7EXAMPLE")]
pub struct AccessKeyIdError(String);

/// An access key id: 16–128 word characters; its prefix tells long-term (`AKIA`) from temporary (`ASIA`)
/// (IAM User Guide, "Understanding unique ID prefixes").
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it belongs to temporary credentials, which expire and cannot be kept as a source.
    pub fn is_temporary(&self) -> bool {
        self.0.starts_with("ASIA")
    }
}

impl FromStr for AccessKeyId {
    type Err = AccessKeyIdError;

    fn from_str(text: &str) -> Result<Self, AccessKeyIdError> {
        let valid =
            (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if valid { Ok(AccessKeyId(text.to_owned())) } else { Err(AccessKeyIdError(text.chars().take(24).collect())) }
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for AccessKeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for AccessKeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A long-term access key: the one thing that must never leave the keyring but to sign a request.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// Its id, no secret.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: SecretString,
}

/// Temporary credentials as STS issues them.
#[derive(Debug, Clone)]
pub struct SessionCredentials {
    /// `ASIA…`.
    pub access_key_id: AccessKeyId,
    /// The secret that signs.
    pub secret_access_key: SecretString,
    /// The session token, a secret too: it is worth as much as the key beside it.
    pub session_token: SecretString,
    /// When they end, by AWS's clock.
    pub expiration: Timestamp,
    /// The account they are for, twelve digits.
    pub account_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_and_temporary_ones_known() {
        let id: AccessKeyId = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        assert!(!id.is_temporary());
        assert!("ASIAIOSFODNN7EXAMPLE".parse::<AccessKeyId>().unwrap().is_temporary());
        for bad in ["", "AKIA", "akiaiosfodnn7example", "AKIAIOSFODNN7EXAMPL€", "AKIA IOSFODNN7EXAMPLE"] {
            assert!(bad.parse::<AccessKeyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = AccessKey { id: "AKIAIOSFODNN7EXAMPLE".parse().unwrap(), secret: "wJalrXUtnFEMI".to_owned().into() };
        assert!(!format!("{key:?}").contains("wJalr"));
    }
}

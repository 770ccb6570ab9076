//! MFA devices and their codes.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::Arn;

/// Why a text is not the serial of a device that can sign for STS.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MfaSerialError {
    /// Outside of `[\w+=/:,.@-]{9,256}`.
    #[error("`{0}` is not an MFA serial: expected arn:aws:iam::ACCOUNT:mfa/NAME or a hardware device's serial number")]
    Shape(String),
    /// A security key or passkey: STS takes six-digit codes only.
    #[error("`{0}` is a FIDO security key, which cannot sign for STS: AssumeRole takes six-digit codes only")]
    Fido(String),
}

/// The serial of an MFA device that shows codes: an ARN for a virtual one, a number for a hardware token.
/// Charset and length as `SerialNumber` of AssumeRole (STS API Reference).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MfaSerial(String);

impl MfaSerial {
    /// The serial.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MfaSerial {
    type Err = MfaSerialError;

    fn from_str(text: &str) -> Result<Self, MfaSerialError> {
        let charset = |c: char| c.is_ascii_alphanumeric() || "_+=/:,.@-".contains(c);
        if !(9..=256).contains(&text.len()) || !text.chars().all(charset) {
            return Err(MfaSerialError::Shape(text.chars().take(64).collect()));
        }
        if text.contains(":u2f/") {
            return Err(MfaSerialError::Fido(text.to_owned()));
        }
        if text.starts_with("arn:") {
            let arn = text.parse::<Arn>().ok();
            let device = |arn: &Arn| {
                arn.service() == "iam"
                    && arn.account().len() == 12
                    && arn.account().bytes().all(|b| b.is_ascii_digit())
                    && arn.resource().starts_with("mfa/")
            };
            if !arn.as_ref().is_some_and(device) {
                return Err(MfaSerialError::Shape(text.to_owned()));
            }
        }
        Ok(MfaSerial(text.to_owned()))
    }
}

impl fmt::Display for MfaSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for MfaSerial {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for MfaSerial {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is not a token code. It never repeats the text: it may be a password typed at the wrong prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a token code is six digits")]
pub struct TokenCodeError;

/// A token code: six digits, good for one use. Redacted in `Debug`, wiped on drop.
#[derive(Debug, Clone)]
pub struct TokenCode(SecretString);

impl TokenCode {
    /// Marks the place where the code leaves our hands.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl FromStr for TokenCode {
    type Err = TokenCodeError;

    /// Takes the spaces that phones show inside and around a code.
    fn from_str(text: &str) -> Result<Self, TokenCodeError> {
        let mut digits = String::with_capacity(6);
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            if !c.is_ascii_digit() || digits.len() == 6 {
                return Err(TokenCodeError);
            }
            digits.push(c);
        }
        if digits.len() == 6 { Ok(TokenCode(digits.into())) } else { Err(TokenCodeError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits_with_any_spaces() {
        assert_eq!("123 456".parse::<TokenCode>().unwrap().expose(), "123456");
        assert_eq!(" 012345\r\n".parse::<TokenCode>().unwrap().expose(), "012345");
        for bad in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(bad.parse::<TokenCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn fido_serials_are_passed_over_with_the_reason() {
        let error = "arn:aws:iam::111122223333:u2f/user/alice/key-ABC".parse::<MfaSerial>().unwrap_err();
        assert!(error.to_string().contains("cannot sign for STS"));
        assert!("GAHT12345678".parse::<MfaSerial>().is_ok());
    }

    #[test]
    fn debug_shows_no_code() {
        assert!(!format!("{:?}", "123456".parse::<TokenCode>().unwrap()).contains("123456"));
    }
}

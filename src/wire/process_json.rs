//! The line of JSON that `credential_process` prints.
//!
//! All AWS clients read it, each in its own way, so it is the narrowest form they share: exact keys, `Version` the
//! integer 1, `Expiration` in UTC with `Z` and without fractions, one line, nothing else
//! (AWS SDKs and Tools Reference Guide, "Process credential provider").

use thiserror::Error;

use super::SecretText;
use crate::identity::{ExposeSecret, SessionCredentials, Timestamp};

/// The Java SDK reads no more than this many bytes (`ProcessCredentialsProvider`, `processOutputLimit`).
const MOST_BYTES: usize = 64_000;

/// The answer is longer than clients read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the credentials take {0} bytes as JSON; clients read 64000")]
pub struct TooLong(usize);

/// The instant as `2026-11-23T19:00:00Z`, whole seconds.
pub fn instant(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// The credentials as one line with its line break.
///
/// # Errors
/// [`TooLong`], which no session that STS issues today comes near.
pub fn line(credentials: &SessionCredentials) -> Result<SecretText, TooLong> {
    let expiration = instant(credentials.expiration);
    let fields = [
        ("{\"Version\":1,\"AccessKeyId\":\"", credentials.access_key_id.as_str()),
        ("\",\"SecretAccessKey\":\"", credentials.secret_access_key.expose_secret()),
        ("\",\"SessionToken\":\"", credentials.session_token.expose_secret()),
        ("\",\"Expiration\":\"", &expiration),
        ("\",\"AccountId\":\"", &credentials.account_id),
    ];
    const END: &str = "\"}\n";
    let length = fields.iter().map(|(key, value)| key.len() + escaped_length(value)).sum::<usize>() + END.len();
    if length >= MOST_BYTES {
        return Err(TooLong(length));
    }
    let mut text = SecretText::with_room(length);
    for (key, value) in fields {
        text.push(key);
        push_escaped(&mut text, value);
    }
    text.push(END);
    Ok(text)
}

fn escaped_length(value: &str) -> usize {
    value
        .chars()
        .map(|c| match c {
            '"' | '\\' => 2,
            c if (c as u32) < 0x20 => 6,
            c => c.len_utf8(),
        })
        .sum()
}

fn push_escaped(text: &mut SecretText, value: &str) {
    for c in value.chars() {
        match c {
            '"' => text.push("\\\""),
            '\\' => text.push("\\\\"),
            c if (c as u32) < 0x20 => {
                let digit = |n: u32| char::from_digit(n, 16).unwrap_or('0');
                text.push("\\u00");
                text.push_char(digit(c as u32 >> 4));
                text.push_char(digit(c as u32 & 15));
            }
            c => text.push_char(c),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::wire) fn credentials(secret: &str, token: &str) -> SessionCredentials {
        SessionCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".parse().unwrap(),
            secret_access_key: secret.to_owned().into(),
            session_token: token.to_owned().into(),
            expiration: "2026-11-23T20:01:02.987654321Z".parse().unwrap(),
            account_id: "222233334444".to_owned(),
        }
    }

    #[test]
    fn the_line_as_every_client_reads_it() {
        let text = line(&credentials("wJalr/XUt+n=", "FwoG/+=")).unwrap();
        assert_eq!(
            text.expose(),
            "{\"Version\":1,\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"wJalr/XUt+n=\",\
             \"SessionToken\":\"FwoG/+=\",\"Expiration\":\"2026-11-23T20:01:02Z\",\"AccountId\":\"222233334444\"}\n"
        );
        assert!(!format!("{text:?}").contains("wJalr"));
    }

    #[test]
    fn what_json_cannot_hold_is_escaped_and_read_back_the_same() {
        let hostile = "\"\\\n\r\t\0\u{1f}\u{7f}é😀',}";
        let text = line(&credentials(hostile, hostile)).unwrap();
        assert_eq!(text.expose().lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(text.expose()).unwrap();
        assert_eq!(value["SecretAccessKey"], hostile);
        assert_eq!(value["SessionToken"], hostile);
        assert_eq!(value["Version"], 1);
        assert_eq!(value.as_object().unwrap().len(), 6);
    }

    #[test]
    fn the_buffer_never_grows() {
        for token in ["", "a", "\"\"\"\"", "\u{1}\u{2}", "😀"] {
            let text = line(&credentials("s", token)).unwrap();
            assert_eq!(text.room(), text.expose().len(), "{token:?}");
        }
    }

    #[test]
    fn longer_than_clients_read_is_refused() {
        assert!(line(&credentials("s", &"t".repeat(63_000))).is_ok());
        assert!(line(&credentials("s", &"t".repeat(64_000))).is_err());
    }
}

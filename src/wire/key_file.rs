//! Access keys as AWS hands them out: what `aws iam create-access-key` prints, and the console's CSV download.
//!
//! Errors say what was expected and where, never what stood there: it may be the secret.

use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::identity::{AccessKey, AccessKeyId, SecretString};

/// Why a text holds no access key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyFileError {
    /// Nothing in it.
    #[error("nothing was given: expected {0}")]
    Empty(&'static str),
    /// Not JSON, or JSON of another shape.
    #[error(
        "not what `aws iam create-access-key` prints (line {line}, column {column}): expected {{\"AccessKey\": \
         {{\"AccessKeyId\": …, \"SecretAccessKey\": …}}}}"
    )]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A field or column is missing.
    #[error("no `{0}` in it")]
    Missing(&'static str),
    /// The CSV's quotes do not close.
    #[error("a quote in line {0} does not close")]
    Quote(usize),
    /// The CSV's first line names other columns.
    #[error(
        "the first line names no columns `Access key ID` and `Secret access key`: expected the file that the console's \
         \"Download .csv file\" gives"
    )]
    Header,
    /// The CSV has a header and no key under it.
    #[error("no key under the first line")]
    NoRow,
    /// The CSV has several keys.
    #[error("{0} keys in it: expected one")]
    SeveralRows(usize),
    /// The id is none. Not repeated: with the two swapped it is the secret.
    #[error(
        "the access key id is not one: expected 16 to 128 capital letters and digits, such as AKIAIOSFODNN7EXAMPLE"
    )]
    Id,
    /// The secret cannot be one.
    #[error("the secret access key {0}")]
    Secret(&'static str),
}

/// A key from its two parts, however they were given.
///
/// # Errors
/// [`KeyFileError::Id`] and [`KeyFileError::Secret`].
pub fn access_key(id: &str, secret: &str) -> Result<AccessKey, KeyFileError> {
    let id: AccessKeyId = id.trim().parse().map_err(|_| KeyFileError::Id)?;
    let secret = secret.trim();
    let wrong = |why| Err(KeyFileError::Secret(why));
    if secret.is_empty() {
        return wrong("is empty");
    }
    if secret == id.as_str() {
        return wrong("is the access key id again");
    }
    // Secrets are 40 characters of base64 today; nothing says they stay so.
    if !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return wrong("has characters that none has: spaces, line breaks or letters outside of ASCII");
    }
    if !(16..=128).contains(&secret.len()) {
        return wrong("is not 40 characters long, nor near it");
    }
    Ok(AccessKey { id, secret: SecretString::from(secret) })
}

/// A string that is wiped when dropped.
#[derive(Deserialize)]
#[serde(transparent)]
struct Wiped(#[serde(deserialize_with = "wiped")] Zeroizing<String>);

fn wiped<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "AccessKey")]
    whole: Option<Box<Fields>>,
    #[serde(rename = "AccessKeyId")]
    id: Option<String>,
    #[serde(rename = "SecretAccessKey")]
    secret: Option<Wiped>,
}

/// The key in what `aws iam create-access-key` prints, or in the object within it.
///
/// # Errors
/// See [`KeyFileError`].
pub fn from_json(text: &str) -> Result<AccessKey, KeyFileError> {
    let text = without_mark(text);
    if text.trim().is_empty() {
        return Err(KeyFileError::Empty("the JSON that `aws iam create-access-key` prints"));
    }
    let outer: Fields = serde_json::from_str(text)
        // The parser's own message may quote the value it stumbled over.
        .map_err(|error| KeyFileError::Json { line: error.line(), column: error.column() })?;
    let fields = outer.whole.as_deref().unwrap_or(&outer);
    let id = fields.id.as_deref().ok_or(KeyFileError::Missing("AccessKeyId"))?;
    let secret = fields.secret.as_ref().ok_or(KeyFileError::Missing("SecretAccessKey"))?;
    access_key(id, &secret.0)
}

/// The key in the console's CSV: `Access key ID,Secret access key`, or older, with `User name` and others beside
/// them; with or without a byte order mark, CRLF and quotes.
///
/// # Errors
/// See [`KeyFileError`].
pub fn from_csv(text: &str) -> Result<AccessKey, KeyFileError> {
    let mut rows = Vec::new();
    for (number, line) in without_mark(text).lines().enumerate() {
        if !line.trim().is_empty() {
            rows.push(row(line).ok_or(KeyFileError::Quote(number + 1))?);
        }
    }
    let Some((header, keys)) = rows.split_first() else {
        return Err(KeyFileError::Empty("the console's CSV file"));
    };
    let column = |name: &str| header.iter().position(|field| field.trim().eq_ignore_ascii_case(name));
    let (Some(id), Some(secret)) = (column("Access key ID"), column("Secret access key")) else {
        return Err(KeyFileError::Header);
    };
    let key = match keys {
        [] => return Err(KeyFileError::NoRow),
        [key] => key,
        several => return Err(KeyFileError::SeveralRows(several.len())),
    };
    let id = key.get(id).ok_or(KeyFileError::Missing("Access key ID"))?;
    let secret = key.get(secret).ok_or(KeyFileError::Missing("Secret access key"))?;
    access_key(id, secret)
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The fields of a line; none if a quote stays open. A quote within quotes is doubled (RFC 4180).
fn row(line: &str) -> Option<Vec<Zeroizing<String>>> {
    // Room from the start: a string that grows leaves copies of itself behind.
    let field = || Zeroizing::new(String::with_capacity(line.len()));
    let (mut fields, mut quoted) = (vec![field()], false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let current = fields.last_mut()?;
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                current.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if current.is_empty() => quoted = true,
            ',' if !quoted => fields.push(field()),
            c => current.push(c),
        }
    }
    (!quoted).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ExposeSecret;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn assert_key(found: Result<AccessKey, KeyFileError>) {
        let key = found.unwrap();
        assert_eq!((key.id.as_str(), key.secret.expose_secret()), (ID, SECRET));
    }

    #[test]
    fn what_the_cli_prints_whole_or_within() {
        let inner = format!(
            r#"{{"UserName": "alice", "AccessKeyId": "{ID}", "Status": "Active", "SecretAccessKey": "{SECRET}",
                "CreateDate": "2026-11-01T00:00:00+00:00"}}"#
        );
        assert_key(from_json(&inner));
        assert_key(from_json(&format!("\u{feff}{{ \"AccessKey\": {inner} }}\r\n")));
    }

    #[test]
    fn the_consoles_files_new_and_old() {
        assert_key(from_csv(&format!("\u{feff}Access key ID,Secret access key\r\n{ID},{SECRET}\r\n")));
        assert_key(from_csv(&format!("Access key ID,Secret access key\n{ID},{SECRET}")));
        assert_key(from_csv(&format!(
            "User name,Password,Access key ID,Secret access key,Console login link\r\n\
             \"alice\",\"p,\"\"w\",{ID},\"{SECRET}\",https://111122223333.signin.aws.amazon.com/console\r\n\r\n"
        )));
    }

    #[test]
    fn what_is_something_else_is_named() {
        for (text, part) in [
            ("", "nothing was given"),
            ("AKIA", "line 1"),
            ("{}", "no `AccessKeyId`"),
            (r#"{"AccessKey": {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}}"#, "no `SecretAccessKey`"),
            (r#"{"AccessKeyId": 7}"#, "create-access-key"),
            (r#"{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": ""}"#, "is empty"),
        ] {
            let error = from_json(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        for (text, part) in [
            ("\u{feff}\r\n", "nothing was given"),
            ("a,b\nc,d", "names no columns"),
            ("Access key ID,Secret access key", "no key under"),
            ("Access key ID,Secret access key\nx,y\nz,w", "2 keys"),
            ("Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE", "no `Secret access key`"),
            ("Access key ID,Secret access key\nAKIAIOSFODNN7EXAMPLE,\"abc", "line 2 does not close"),
        ] {
            let error = from_csv(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn no_error_repeats_the_secret() {
        for text in [
            format!(r#"{{"AccessKeyId": "{ID}", "SecretAccessKey": "{SECRET} "x"}}"#),
            format!(r#"{{"AccessKeyId": {{"a": "{SECRET}"}}}}"#),
            format!(r#"{{"AccessKey": "{SECRET}"}}"#),
            format!(r#"{{"AccessKeyId": "{SECRET}", "SecretAccessKey": "{ID}"}}"#),
            format!(r#"{{"AccessKeyId": "{ID}", "SecretAccessKey": "{SECRET} {SECRET}"}}"#),
        ] {
            let error = from_json(&text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(&SECRET[..12]), "{error}");
        }
    }
}

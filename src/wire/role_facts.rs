//! What a prompt must know of a profile's role: one short line without secrets.
//!
//! `exec` and `export` leave it in `ROLE_HELPER_PROMPT`; whoever seals a session leaves it in a file of the profile.
//! `account=222233334444,alias=acme-prod,color=red,session=<64 hexadecimal digits>`: bare words for every shell and
//! every reader of `.env` files. What is unknown or broken is left out, for a prompt is no place for errors.

use std::fmt;

use crate::identity::Color;

/// The variable that `exec` and `export` set.
pub const VARIABLE: &str = "ROLE_HELPER_PROMPT";

/// What stands for the `#` of a colour, which begins a comment for some readers.
const HASH_WRITTEN: &str = "+";

/// The line, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFacts {
    /// Twelve digits.
    pub account_id: Option<String>,
    /// What to call the account.
    pub alias: Option<String>,
    /// What the configuration wants it to look like.
    pub color: Option<Color>,
    /// The cache key of the sealed session: 64 hexadecimal digits. None where nothing was sealed.
    pub session: Option<String>,
}

impl RoleFacts {
    /// Reads the line; what cannot be meant is passed over.
    pub fn read(line: &str) -> RoleFacts {
        let mut facts = RoleFacts::default();
        for (name, value) in line.trim_end().split(',').filter_map(|field| field.split_once('=')) {
            let all = |test: fn(&u8) -> bool| value.as_bytes().iter().all(test);
            match name {
                "account" if value.len() == 12 && all(u8::is_ascii_digit) => facts.account_id = Some(value.to_owned()),
                "alias" if value.len() <= 63 && all(|b| b.is_ascii_alphanumeric() || *b == b'-') => {
                    facts.alias = Some(value.to_owned()).filter(|alias| !alias.is_empty());
                }
                "color" => facts.color = value.replacen(HASH_WRITTEN, "#", 1).parse().ok(),
                // It becomes a file's name.
                "session" if value.len() == 64 && all(u8::is_ascii_hexdigit) => facts.session = Some(value.to_owned()),
                _ => {}
            }
        }
        facts
    }
}

/// The line, without a line end.
impl fmt::Display for RoleFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let color = self.color.map(|color| color.to_string().replace('#', HASH_WRITTEN));
        let fields =
            [("account", &self.account_id), ("alias", &self.alias), ("color", &color), ("session", &self.session)];
        let mut between = "";
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))) {
            write!(f, "{between}{name}={value}")?;
            between = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let facts = RoleFacts {
            account_id: Some("222233334444".into()),
            alias: Some("acme-prod".into()),
            color: Some(Color::Rgb(255, 136, 0)),
            session: Some("ab".repeat(32)),
        };
        let line = facts.to_string();
        assert!(crate::wire::shell_words::is_dotenv_word(&line), "{line}");
        assert_eq!(RoleFacts::read(&format!("{line}\n")), facts);
        assert_eq!(RoleFacts::read(""), RoleFacts::default());
    }

    #[test]
    fn what_cannot_be_meant_is_passed_over() {
        let hostile = format!("account=12,alias=$(id),color=\x1b[31m,session=../../{},what=ever,,=", "a".repeat(58));
        assert_eq!(RoleFacts::read(&hostile), RoleFacts::default());
        let partly = RoleFacts::read("nonsense,account=222233334444,\u{202e}");
        assert_eq!(partly.account_id.as_deref(), Some("222233334444"));
    }
}

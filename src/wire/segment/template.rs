//! The person's own form of the segment: text with names in braces.

use std::str::FromStr;

use thiserror::Error;

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// A name that means nothing.
    #[error("`{{{}}}` is nothing that is known: {} are", .0.escape_debug(), names())]
    Unknown(String),
    /// A brace that is not closed.
    #[error("a `{{` is not closed; write `{{{{` for the brace itself")]
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Profile,
    Account,
    AccountId,
    Left,
    Seconds,
    State,
    Color,
    Reset,
}

const FIELDS: [(&str, Field); 8] = [
    ("profile", Field::Profile),
    ("account", Field::Account),
    ("account_id", Field::AccountId),
    ("left", Field::Left),
    ("seconds", Field::Seconds),
    ("state", Field::State),
    ("color", Field::Color),
    ("reset", Field::Reset),
];

fn names() -> String {
    FIELDS.iter().map(|(name, _)| format!("{{{name}}}")).collect::<Vec<_>>().join(" ")
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Field(Field),
}

/// Text with names in braces: `{profile} {left}`. `{{` and `}}` are the braces themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(super) pieces: Vec<Piece>,
}

impl Template {
    pub(super) fn standard() -> Template {
        Template::bracketed(&[Field::Profile, Field::Account, Field::Left])
    }

    pub(super) fn without_account() -> Template {
        Template::bracketed(&[Field::Profile, Field::Left])
    }

    pub(super) fn time_only() -> Template {
        Template::bracketed(&[Field::Left])
    }

    fn bracketed(fields: &[Field]) -> Template {
        let mut pieces = Vec::with_capacity(2 * fields.len() + 1);
        for (at, field) in fields.iter().enumerate() {
            pieces.push(Piece::Text(if at == 0 { "[" } else { " " }.to_owned()));
            pieces.push(Piece::Field(*field));
        }
        pieces.push(Piece::Text("]".to_owned()));
        Template { pieces }
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                plain.push(c);
                rest = after;
            } else if c == '{' {
                let (name, after) = rest[1..].split_once('}').ok_or(TemplateError::Open)?;
                let known = FIELDS.iter().find(|(known, _)| *known == name);
                let (_, field) = known.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Field(*field));
                rest = after;
            } else {
                plain.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template { pieces })
    }
}

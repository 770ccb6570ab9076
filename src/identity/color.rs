//! A colour of the terminal, as people write it in `role_helper_color`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Why a text is not a colour.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` is not a color: one of {}, bright-red and so on, 0 to 255, or #rrggbb", .0.escape_debug(), NAMES.join(", "))]
pub struct ColorError(String);

/// The names of ECMA-48's eight colours, in their order.
const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/// A colour: `red`, `bright-blue`, `208` (of the 256) or `#ff8800`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// One of the 256; the first sixteen are the named ones and their bright variants.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl Color {
    /// For production and for what is about to end.
    pub const RED: Color = Color::Indexed(1);
    /// For what ends soon.
    pub const YELLOW: Color = Color::Indexed(3);
    /// What accounts are told apart by: neither red nor yellow, which warn, nor black or white, which backgrounds are.
    pub const CALM: [Color; 4] = [Color::Indexed(2), Color::Indexed(4), Color::Indexed(5), Color::Indexed(6)];
}

impl FromStr for Color {
    type Err = ColorError;

    fn from_str(text: &str) -> Result<Self, ColorError> {
        let error = || ColorError(text.to_owned());
        let lower = text.to_ascii_lowercase();
        if let Some(digits) = lower.strip_prefix('#') {
            if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(error());
            }
            let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| error());
            return Ok(Color::Rgb(part(0)?, part(2)?, part(4)?));
        }
        if lower.bytes().all(|b| b.is_ascii_digit()) {
            return lower.parse().map(Color::Indexed).map_err(|_| error());
        }
        let (name, bright) = match lower.strip_prefix("bright-") {
            Some(name) => (name, 8),
            None => (lower.as_str(), 0),
        };
        let (at, _) = (0..).zip(NAMES).find(|(_, known)| *known == name).ok_or_else(error)?;
        Ok(Color::Indexed(at + bright))
    }
}

/// As it is written; parses to the same colour.
impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Color::Indexed(at @ 0..=7) => f.write_str(NAMES[usize::from(at)]),
            Color::Indexed(at @ 8..=15) => write!(f, "bright-{}", NAMES[usize::from(at - 8)]),
            Color::Indexed(at) => write!(f, "{at}"),
            Color::Rgb(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_read_as_people_write_them() {
        for (text, color, written) in [
            ("red", Color::RED, "red"),
            ("Bright-Blue", Color::Indexed(12), "bright-blue"),
            ("3", Color::YELLOW, "yellow"),
            ("208", Color::Indexed(208), "208"),
            ("#FF8800", Color::Rgb(255, 136, 0), "#ff8800"),
        ] {
            assert_eq!(text.parse(), Ok(color), "{text}");
            assert_eq!(color.to_string(), written);
            assert_eq!(written.parse(), Ok(color));
        }
        for bad in ["", "crimson", "256", "-1", "#fff", "#ggggggg", "bright-", "#12345é", "\x1b[31m"] {
            assert!(bad.parse::<Color>().is_err(), "{bad}");
        }
        assert!(!"\x1b[31m".parse::<Color>().unwrap_err().to_string().contains('\x1b'));
    }
}

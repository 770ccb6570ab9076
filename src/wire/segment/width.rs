//! Columns on a terminal: wide characters take two (UAX #11).

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    // Most are ASCII, and the tables then stay on disk.
    if text.is_ascii() { text.len() } else { text.width() }
}

/// `text` as a terminal may show it: what moves the cursor, reorders or hides itself becomes `?`, and where only
/// ASCII is understood, all else too.
pub(super) fn shown(text: &str, unicode: bool) -> String {
    let visible = |c: char| match c {
        ' '..='~' => c,
        c if c.is_ascii() || !unicode || c.is_whitespace() || c.width().is_none_or(|width| width == 0) => '?',
        // Bidirectional controls are invisible, but not all of no width.
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => '?',
        c => c,
    };
    text.chars().map(visible).collect()
}

/// `text` in at most `room` columns, a mark behind what was cut.
pub(super) fn cut(text: &str, room: usize, unicode: bool) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mark = if unicode { '…' } else { '~' };
    let mut kept = String::new();
    let mut left = room.saturating_sub(1);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        kept.push(c);
    }
    kept.push(mark);
    kept
}

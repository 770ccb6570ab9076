//! Texts made safe to show: what comes from configs, other processes and servers must not move the cursor, hide
//! itself or read backwards on the terminal where a code is typed.

/// How long a line may get, in characters; what is longer ends in `…`.
const LINE: usize = 300;

/// `text` as one line: control, bidirectional and invisible characters left out, cut to 300 characters.
pub(super) fn clean(text: &str) -> String {
    cut(text, LINE)
}

/// As [`clean`], cut to `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    let mut shown: String = String::with_capacity(text.len().min(4 * most));
    let mut left = most;
    for c in text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_hostile(*c)) {
        if left == 0 {
            shown.pop();
            shown.push('…');
            break;
        }
        shown.push(c);
        left -= 1;
    }
    shown.trim_end().to_owned()
}

/// Controls, and the format characters of Unicode that reorder or hide text (UAX #9; "Trojan Source").
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_reads_backwards() {
        assert_eq!(clean("a\x1b[31mb\r\nc"), "a[31mb  c");
        assert_eq!(clean("role \u{202e}nimdA\u{2066}\u{200b}x"), "role nimdAx");
        assert_eq!(clean("東京\tÄ"), "東京 Ä");
    }

    #[test]
    fn long_texts_are_cut_with_a_mark() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(clean(&"x".repeat(9_000)).chars().count(), LINE);
    }
}

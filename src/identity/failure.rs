//! What a person is told when something did not work: what failed, the cause, and what to type next.
//!
//! One shape for every room, so that an error is never more than three lines and always has an exit code that
//! scripts can rely on. Rooms whose callers branch on the reason have enums of their own and turn them into this.

use std::fmt;

/// The kind of a failure; it alone decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// AWS or the person said no: denied, wrong or used code, three failures. Exit code 1.
    Refused,
    /// The command line cannot be understood. Exit code 2.
    Usage,
    /// The configuration is wrong: unknown profile, source not added, broken file. Exit code 3.
    Configuration,
    /// A person is needed (a code, an unlock) and none can be reached. Exit code 4.
    PersonNeeded,
    /// The keyring is absent or broken, or its passphrase is wrong. Exit code 5.
    Keyring,
    /// AWS cannot be reached. Exit code 6.
    Unreachable,
    /// Interrupted by the person. Exit code 130.
    Interrupted,
}

impl Kind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Refused => 1,
            Kind::Usage => 2,
            Kind::Configuration => 3,
            Kind::PersonNeeded => 4,
            Kind::Keyring => 5,
            Kind::Unreachable => 6,
            Kind::Interrupted => 130,
        }
    }
}

/// A failure as a person reads it: at most three lines, and never a secret in any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    kind: Kind,
    what: String,
    cause: Option<String>,
    hint: Option<String>,
}

impl Failure {
    /// `what` says what failed: lower case, no full stop, no secret.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Failure { kind, what: one_line(what.into()), cause: None, hint: None }
    }

    /// Adds why it failed.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(one_line(cause.into()));
        self
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(one_line(hint.into()));
        self
    }

    /// The kind, which decides the exit code.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Why, where known.
    pub fn cause_text(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// What to type next, where there is something.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    /// `role-helper: what`, `cause: …`, `hint: …`, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "role-helper: {}", self.what)?;
        if let Some(cause) = &self.cause {
            write!(f, "\ncause: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Texts come from files and servers: a line break or an escape sequence in one must not forge a second line, and
/// what is written backwards or has no width must not pass for something else. Nor does anybody read a page.
fn one_line(mut text: String) -> String {
    // The standard library adds the number of a system's error, which tells nobody anything.
    while let Some(at) = text.find(" (os error ")
        && let Some(length) = text[at..].find(')')
    {
        text.replace_range(at..=at + length, "");
    }
    if let Some((end, _)) = text.char_indices().nth(MOST_CHARACTERS) {
        text.truncate(end);
        text.push('…');
    }
    let shown = |c: char| match c {
        c if c.is_control() => ' ',
        '\u{2028}' | '\u{2029}' => ' ',
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            char::REPLACEMENT_CHARACTER
        }
        c => c,
    };
    if text.chars().all(|c| shown(c) == c) { text } else { text.chars().map(shown).collect() }
}

/// Of one line of a failure. AWS's longest refusals, with three ARNs in them, have about 500.
const MOST_CHARACTERS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lines_at_most_whatever_the_texts_hold() {
        let failure = Failure::new(Kind::Refused, "a\nb").cause("c\r\nd").hint("e\x1b[31mf");
        let text = failure.to_string();
        assert_eq!(text.lines().count(), 3);
        assert!(!text.contains('\x1b'));
        assert_eq!(text, "role-helper: a b\ncause: c  d\nhint: e [31mf");
    }

    #[test]
    fn an_errors_number_is_left_out() {
        let failure = Failure::new(Kind::Keyring, "x: No such file (os error 2): y (os error 3) (os error");
        assert_eq!(failure.what(), "x: No such file: y (os error");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_and_what_is_endless_is_cut() {
        let failure = Failure::new(Kind::Refused, "\u{202e}ecila is ali\u{200b}ce").cause("é".repeat(5000));
        assert_eq!(failure.what(), "\u{fffd}ecila is ali\u{fffd}ce");
        assert_eq!(failure.cause_text().unwrap().chars().count(), MOST_CHARACTERS + 1);
    }
}

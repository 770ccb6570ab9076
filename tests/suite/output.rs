//! What a program left behind, and what is asserted about it: exit codes, clear errors, JSON, secrets that must not
//! be there.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// What a program left behind.
#[derive(Debug, Clone)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    /// Wall time from start to exit.
    pub took: Duration,
    /// Program and arguments, for messages.
    pub said: String,
}

impl Output {
    /// The exit code as a shell counts it: 128+N for a signal.
    pub fn code(&self) -> i32 {
        shell_code(self.status)
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code(), 0, "{self}");
        self
    }

    /// Asserts exit code 0 and nothing on stderr.
    #[track_caller]
    pub fn quiet(self) -> Self {
        let this = self.ok();
        assert_eq!(this.stderr, "", "{this}");
        this
    }

    /// Asserts `code`, where more than the error is said.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self}");
        self
    }

    /// Asserts `code` and one clear error: see [`clear_error`]; nothing on stdout.
    #[track_caller]
    pub fn fails(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self}");
        assert_eq!(self.stdout, "", "a failure leaves nothing on stdout\n{self}");
        if let Err(fault) = clear_error(&self.stderr) {
            panic!("{fault}\n{self}");
        }
        self
    }

    /// Asserts that stderr contains `words`.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "stderr lacks {words:?}\n{self}");
        self
    }

    /// Asserts that stdout contains `words`.
    #[track_caller]
    pub fn prints(self, words: &str) -> Self {
        assert!(self.stdout.contains(words), "stdout lacks {words:?}\n{self}");
        self
    }

    /// Asserts that none of `secrets` is on stdout or stderr.
    #[track_caller]
    pub fn hides(self, secrets: &[&str]) -> Self {
        for secret in secrets {
            assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "{secret:?} was printed\n{self}");
        }
        self
    }

    /// Stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{self}"))
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: {} after {:?}\nstdout: {}\nstderr: {}",
            self.said, self.status, self.took, self.stdout, self.stderr
        )
    }
}

/// Checks that `text` is an error as users are promised it: `role-helper: what failed`, then at most one line each
/// of `cause: …` and `hint: …`; lower-case starts, no full stop at the end, nothing else.
pub fn clear_error(text: &str) -> Result<(), String> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(first) = lines.first() else {
        return Err("there is no error text".into());
    };
    let what = first
        .strip_prefix("role-helper: ")
        .ok_or(format!("an error starts with `role-helper: `, this one with {first:?}"))?;
    if lines.len() > 3 {
        return Err(format!("an error has at most three lines, this one {}", lines.len()));
    }
    let mut rest = lines[1..].to_vec();
    if let Some(cause) = rest.first().and_then(|line| line.strip_prefix("cause: ")) {
        full_stop(cause)?;
        rest.remove(0);
    }
    if let Some(hint) = rest.first().and_then(|line| line.strip_prefix("hint: ")) {
        full_stop(hint)?;
        rest.remove(0);
    }
    if let Some(stray) = rest.first() {
        return Err(format!("neither cause nor hint, or out of order: {stray:?}"));
    }
    if what.split_whitespace().next().is_none_or(titled) {
        return Err(format!("starts with a capital: {what:?}"));
    }
    full_stop(what)
}

/// A sentence's capital (`Cannot`), as against a name's (`AWS`, `AssumeRole`).
fn titled(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.next().is_some_and(|_| !word[1..].contains(|c: char| c.is_uppercase()))
}

fn full_stop(text: &str) -> Result<(), String> {
    // AWS's own words are quoted as they are, full stop included.
    if text.ends_with('.') && !text.contains("AWS") && !text.ends_with("...") {
        return Err(format!("ends with a full stop: {text:?}"));
    }
    Ok(())
}

/// The exit code as a shell counts it: 128+N for a signal.
pub fn shell_code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|signal| 128 + signal)).expect("exited or was killed")
}

mod tests {
    use super::*;

    #[test]
    fn clear_errors_are_told_from_others() {
        let good = "role-helper: no profile \"prd\"\ncause: it is not in the config\nhint: role-helper exec prod\n";
        assert_eq!(clear_error(good), Ok(()));
        assert_eq!(clear_error("role-helper: AWS refused the call\n"), Ok(()));
        for bad in [
            "",
            "error: x\n",
            "role-helper: Cannot do it\n",
            "role-helper: cannot do it.\n",
            "role-helper: a\nhint: b\ncause: c\n",
            "role-helper: a\ncause: b\nhint: c\nmore\n",
            "role-helper: a\nthread 'main' panicked\n",
        ] {
            assert!(clear_error(bad).is_err(), "{bad:?}");
        }
    }
}

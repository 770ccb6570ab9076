//! The person: asked for a code, a passphrase, or a yes.

use std::time::Duration;

use thiserror::Error;

use crate::identity::{MfaSerial, SecretString, TokenCode};
use crate::profile::PromptMode;

/// One question for a token code.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The device; the line that waits is `MFA code for <serial>: `.
    pub serial: &'a MfaSerial,
    /// What the code is for, a line such as `role Admin in account 222233334444 as alice`.
    pub purpose: String,
    /// What the person should know first, a line each: the attempt before was wrong, a proxy from the
    /// environment is used, seconds to the next code.
    pub notes: Vec<String>,
    /// Which rungs may be used.
    pub mode: PromptMode,
    /// A command that prints a code, tried before anybody is asked.
    pub mfa_process: Option<&'a str>,
    /// What to type where nobody can be reached, such as `run role-helper login prod`.
    pub remedy: String,
    /// When to stop waiting.
    pub deadline: Duration,
}

/// One question for a passphrase.
#[derive(Debug, Clone)]
pub struct SecretQuestion<'a> {
    /// A line that says why.
    pub purpose: String,
    /// The line that waits, such as `Passphrase: `.
    pub label: &'a str,
    /// A line to show first, such as that the attempt before was wrong.
    pub note: Option<String>,
    /// Whether to ask twice and compare, as for a new passphrase.
    pub twice: bool,
    /// Which rungs may be used.
    pub mode: PromptMode,
    /// When to stop waiting.
    pub deadline: Duration,
}

/// One question for a yes.
#[derive(Debug, Clone)]
pub struct Confirmation {
    /// A line that says what is about to happen.
    pub purpose: String,
    /// Which rungs may be used.
    pub mode: PromptMode,
    /// When to stop waiting.
    pub deadline: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PromptError {
    /// Nobody can be reached: no terminal of ours in the foreground, no display. Each rung's reason.
    #[error("{0}")]
    Unreachable(String),
    /// The person said no: an empty line, a closed dialog, Ctrl-D.
    #[error("no code was given")]
    Declined,
    /// Ctrl-C, or a signal that ends us.
    #[error("interrupted")]
    Interrupted,
    /// Nobody answered in time.
    #[error("nobody answered within {seconds} s")]
    TimedOut {
        /// The bound.
        seconds: u64,
    },
    /// The terminal was taken back by the shell, or `mfa_process` failed, or pinentry did.
    #[error("{0}")]
    Failed(String),
}

/// Somebody who can answer.
pub trait Person {
    /// A token code.
    ///
    /// # Errors
    /// See [`PromptError`].
    fn token_code(&self, question: &Question<'_>) -> Result<TokenCode, PromptError>;

    /// A passphrase.
    ///
    /// # Errors
    /// See [`PromptError`].
    fn secret(&self, question: &SecretQuestion<'_>) -> Result<SecretString, PromptError>;

    /// A yes (`true`) or a no.
    ///
    /// # Errors
    /// See [`PromptError`].
    fn confirm(&self, question: &Confirmation) -> Result<bool, PromptError>;

    /// Shows a line to whoever is at the terminal, if somebody is; never on stdout or stderr.
    fn tell(&self, line: &str);
}

//! Asking a person: the terminal if it is ours, else a window if there is a display, else nobody, at once.
//!
//! The caller owns stdin, stdout and stderr; the person is reached through `/dev/tty` or a dialog and nothing else.
//! Whatever happens while somebody types (Ctrl-C, a caller that gives up, a closed window), the terminal is left
//! exactly as it was, and nothing that was typed stays on it.

mod child;
mod command;
mod desktop;
mod dialog;
mod hidden;
mod proc;
mod reading;
mod requester;
mod signals;
mod terminal;
mod text;
mod wait;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::identity::{ExposeSecret, SecretString, TokenCode};
use crate::port::{Confirmation, Person, PromptError, Question, SecretQuestion};
use crate::profile::PromptMode;
use dialog::Window;
use reading::{Conversation, Echo};
use requester::Requester;
use text::clean;

/// How often somebody may type what is no answer at all.
const TRIES: usize = 3;
const NO_CODE: &str = "a token code is six digits";
const DIFFERENT: &str = "the two are different";

/// Why one way of asking gave no answer.
#[derive(Debug)]
enum Rung {
    /// Nobody can be asked this way, for this reason: the next way.
    Next(String),
    /// Somebody was asked, and this is the end of it.
    End(PromptError),
}

/// Asks whoever sits at this machine.
#[derive(Debug, Clone)]
pub struct Asker {
    home: Option<PathBuf>,
    path: OsString,
    display: bool,
    pinentry: OsString,
    state: Option<PathBuf>,
}

impl Asker {
    /// The person at the terminal or display that this process was started from (`DISPLAY`, `WAYLAND_DISPLAY`,
    /// `PINENTRY_PROGRAM`, `PATH`, `HOME`). Costs nothing until somebody is asked.
    pub fn here() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Asker {
            home: set("HOME").map(PathBuf::from),
            path: set("PATH").unwrap_or_default(),
            display: cfg!(target_os = "macos") || set("DISPLAY").is_some() || set("WAYLAND_DISPLAY").is_some(),
            pinentry: set("PINENTRY_PROGRAM").unwrap_or_else(|| "pinentry".into()),
            state: None,
        }
    }

    /// The same, with a folder of ours for what a killed one of us leaves for the next.
    #[must_use]
    pub fn keeping(self, folder: PathBuf) -> Self {
        Asker { state: Some(folder), ..self }
    }

    /// What is shown before the line that waits.
    fn about(&self, purpose: &str, notes: &[String]) -> Vec<String> {
        let mut lines = vec![format!("role-helper: {}", clean(purpose))];
        if let Some(requester) = Requester::of_this_process(self.home.as_deref()) {
            lines.push(format!("asked by {requester}, as it names itself"));
        }
        lines.extend(notes.iter().map(|note| clean(note)));
        lines
    }

    /// Tries one way after the other, as far as `mode` allows.
    fn climb<T>(
        &self,
        mode: PromptMode,
        terminal: impl FnOnce() -> Result<T, Rung>,
        pinentry: impl FnOnce(PathBuf) -> Result<T, Rung>,
        desktop: impl FnOnce() -> Result<T, Rung>,
    ) -> Result<T, PromptError> {
        let mut reasons = Vec::new();
        if mode == PromptMode::None {
            reasons.push("mfa_prompt is none".to_owned());
        }
        if matches!(mode, PromptMode::Auto | PromptMode::Tty) {
            match terminal() {
                Err(Rung::Next(reason)) => reasons.push(format!("no terminal ({reason})")),
                Err(Rung::End(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
        let mut windows = Vec::new();
        if !self.display && matches!(mode, PromptMode::Auto | PromptMode::Gui) {
            reasons.push("no dialog (no display)".to_owned());
            return Err(PromptError::Unreachable(reasons.join("; ")));
        }
        if matches!(mode, PromptMode::Auto | PromptMode::Pinentry) {
            let answer = match crate::door::process::find(&self.pinentry, &self.path) {
                Some(program) => pinentry(program),
                None => Err(Rung::Next(format!("no {}", clean(&self.pinentry.to_string_lossy())))),
            };
            match answer {
                Err(Rung::Next(reason)) => windows.push(reason),
                Err(Rung::End(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
        if matches!(mode, PromptMode::Auto | PromptMode::Gui) {
            match desktop() {
                Err(Rung::Next(reason)) => windows.push(reason),
                Err(Rung::End(error)) => return Err(error),
                Ok(answer) => return Ok(answer),
            }
        }
        if !windows.is_empty() {
            reasons.push(format!("no dialog ({})", windows.join(", ")));
        }
        Err(PromptError::Unreachable(reasons.join("; ")))
    }

    /// Asks in windows until `accept` takes the answer. An empty one says no.
    fn in_windows<T>(
        &self,
        mut window: Window,
        ask: impl Fn(&Window) -> Result<SecretString, Rung>,
        accept: impl Fn(SecretString) -> Option<T>,
        complaint: &str,
    ) -> Result<T, Rung> {
        for _ in 0..TRIES {
            let answer = ask(&window)?;
            if answer.expose_secret().trim().is_empty() {
                return Err(Rung::End(PromptError::Declined));
            }
            if let Some(answer) = accept(answer) {
                return Ok(answer);
            }
            window.error = Some(complaint.to_owned());
        }
        Err(Rung::End(thrice(complaint)))
    }
}

fn thrice(complaint: &str) -> PromptError {
    PromptError::Failed(format!("no answer in {TRIES} tries: {complaint}"))
}

fn begin(deadline: Duration, state: Option<&Path>) -> Result<Conversation, Rung> {
    Conversation::begin(deadline, state).map_err(Rung::Next)?.map_err(Rung::End)
}

fn above(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn window(lines: Vec<String>, prompt: &str, twice: bool, deadline: Duration) -> Window {
    let until = Instant::now() + deadline;
    Window { lines, error: None, prompt: prompt.to_owned(), twice, until, seconds: deadline.as_secs() }
}

/// A code at the terminal.
fn code_at_terminal(
    lines: &[String],
    label: &str,
    deadline: Duration,
    state: Option<&Path>,
) -> Result<TokenCode, Rung> {
    let mut talk = begin(deadline, state)?;
    let mut shown = above(lines);
    for _ in 0..TRIES {
        let line = talk.ask(&shown, label, Echo::Off).map_err(Rung::End)?;
        let text = line.as_ref().map(|line| line.text().unwrap_or("?").trim());
        match text {
            None | Some("") => return Err(Rung::End(PromptError::Declined)),
            Some(text) => {
                if let Ok(code) = text.parse() {
                    return Ok(code);
                }
            }
        }
        shown = format!("{NO_CODE}\n");
    }
    Err(Rung::End(thrice(NO_CODE)))
}

/// A passphrase at the terminal.
fn secret_at_terminal(
    lines: &[String],
    label: &str,
    twice: bool,
    deadline: Duration,
    state: Option<&Path>,
) -> Result<SecretString, Rung> {
    let mut talk = begin(deadline, state)?;
    let mut shown = above(lines);
    for _ in 0..TRIES {
        let first = talk.ask(&shown, label, Echo::Off).map_err(Rung::End)?;
        let Some(first) = first else { return Err(Rung::End(PromptError::Declined)) };
        let complaint = match first.text() {
            Some("") => return Err(Rung::End(PromptError::Declined)),
            None => "that is no UTF-8 text",
            Some(text) if !twice => return Ok(text.to_owned().into()),
            Some(text) => {
                let again = talk.ask("", "The same again: ", Echo::Off).map_err(Rung::End)?;
                match again.as_ref().map(|again| again.text()) {
                    None => return Err(Rung::End(PromptError::Declined)),
                    Some(again) if again == Some(text) => return Ok(text.to_owned().into()),
                    Some(_) => DIFFERENT,
                }
            }
        };
        shown = format!("{complaint}\n");
    }
    Err(Rung::End(thrice(if twice { DIFFERENT } else { "that is no UTF-8 text" })))
}

/// A yes at the terminal; whatever is no yes is a no.
fn yes_at_terminal(lines: &[String], deadline: Duration, state: Option<&Path>) -> Result<bool, Rung> {
    let mut talk = begin(deadline, state)?;
    let answer = talk.ask(&above(lines), "[y/N] ", Echo::On).map_err(Rung::End)?;
    let text = answer.as_ref().and_then(|line| line.text()).unwrap_or_default().trim().to_ascii_lowercase();
    Ok(matches!(text.as_str(), "y" | "yes"))
}

impl Person for Asker {
    fn token_code(&self, question: &Question<'_>) -> Result<TokenCode, PromptError> {
        let mut notes = question.notes.clone();
        let mut failed = None;
        if let Some(process) = question.mfa_process {
            match command::code_of(process, question.deadline)? {
                Ok(code) => return Ok(code),
                Err(reason) if question.mode == PromptMode::None => return Err(PromptError::Failed(reason)),
                Err(reason) => {
                    notes.push(reason.clone());
                    failed = Some(reason);
                }
            }
        }
        let lines = self.about(&question.purpose, &notes);
        let label = format!("MFA code for {}: ", question.serial);
        let mut in_window = lines.clone();
        in_window.push(label.trim_end_matches([':', ' ']).to_owned());
        let window = window(in_window, "Code:", false, question.deadline);
        let accept = |answer: SecretString| answer.expose_secret().parse().ok();
        let tty = question.mode == PromptMode::Pinentry;
        self.climb(
            question.mode,
            || code_at_terminal(&lines, &label, question.deadline, self.state.as_deref()),
            |program| {
                let ask = |window: &Window| dialog::secret(program.clone(), window, tty);
                self.in_windows(window.clone(), ask, accept, NO_CODE)
            },
            || self.in_windows(window.clone(), |window| desktop::secret(window, &self.path), accept, NO_CODE),
        )
        .map_err(|error| match (error, failed) {
            (PromptError::Unreachable(reasons), Some(failed)) => {
                PromptError::Unreachable(format!("{failed}; {reasons}"))
            }
            (error, _) => error,
        })
    }

    fn secret(&self, question: &SecretQuestion<'_>) -> Result<SecretString, PromptError> {
        let lines = self.about(&question.purpose, question.note.as_slice());
        let label = clean(question.label) + " ";
        let window = window(lines.clone(), label.trim_end(), question.twice, question.deadline);
        let tty = question.mode == PromptMode::Pinentry;
        self.climb(
            question.mode,
            || secret_at_terminal(&lines, &label, question.twice, question.deadline, self.state.as_deref()),
            |program| {
                let ask = |window: &Window| dialog::secret(program.clone(), window, tty);
                self.in_windows(window.clone(), ask, Some, DIFFERENT)
            },
            || self.in_windows(window.clone(), |window| desktop::secret(window, &self.path), Some, DIFFERENT),
        )
    }

    fn confirm(&self, question: &Confirmation) -> Result<bool, PromptError> {
        let lines = self.about(&question.purpose, &[]);
        let window = window(lines.clone(), "", false, question.deadline);
        let tty = question.mode == PromptMode::Pinentry;
        self.climb(
            question.mode,
            || yes_at_terminal(&lines, question.deadline, self.state.as_deref()),
            |program| dialog::confirm(program, &window, tty),
            || desktop::confirm(&window, &self.path),
        )
    }

    fn tell(&self, line: &str) {
        reading::tell(&format!("role-helper: {}", clean(line)));
    }
}

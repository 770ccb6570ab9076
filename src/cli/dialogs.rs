//! Questions of the wizards: a line of text, a choice from a list. Never a secret: those are the person door's.
//!
//! dialoguer puts the terminal in raw mode for one key at a time, so Ctrl-C arrives as a key and is raised as a
//! signal behind it. Here signals only set a flag while a dialog is open, so that the mode and the cursor come back
//! and the exit code is ours.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use dialoguer::console::Term;
use dialoguer::{Input, Select};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::identity::{Failure, Kind};

/// The terminal a wizard talks on.
pub(super) struct Dialogs(Term);

/// What ends a dialog.
#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

struct Interrupts {
    seen: Arc<AtomicBool>,
    deadly: Arc<AtomicBool>,
}

impl Dialogs {
    /// On this terminal.
    ///
    /// # Errors
    /// Where there is none; `instead` is what to type then.
    pub(super) fn open(what: &str, instead: &str) -> Result<Dialogs, Failure> {
        if can_be_asked() {
            return Ok(Dialogs(Term::stderr()));
        }
        Err(Failure::new(Kind::PersonNeeded, format!("{what} must be asked for, and there is no terminal"))
            .hint(instead))
    }

    /// A line of text that `parse` takes; what it does not take is said and asked again.
    ///
    /// # Errors
    /// On Ctrl-C.
    pub(super) fn text<T, E: std::fmt::Display>(
        &self,
        prompt: &str,
        initial: Option<String>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        loop {
            let mut input = Input::<String>::new().with_prompt(prompt).allow_empty(true);
            if let Some(initial) = &initial {
                input = input.with_initial_text(initial);
            }
            let typed = self.guarded(|term| input.interact_text_on(term))?;
            match parse(typed.trim()) {
                Ok(value) => return Ok(value),
                Err(error) => super::output::say(&format!("  {error}")),
            }
        }
    }

    /// The index of the chosen item.
    ///
    /// # Errors
    /// On Ctrl-C.
    pub(super) fn choose(&self, prompt: &str, items: &[String], first: usize) -> Result<usize, Failure> {
        self.guarded(|term| Select::new().with_prompt(prompt).items(items).default(first).interact_on(term))
    }

    fn guarded<T>(&self, dialog: impl FnOnce(&Term) -> Result<T, dialoguer::Error>) -> Result<T, Failure> {
        let interrupts = interrupts()?;
        interrupts.seen.store(false, Ordering::SeqCst);
        interrupts.deadly.store(false, Ordering::SeqCst);
        let result = dialog(&self.0);
        interrupts.deadly.store(true, Ordering::SeqCst);
        let interrupted = interrupts.seen.load(Ordering::SeqCst);
        match result {
            Ok(value) if !interrupted => Ok(value),
            Err(dialoguer::Error::IO(error)) if !interrupted && error.kind() != io::ErrorKind::Interrupted => {
                Err(Failure::new(Kind::PersonNeeded, "the terminal cannot be used").cause(error.to_string()))
            }
            _ => {
                let _ = self.0.show_cursor();
                let _ = self.0.write_line("");
                Err(Failure::new(Kind::Interrupted, "interrupted"))
            }
        }
    }
}

/// Whether stderr is a terminal that is ours: a background job that asked would be stopped, unseen.
fn can_be_asked() -> bool {
    let stderr = io::stderr();
    #[cfg(unix)]
    {
        let ours = rustix::termios::tcgetpgrp(&stderr).is_ok_and(|group| group == rustix::process::getpgrp());
        // Keys are read from stdin if it is a terminal, else from the controlling one, which is stderr's then.
        stderr.is_terminal() && ours
    }
    #[cfg(not(unix))]
    {
        stderr.is_terminal() && io::stdin().is_terminal()
    }
}

/// Outside of dialogs Ctrl-C ends the process as ever.
fn interrupts() -> Result<&'static Interrupts, Failure> {
    static INTERRUPTS: OnceLock<Result<Interrupts, String>> = OnceLock::new();
    let made = INTERRUPTS.get_or_init(|| {
        let (seen, deadly) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let registered = SIGNALS.iter().try_for_each(|&signal| {
            flag::register_conditional_default(signal, Arc::clone(&deadly))?;
            flag::register(signal, Arc::clone(&seen)).map(drop)
        });
        registered.map(|()| Interrupts { seen, deadly }).map_err(|error| error.to_string())
    });
    made.as_ref().map_err(|cause| Failure::new(Kind::PersonNeeded, "Ctrl-C cannot be caught").cause(cause.as_str()))
}

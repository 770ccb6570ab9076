//! Questions of the wizards: a line of text, a choice from a list. Never a secret: those are the person door's.
//!
//! dialoguer puts the terminal in raw mode for one key at a time, so Ctrl-C arrives as a key and is raised as a
//! signal behind it. Here a thread hears signals while a dialog is open and puts mode and cursor right before it
//! ends the process, with our own exit code.

use std::io::{self, IsTerminal};
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
#[cfg(unix)]
use std::time::Duration;

use dialoguer::console::Term;
use dialoguer::{FuzzySelect, Input, Select};

#[cfg(unix)]
use crate::door::clock::SystemClock;
use crate::identity::{Failure, Kind};
#[cfg(unix)]
use crate::port::Clock;

/// The terminal a wizard talks on.
pub(super) struct Dialogs(Term);

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

    /// On the controlling terminal, whatever the standard streams are; none where there is none, or it is not ours.
    pub(super) fn on_controlling_terminal() -> Option<Dialogs> {
        #[cfg(unix)]
        {
            let terminal = controlling_terminal()?;
            Some(Dialogs(Term::read_write_pair(terminal.try_clone().ok()?, terminal)))
        }
        #[cfg(not(unix))]
        {
            can_be_asked().then(|| Dialogs(Term::stderr()))
        }
    }

    /// How wide the terminal is.
    pub(super) fn columns(&self) -> usize {
        self.0.size().1.into()
    }

    /// The index of the item chosen by typing parts of it; nothing of the list stays on the terminal.
    ///
    /// # Errors
    /// On Ctrl-C or Esc.
    pub(super) fn choose_by_typing(&self, prompt: &str, items: &[String]) -> Result<usize, Failure> {
        let menu = || FuzzySelect::new().with_prompt(prompt).items(items).default(0).highlight_matches(false);
        let chosen = self.guarded(|term| menu().report(false).interact_on_opt(term))?;
        chosen.ok_or_else(|| Failure::new(Kind::Interrupted, "nothing was chosen"))
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
        let guard = Guard::up(&self.0)?;
        let result = dialog(&self.0);
        let interrupted = || {
            let _ = self.0.show_cursor();
            Failure::new(Kind::Interrupted, "interrupted")
        };
        match result {
            Ok(value) => Ok(value),
            Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
                guard.has_the_last_word();
                Err(interrupted())
            }
            Err(dialoguer::Error::IO(error)) => {
                Err(Failure::new(Kind::PersonNeeded, "the terminal cannot be used").cause(error.to_string()))
            }
        }
    }
}

/// The controlling terminal, where we are in its foreground: a background job that asked would be stopped, unseen.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the terminal of a dialog is its own door")]
fn controlling_terminal() -> Option<std::fs::File> {
    let terminal = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    let ours = rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp());
    ours.then_some(terminal)
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

/// While it lives, a signal that would end us puts the terminal right first. Outside of dialogs such signals do what
/// they always do.
#[cfg(unix)]
struct Guard(&'static Watch);

#[cfg(unix)]
struct Watch {
    // Whether the signals have their usual effect.
    usual: Arc<AtomicBool>,
    // As the terminal was when the dialog began.
    modes: Mutex<Option<(std::fs::File, rustix::termios::Termios)>>,
}

#[cfg(unix)]
impl Guard {
    fn up(term: &Term) -> Result<Guard, Failure> {
        static WATCH: OnceLock<Result<Watch, String>> = OnceLock::new();
        let watch = WATCH.get_or_init(|| Watch::start(term.clone(), &WATCH).map_err(|error| error.to_string()));
        let watch = watch
            .as_ref()
            .map_err(|cause| Failure::new(Kind::PersonNeeded, "Ctrl-C cannot be caught").cause(cause.as_str()))?;
        *watch.modes() = modes();
        watch.usual.store(false, Ordering::SeqCst);
        Ok(Guard(watch))
    }

    /// Whatever interrupted a dialog was raised as a signal too, and the one who watches ends the process.
    fn has_the_last_word(&self) {
        loop {
            std::thread::park();
        }
    }
}

/// The controlling terminal, whoever's turn it is, and how it is set.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the terminal of a dialog is its own door")]
fn modes() -> Option<(std::fs::File, rustix::termios::Termios)> {
    let terminal = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    let modes = rustix::termios::tcgetattr(&terminal).ok()?;
    Some((terminal, modes))
}

#[cfg(unix)]
impl Drop for Guard {
    fn drop(&mut self) {
        self.0.usual.store(true, Ordering::SeqCst);
    }
}

#[cfg(unix)]
impl Watch {
    /// A thread that waits for the signals: a flag alone would be seen too late by a dialog that began to wait for a
    /// key just then.
    fn start(term: Term, watch: &'static OnceLock<Result<Watch, String>>) -> io::Result<Watch> {
        use signal_hook::{consts, flag, low_level::pipe};
        let usual = Arc::new(AtomicBool::new(true));
        let (mut heard, signalled) = std::os::unix::net::UnixStream::pair()?;
        for signal in [consts::SIGINT, consts::SIGTERM, consts::SIGHUP] {
            flag::register_conditional_default(signal, Arc::clone(&usual))?;
            pipe::register(signal, signalled.try_clone()?)?;
        }
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            let _ = io::Read::read(&mut heard, &mut [0]);
            // The dialog may be about to change the mode for its next key; then it waits, for a key or for us.
            SystemClock.sleep(Duration::from_millis(30));
            if let Some(Ok(watch)) = watch.get()
                && let Some((terminal, modes)) = &*watch.modes()
            {
                let _ = rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, modes);
            }
            let _ = term.show_cursor();
            super::output::say(&format!("\n{}", Failure::new(Kind::Interrupted, "interrupted")));
            std::process::exit(Kind::Interrupted.exit_code().into());
        })?;
        Ok(Watch { usual, modes: Mutex::new(None) })
    }

    fn modes(&self) -> MutexGuard<'_, Option<(std::fs::File, rustix::termios::Termios)>> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(not(unix))]
struct Guard;

#[cfg(not(unix))]
impl Guard {
    fn up(_: &Term) -> Result<Guard, Failure> {
        Ok(Guard)
    }

    fn has_the_last_word(&self) {}
}

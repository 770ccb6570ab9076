//! Questions at the terminal: the lines that are shown, the line that is read, and everything that can happen
//! while a person thinks.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use zeroize::Zeroizing;

use super::hidden::Hidden;
use super::proc;
use super::signals::{Heard, Signals};
use super::terminal::{HIDES, Restore, Terminal, same};
use super::wait::{Woken, wait};
use crate::port::PromptError;

/// The longest line that a terminal in line mode gives: N_TTY_BUF_SIZE of Linux, MAX_CANON elsewhere is less.
const LONGEST: usize = 4096;
/// How long a shell may take to reclaim its terminal after its job has died.
const RECLAIMED: Duration = Duration::from_millis(150);

/// A line that was typed, wiped on drop. It is read into place and never grows, so no copy is left behind.
pub(super) struct Line {
    bytes: Zeroizing<Vec<u8>>,
    len: usize,
}

impl Line {
    fn new() -> Self {
        Line { bytes: Zeroizing::new(vec![0; LONGEST]), len: 0 }
    }

    /// What was typed, without the line's end; `None` if it is no UTF-8.
    pub(super) fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes[..self.len]).ok()?;
        Some(text.trim_end_matches(['\n', '\r']))
    }
}

/// How the answer is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    /// Nothing is shown.
    Off,
    /// As usual.
    On,
}

/// A conversation at the terminal: opened once, asked as often as needed.
pub(super) struct Conversation {
    terminal: Terminal,
    signals: Signals,
    hidden: Option<Hidden>,
    until: Instant,
    seconds: u64,
}

/// How one sitting at the waiting line ended.
enum Sitting {
    Answered(Option<Line>),
    Suspended,
}

impl Conversation {
    /// Opens the terminal and waits for the turn there. The outer error is the reason why nobody can be asked
    /// here, so that another way is tried; the inner one ends the question. `state` is a folder of ours, for what a
    /// killed one leaves for the next.
    pub(super) fn begin(deadline: Duration, state: Option<&Path>) -> Result<Result<Self, PromptError>, String> {
        let mut terminal = Terminal::open()?;
        let until = Instant::now() + deadline;
        let seconds = deadline.as_secs();
        let signals = Signals::catch().map_err(|error| format!("signals cannot be caught: {error}"))?;
        if let Err(error) = terminal.take_turn(&signals, until) {
            return Ok(Err(timed(error, seconds)));
        }
        // Only now: another of us who asked has put it back before it gave its turn away.
        let hidden = state.and_then(|folder| Hidden::of(&terminal, folder));
        if let Some(mut modes) = terminal.modes()
            && let Some(before) = hidden.as_ref().and_then(|hidden| hidden.left_behind(modes.local_modes))
        {
            modes.local_modes = before;
            let _ = terminal.set_modes(&modes);
        }
        terminal.line_mode()?;
        Ok(Ok(Conversation { terminal, signals, hidden, until, seconds }))
    }

    /// Shows `above`, then `label`, and reads a line. `None` if the person closed the input (Ctrl-D).
    pub(super) fn ask(&mut self, above: &str, label: &str, echo: Echo) -> Result<Option<Line>, PromptError> {
        let mut above = above;
        loop {
            match self.sit(above, label, echo).map_err(|error| timed(error, self.seconds))? {
                Sitting::Answered(line) => return Ok(line),
                Sitting::Suspended => {}
            }
            self.terminal.give_turn();
            self.signals.stop_here();
            self.terminal.take_turn(&self.signals, self.until).map_err(|error| timed(error, self.seconds))?;
            if self.terminal.foreground() != Some(true) {
                return Err(taken());
            }
            above = "";
        }
    }

    /// One sitting: hides, shows, reads, and leaves the terminal as it was, whatever happens.
    fn sit(&self, above: &str, label: &str, echo: Echo) -> Result<Sitting, PromptError> {
        let modes = self.terminal.line_mode().map_err(|_| taken())?;
        // Goes after the modes are put back.
        let _noted = self.hidden.as_ref().filter(|_| echo == Echo::Off).map(|hidden| {
            let mut shown = modes.local_modes;
            shown.remove(HIDES);
            hidden.note(modes.local_modes, shown)
        });
        let restore = Restore::later(&self.terminal, modes);
        self.hide(&restore, echo);
        self.say(&format!("{above}{label}"))?;
        // What may be read is a death; of the pipes only their end is of interest.
        let mut callers: Vec<_> = proc::callers_in_our_group().into_iter().map(|fd| (fd, PollFlags::IN)).collect();
        callers.extend(proc::pipes_to_the_caller().into_iter().map(|fd| (fd, PollFlags::empty())));
        let mut line = Line::new();
        let mut overlong = false;
        loop {
            let mut watched = vec![(self.terminal.as_fd(), PollFlags::IN)];
            watched.extend(callers.iter().map(|(caller, event)| (caller.as_fd(), *event)));
            let ready = match wait(&watched, Some(&self.signals), self.until) {
                Woken::Look(ready) => ready,
                Woken::Late => return Err(self.leave(PromptError::TimedOut { seconds: self.seconds })),
            };
            while let Some(heard) = self.signals.next() {
                match heard {
                    Heard::End => return Err(self.leave(PromptError::Interrupted)),
                    Heard::Stop => {
                        self.leave(PromptError::Interrupted);
                        return Ok(Sitting::Suspended);
                    }
                    Heard::Continued if self.terminal.foreground() == Some(true) => {
                        self.hide(&restore, echo);
                        self.say(&format!("\r{label}"))?;
                    }
                    Heard::Continued => {}
                }
            }
            match self.terminal.foreground() {
                Some(true) => {}
                // The shell owns the line now: whatever is typed is for it.
                Some(false) => return Err(taken()),
                None => return Err(PromptError::Interrupted),
            }
            if ready[1..].contains(&true) {
                let mut dead = ready[1..].iter();
                callers.retain(|_| dead.next() != Some(&true));
                if !self.still_ours(&restore) {
                    return Err(taken());
                }
                self.hide(&restore, echo);
                self.say(&format!("\n{label}"))?;
            }
            match self.terminal.read(&mut line.bytes[line.len..]) {
                Ok(None) => continue,
                Ok(Some(0)) if line.len == 0 => {
                    let _ = self.say("\n");
                    return Ok(Sitting::Answered(None));
                }
                Ok(Some(0)) => {}
                Ok(Some(n)) => {
                    line.len += n;
                    if line.len == LONGEST && line.bytes[LONGEST - 1] != b'\n' {
                        // Too long to be an answer; its end is read all the same, or the shell would run it.
                        (line.len, overlong) = (0, true);
                        continue;
                    }
                    if line.bytes[line.len - 1] != b'\n' {
                        continue;
                    }
                }
                // EIO: the foreground was lost between the look and the read.
                Err(_) => return Err(taken()),
            }
            if overlong {
                line = Line::new();
                line.bytes[0] = b'?';
                line.len = 1;
            }
            if echo == Echo::Off {
                let _ = self.say("\n");
            }
            return Ok(Sitting::Answered(Some(line)));
        }
    }

    fn hide(&self, restore: &Restore<'_>, echo: Echo) {
        if echo == Echo::Off {
            let _ = self.terminal.set_modes(&restore.hidden());
        }
    }

    /// Ends a sitting without an answer: half a code must not stay for the shell, nor the cursor in our line.
    fn leave(&self, why: PromptError) -> PromptError {
        if self.terminal.foreground() == Some(true) {
            self.terminal.drop_typed();
            // Not bounded by the question, which may be over: one small write that is not worth waiting for.
            let _ = self.terminal.write("\n", None, Instant::now() + RECLAIMED);
        }
        why
    }

    /// Somebody between the shell and us has died, or closed its end of our pipes. If the shell's job is over, the shell now looks at the modes of
    /// its terminal and keeps what it finds, hidden typing included, so they are put right before it looks, and half
    /// a code is dropped before it becomes half a command; if the foreground stays ours, the question is put again.
    fn still_ours(&self, restore: &Restore<'_>) -> bool {
        if self.terminal.modes().is_some_and(|now| same(&now, &restore.hidden())) {
            let _ = self.terminal.set_modes(restore.modes());
            self.terminal.drop_typed();
        }
        let until = Instant::now() + RECLAIMED;
        while Instant::now() < until {
            if self.terminal.foreground() != Some(true) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Shows text.
    pub(super) fn say(&self, text: &str) -> Result<(), PromptError> {
        self.terminal.write(text, Some(&self.signals), self.until).map_err(|error| timed(error, self.seconds))
    }
}

fn taken() -> PromptError {
    PromptError::Failed("the shell took the terminal back before a code was typed".to_owned())
}

fn timed(error: PromptError, seconds: u64) -> PromptError {
    match error {
        PromptError::TimedOut { .. } => PromptError::TimedOut { seconds },
        other => other,
    }
}

/// Shows a line to whoever is at the terminal, if it is ours and in line mode; nothing else happens.
pub(super) fn tell(line: &str) {
    if let Ok(terminal) = Terminal::open()
        && terminal.line_mode().is_ok()
    {
        let _ = terminal.write(&format!("{line}\n"), None, Instant::now() + RECLAIMED);
    }
}

//! A program that answers on its stdout, run with a deadline: in a process group of its own, so that it is ended
//! with all that it started, and with nothing of ours to read from.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use zeroize::Zeroizing;

use super::signals::Signals;
use super::text::cut;
use super::wait::{Woken, wait};

/// What is kept of its stdout; answers are short.
const MOST: usize = 4096;

/// A program that came to its end.
pub(super) struct Finished {
    stdout: Zeroizing<Vec<u8>>,
    len: usize,
    /// The first line that it wrote to stderr, fit to be shown; empty if there was none.
    pub complaint: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Finished {
    /// What it wrote, without line ends around it; `None` if that is no UTF-8 or too long to be an answer.
    pub(super) fn answer(&self) -> Option<&str> {
        if self.len == MOST {
            return None;
        }
        Some(std::str::from_utf8(&self.stdout[..self.len]).ok()?.trim_matches(['\n', '\r']))
    }
}

/// Why there is no end to speak of.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// Its deadline passed; it was killed.
    Late,
    /// A signal came for us; it was killed.
    Interrupted,
    /// It could not be run.
    NotRun(io::Error),
}

/// Runs it. `heard` is given each line of its stderr as it comes, fit to be shown: a key asks to be touched there.
pub(super) fn run(
    mut command: Command,
    signals: &Signals,
    until: Instant,
    mut heard: impl FnMut(&str),
) -> Result<Finished, Unfinished> {
    // What opens the keyring is no business of a program that shows a code.
    command.env_remove("ROLE_HELPER_PASSPHRASE_FILE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = Group(command.spawn().map_err(Unfinished::NotRun)?);
    let (Some(out), Some(err)) = (child.0.stdout.take(), child.0.stderr.take()) else {
        return Err(Unfinished::NotRun(io::ErrorKind::BrokenPipe.into()));
    };
    for pipe in [out.as_fd(), err.as_fd()] {
        rustix::fs::fcntl_setfl(pipe, OFlags::NONBLOCK).map_err(|errno| Unfinished::NotRun(errno.into()))?;
    }
    let mut stdout = Zeroizing::new(vec![0; MOST]);
    let (mut len, mut out_open, mut err_open) = (0, true, true);
    let mut complaint = String::new();
    let mut line = Vec::new();
    loop {
        // A child that left a grandchild behind with its pipes is done all the same.
        let status = child.0.try_wait().map_err(Unfinished::NotRun)?;
        while out_open {
            let mut beyond = [0; 256];
            let room = if len < MOST { &mut stdout[len..] } else { &mut beyond[..] };
            match rustix::io::read(&out, room) {
                Ok(0) => out_open = false,
                Ok(n) => len = (len + n).min(MOST),
                Err(Errno::INTR) => {}
                Err(errno) => {
                    out_open = errno == Errno::AGAIN;
                    break;
                }
            }
        }
        while err_open {
            let mut some = [0; 512];
            match rustix::io::read(&err, &mut some) {
                Ok(0) => err_open = false,
                Ok(n) => line.extend_from_slice(&some[..n]),
                Err(Errno::INTR) => {}
                Err(errno) => {
                    err_open = errno == Errno::AGAIN;
                    break;
                }
            }
            while let Some(end) = line.iter().position(|byte| *byte == b'\n').or((line.len() > MOST).then_some(MOST)) {
                let text = cut(&String::from_utf8_lossy(&line[..end]), 160);
                line.drain(..=end.min(line.len() - 1));
                if !text.trim().is_empty() {
                    heard(&text);
                    if complaint.is_empty() {
                        complaint = text;
                    }
                }
            }
        }
        if let Some(status) = status {
            if complaint.is_empty() {
                complaint = cut(String::from_utf8_lossy(&line).trim(), 160);
            }
            return Ok(Finished { stdout, len, complaint, status });
        }
        let watched: Vec<_> = [(out_open, out.as_fd()), (err_open, err.as_fd())]
            .into_iter()
            .filter_map(|(open, fd)| open.then_some((fd, PollFlags::IN)))
            .collect();
        // Its end is no event here: with both pipes closed it is looked at often.
        let look = if watched.is_empty() { until.min(Instant::now() + Duration::from_millis(5)) } else { until };
        if wait(&watched, Some(signals), look) == Woken::Late && look == until {
            return Err(Unfinished::Late);
        }
        if signals.end_heard() {
            return Err(Unfinished::Interrupted);
        }
    }
}

/// A child whose whole group ends with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // Once it is reaped its number may belong to others.
        if let Ok(None) = self.0.try_wait() {
            if let Some(group) = Pid::from_raw(self.0.id() as i32) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = self.0.wait();
        }
    }
}

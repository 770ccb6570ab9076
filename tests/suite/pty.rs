//! A terminal with somebody at it: runs a program on a pty, types, reads what appears, and looks at the terminal
//! afterwards.
//!
//! As on a desktop, the program is a job and not the session's leader: between the pty and the program stands a
//! leader that does what a shell does (makes the job's process group, gives it the foreground or not, takes the
//! foreground back when the job stops or ends). It outlives the job, because the kernel resets a terminal when its
//! session's leader exits, and then nothing could be said about the state in which the program left it.

mod device;
mod display;
mod itself;
mod leader;
mod screen;

pub use screen::Modes;

use crate::run::{Gathered, Output, collect, line_of};
use device::{open_pty, pipe};
use leader::{Report, lead, listen};
use screen::Screen;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long [`Session::expect`] and [`Session::wait`] are patient.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A program to be run at a terminal.
pub struct Terminal {
    command: Command,
    piped: bool,
    foreground: bool,
}

impl Terminal {
    /// `command`, whose program is given by its path, in the foreground, its stdin, stdout and stderr the terminal.
    pub fn of(command: Command) -> Self {
        Self { command, piped: false, foreground: true }
    }

    /// As an SDK runs it: stdin, stdout and stderr are pipes, and the terminal is left as `/dev/tty` only. The stdin
    /// pipe stays open and empty unless [`Session::stdin`] is used.
    pub fn piped(mut self) -> Self {
        self.piped = true;
        self
    }

    /// As a background job (`program &`).
    pub fn background(mut self) -> Self {
        self.foreground = false;
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub fn start(mut self) -> Session {
        let said = line_of(&self.command);
        let program = Path::new(self.command.get_program());
        assert!(program.is_file(), "{said}: the program has to be given by its path");
        let (master, slave) = open_pty().expect("a pty");
        let (orders_in, orders) = pipe().expect("a pipe");
        let (reports, reports_out) = pipe().expect("a pipe");
        let streams = |piped: bool| {
            if piped { Stdio::piped() } else { Stdio::from(slave.try_clone().expect("the terminal")) }
        };
        self.command.stdin(streams(self.piped)).stdout(streams(self.piped)).stderr(streams(self.piped));
        let before = Modes::of(&master);
        let fds = (slave.as_raw_fd(), orders_in.as_raw_fd(), reports_out.as_raw_fd());
        let foreground = self.foreground;
        // SAFETY: `lead` makes system calls only, all of them async-signal-safe.
        unsafe {
            self.command.pre_exec(move || lead(fds.0, fds.1, fds.2, foreground));
        }
        let mut leader = self.command.spawn().unwrap_or_else(|error| panic!("{said}: cannot be started: {error}"));
        // Frees the copies of the terminal that the command holds for its streams.
        drop(self.command);
        let gather = |pipe: Option<Box<dyn Read + Send>>| pipe.map(|p| Gathered::new(collect(p)));
        let stdout = gather(leader.stdout.take().map(|p| Box::new(p) as _));
        let stderr = gather(leader.stderr.take().map(|p| Box::new(p) as _));
        let mut session = Session {
            stdin: leader.stdin.take(),
            leader,
            job: 0,
            screen: Screen::of(&master),
            master,
            slave,
            orders: Some(orders),
            reports: listen(reports),
            seen: 0,
            before,
            stdout,
            stderr,
            said,
            started: Instant::now(),
            end: None,
        };
        match session.reports.recv_timeout(PATIENCE) {
            Ok(Report::Job(pid)) => session.job = pid,
            other => panic!("{}: the leader said {other:?}", session.said),
        }
        session
    }
}

/// A program running at a terminal. Everything in the terminal's session is killed when this is dropped.
pub struct Session {
    leader: Child,
    job: i32,
    master: File,
    slave: File,
    orders: Option<File>,
    reports: Receiver<Report>,
    screen: Screen,
    seen: usize,
    before: Modes,
    stdin: Option<ChildStdin>,
    stdout: Option<Gathered>,
    stderr: Option<Gathered>,
    said: String,
    started: Instant,
    end: Option<ExitStatus>,
}

impl Session {
    /// Process id of the program, which is also its process group.
    pub fn pid(&self) -> i32 {
        self.job
    }

    /// Types `text`; `\n` is the Enter key.
    pub fn send(&self, text: &str) -> &Self {
        (&self.master).write_all(text.as_bytes()).expect("the terminal takes keys");
        self
    }

    pub fn ctrl_c(&self) -> &Self {
        self.send("\x03")
    }

    pub fn ctrl_d(&self) -> &Self {
        self.send("\x04")
    }

    pub fn ctrl_z(&self) -> &Self {
        self.send("\x1a")
    }

    /// Waits until `text`, which is within one line, appears after what was expected before; gives what appeared
    /// up to and with it.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        self.expect_within(text, PATIENCE)
    }

    #[track_caller]
    pub fn expect_within(&mut self, text: &str, patience: Duration) -> String {
        let until = Instant::now() + patience;
        let found = self.screen.wait_until(until, |bytes| {
            let rest = &bytes[self.seen..];
            screen::position(rest, text.as_bytes()).map(|at| self.seen + at + text.len())
        });
        let Some(end) = found else {
            panic!("{}: {text:?} did not appear within {patience:?}\n{}", self.said, self.state());
        };
        let passed = self.screen.text(self.seen, end);
        self.seen = end;
        passed
    }

    /// Asserts that nothing appears on the terminal for `while_`.
    #[track_caller]
    pub fn expect_silence(&self, while_: Duration) {
        let had = self.screen.len();
        thread::sleep(while_);
        assert_eq!(had, self.screen.len(), "{}: something appeared\n{}", self.said, self.state());
    }

    /// All that appeared on the terminal so far, echoed keys included, line ends as `\n`.
    pub fn transcript(&self) -> String {
        self.screen.text(0, self.screen.len())
    }

    /// What a person sees on the terminal now: [`Session::transcript`] without what was erased or written over.
    pub fn display(&self) -> String {
        self.screen.display()
    }

    /// The terminal's settings now.
    pub fn modes(&self) -> Modes {
        Modes::of(&self.master)
    }

    /// The process group in the foreground.
    pub fn foreground(&self) -> i32 {
        // SAFETY: a plain system call on an open descriptor.
        unsafe { libc::tcgetpgrp(self.master.as_raw_fd()) }
    }

    /// The shell takes the foreground, as it does when the caller of the program ended before the program.
    pub fn leave_foreground(&self) {
        self.order(b'b');
        self.awaits_foreground(|group| group != self.job);
    }

    /// The shell gives the program the foreground and continues it (`fg`).
    pub fn enter_foreground(&self) {
        self.order(b'f');
        self.awaits_foreground(|group| group == self.job);
    }

    /// The terminal's window is closed: the session ends, the foreground group gets SIGHUP, and reading and writing
    /// the terminal fail from now on. Gives whether the program is gone within `patience`.
    pub fn hang_up(mut self, patience: Duration) -> bool {
        self.order(b'h');
        drop(self.leader.wait());
        crate::run::poll(patience, || (!alive(self.job)).then_some(())).is_some()
    }

    /// Sends a signal (`libc::SIGTERM`, …) to the program alone.
    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain system call.
        unsafe { libc::kill(self.job, signal) };
    }

    /// The program's stdin when it is a pipe; taking it and dropping it closes it.
    pub fn stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// Waits until the program is stopped (Ctrl-Z, or SIGTTIN/SIGTTOU of a background job); gives whether it was
    /// within `patience`. A program that ends meanwhile was not.
    pub fn stopped(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        matches!(self.report(until), Some(status) if status.stopped_signal().is_some())
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub fn wait(self) -> Ended {
        self.wait_within(PATIENCE)
    }

    #[track_caller]
    pub fn wait_within(mut self, patience: Duration) -> Ended {
        let until = Instant::now() + patience;
        let status = loop {
            match self.report(until) {
                Some(status) if status.stopped_signal().is_some() => {}
                Some(status) => break status,
                None => panic!("{}: did not end within {patience:?}\n{}", self.said, self.state()),
            }
        };
        let took = self.started.elapsed();
        let after = self.modes();
        self.screen.settle(&self.slave);
        for pipe in [&mut self.stdout, &mut self.stderr].into_iter().flatten() {
            assert!(
                pipe.drain_until(until),
                "{}: ended, but something it started keeps its stdout or stderr open",
                self.said
            );
        }
        let text = |pipe: &Option<Gathered>| pipe.as_ref().map(Gathered::text).unwrap_or_default();
        Ended {
            transcript: self.transcript(),
            display: self.display(),
            output: Output {
                status,
                stdout: text(&self.stdout),
                stderr: text(&self.stderr),
                said: self.said.clone(),
                took,
            },
            before: self.before.clone(),
            after,
        }
    }

    fn report(&mut self, until: Instant) -> Option<ExitStatus> {
        if let Some(end) = self.end {
            return Some(end);
        }
        let left = until.saturating_duration_since(Instant::now());
        match self.reports.recv_timeout(left) {
            Ok(Report::Status(status)) => {
                if status.stopped_signal().is_none() {
                    self.end = Some(status);
                }
                Some(status)
            }
            Ok(Report::Job(_)) => unreachable!("said once, at the start"),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("{}: its session ended", self.said),
        }
    }

    fn order(&self, order: u8) {
        let mut orders = self.orders.as_ref().expect("orders are open until the drop");
        orders.write_all(&[order]).expect("the leader listens");
    }

    #[track_caller]
    fn awaits_foreground(&self, right: impl Fn(i32) -> bool) {
        crate::run::poll(Duration::from_secs(5), || right(self.foreground()).then_some(()))
            .expect("the foreground changes");
    }

    fn state(&self) -> String {
        format!("on the terminal: {}", self.transcript())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The leader kills the job when its orders end; what else lives in the session dies here.
        self.orders = None;
        let session = self.leader.id() as i32;
        drop(self.leader.wait());
        for pid in session_members(session) {
            // SAFETY: a plain system call.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    }
}

/// What a program left behind, on its terminal too.
#[derive(Debug)]
pub struct Ended {
    /// Status, and stdout and stderr where they were pipes.
    pub output: Output,
    /// All that appeared on the terminal, echoed keys included.
    pub transcript: String,
    /// What a person still sees on the terminal.
    pub display: String,
    pub before: Modes,
    pub after: Modes,
}

impl Ended {
    /// The exit code as a shell counts it.
    pub fn code(&self) -> i32 {
        self.output.code()
    }

    /// Asserts that the terminal is exactly as it was before the program.
    #[track_caller]
    pub fn restored(self) -> Self {
        assert_eq!(self.before, self.after, "the terminal was left changed\n{self}");
        self
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self}");
        self
    }

    /// Asserts that `text` appeared on the terminal.
    #[track_caller]
    pub fn showed(self, text: &str) -> Self {
        assert!(self.transcript.contains(text), "{text:?} never appeared\n{self}");
        self
    }

    /// Asserts that `text` never appeared on the terminal.
    #[track_caller]
    pub fn never_showed(self, text: &str) -> Self {
        assert!(!self.transcript.contains(text), "{text:?} appeared\n{self}");
        self
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\non the terminal: {}", self.output, self.transcript)
    }
}

/// Whether `pid` runs; a process that waits to be reaped does not.
fn alive(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// Processes of the session `session`.
fn session_members(session: i32) -> Vec<i32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, of)| of == session))
        .collect()
}

/// State and session of a process.
fn stat(pid: i32) -> Option<(String, i32)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.to_owned();
    Some((state, fields.nth(2)?.parse().ok()?))
}

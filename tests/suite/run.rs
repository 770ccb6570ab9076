//! Runs one program to its end, without a terminal, and keeps what it printed.
//!
//! Every program becomes the leader of its own session: it has no controlling terminal, even when the tests are
//! started from one, and the whole process group can be killed when its time is up. A program that outlives its
//! deadline fails the test with everything it printed so far.

pub use crate::output::Output;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Time a program has before its process group is killed and the test fails.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A program to be run: what `std::process::Command` says, plus input and a deadline.
pub struct Run {
    command: Command,
    input: Option<Vec<u8>>,
    deadline: Duration,
}

impl Run {
    /// The program as `command` describes it; its stdin is empty unless [`Run::input`] says otherwise.
    pub fn new(command: Command) -> Self {
        Self { command, input: None, deadline: DEADLINE }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub fn without_env(mut self, key: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(key);
        self
    }

    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What the program finds on its stdin, which is a pipe that is then closed.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs to the end.
    pub fn run(self) -> Output {
        self.start().wait()
    }

    /// Starts, to be waited for later: many at once, or killed on the way.
    pub fn start(mut self) -> Running {
        let said = line_of(&self.command);
        self.command
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // SAFETY: setsid is async-signal-safe and touches no memory.
        unsafe {
            self.command.pre_exec(|| {
                if libc::setsid() < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let started = Instant::now();
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{said}: cannot be started: {error}"));
        if let Some(input) = self.input.take() {
            let mut pipe = child.stdin.take().expect("stdin was asked for");
            // A program may leave without reading: a broken pipe is its own business.
            thread::spawn(move || drop(pipe.write_all(&input)));
        }
        let stdout = collect(child.stdout.take().expect("stdout was asked for"));
        let stderr = collect(child.stderr.take().expect("stderr was asked for"));
        Running {
            child,
            stdout: Gathered::new(stdout),
            stderr: Gathered::new(stderr),
            said,
            started,
            deadline: self.deadline,
        }
    }
}

/// A started program; killed with its whole process group when dropped before [`Running::wait`].
pub struct Running {
    child: Child,
    stdout: Gathered,
    stderr: Gathered,
    said: String,
    started: Instant,
    deadline: Duration,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal (`libc::SIGTERM`, …) to the program alone.
    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain system call; the child is not yet reaped, so the pid is still its own.
        unsafe { libc::kill(self.child.id() as i32, signal) };
    }

    /// Whether it has ended, without waiting.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits for the end and for both pipes to be closed. Panics, with what was printed, when the deadline passes.
    pub fn wait(mut self) -> Output {
        let until = self.started + self.deadline;
        let status = wait_until(&mut self.child, until);
        let took = self.started.elapsed();
        let open = |gathered: &mut Gathered| !gathered.drain_until(until);
        let late = match status {
            None => Some("did not end"),
            Some(_) if open(&mut self.stdout) | open(&mut self.stderr) => {
                Some("ended, but something it started keeps its stdout or stderr open")
            }
            Some(_) => None,
        };
        if let Some(late) = late {
            kill_group(self.child.id());
            let soon = Instant::now() + Duration::from_secs(2);
            self.stdout.drain_until(soon);
            self.stderr.drain_until(soon);
            panic!(
                "{}: {late} within {:?}\nstdout: {}\nstderr: {}",
                self.said,
                self.deadline,
                self.stdout.text(),
                self.stderr.text()
            );
        }
        Output {
            status: status.expect("it ended"),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            said: self.said.clone(),
            took,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            kill_group(self.child.id());
            drop(self.child.wait());
        }
    }
}

/// Kills the process group whose leader is `pid`.
pub fn kill_group(pid: u32) {
    // SAFETY: a plain system call.
    unsafe { libc::kill(-(pid as i32), libc::SIGKILL) };
}

/// Waits until `until`; `None` when the child still runs then.
pub fn wait_until(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return Some(status);
        }
        if Instant::now() >= until {
            return None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// Polls `check` until it gives something or `within` has passed.
pub fn poll<T>(within: Duration, mut check: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + within;
    loop {
        if let Some(found) = check() {
            return Some(found);
        }
        if Instant::now() >= until {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Program and arguments of `command` in one line, for messages.
pub fn line_of(command: &Command) -> String {
    let words: Vec<OsString> =
        std::iter::once(command.get_program()).chain(command.get_args()).map(OsStr::to_owned).collect();
    words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Reads a pipe to its end in a thread of its own.
pub fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut chunk = [0; 16 * 1024];
        while let Ok(read @ 1..) = pipe.read(&mut chunk) {
            if send.send(chunk[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    receive
}

/// What [`collect`] has read so far.
pub struct Gathered {
    from: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Gathered {
    pub fn new(from: Receiver<Vec<u8>>) -> Self {
        Self { from, bytes: Vec::new() }
    }

    /// Takes in what comes until the pipe is closed (true) or `until` has passed (false).
    pub fn drain_until(&mut self, until: Instant) -> bool {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.from.recv_timeout(left) {
                Ok(bytes) => self.bytes.extend(bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return true,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn sh(script: &str) -> Run {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        Run::new(command)
    }

    #[test]
    fn output_input_and_codes_come_through() {
        let output = sh("cat; echo err >&2; exit 7").input("hello").run();
        assert_eq!((output.code(), &*output.stdout, &*output.stderr), (7, "hello", "err\n"));
        assert_eq!(sh("kill -TERM $$").run().code(), 143);
    }

    #[test]
    fn there_is_no_terminal() {
        let output = sh("exec 3</dev/tty").run();
        assert_ne!(output.code(), 0, "{output}");
    }

    #[test]
    fn a_hanging_group_is_killed_and_reported() {
        let started = Instant::now();
        let pid_file = tempfile::NamedTempFile::new().unwrap();
        let run = sh("echo before; sleep 600 & echo $! >\"$OUT\"; wait")
            .env("OUT", pid_file.path())
            .deadline(Duration::from_millis(300));
        let panic = catch_unwind(AssertUnwindSafe(|| run.run())).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("did not end") && text.contains("stdout: before"), "{text}");
        assert!(started.elapsed() < Duration::from_secs(5));
        let pid: i32 = std::fs::read_to_string(pid_file.path()).unwrap().trim().parse().unwrap();
        assert!(poll(Duration::from_secs(2), || (!running(pid)).then_some(())).is_some(), "the grandchild lives");
    }

    fn running(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }
}

//! Programs that run beside a test: servers, buses, keyrings.
//!
//! Each is kept by a thread of its own and dies with it: on drop, and also when the tests themselves are killed,
//! since the kernel sends SIGKILL to the child of a thread that ends (programs with file capabilities excepted).

use crate::run::{kill_group, line_of, poll};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub struct Daemon {
    pid: u32,
    said: String,
    log: File,
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Starts `command`, its stdout and stderr in the file `log`.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let said = line_of(&command);
        let file = File::options().read(true).append(true).create(true).open(log).expect("a log file");
        command.stderr(file.try_clone().expect("a log file")).stdout(file.try_clone().expect("a log file"));
        // SAFETY: system calls only, async-signal-safe.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        let (stop, stopped) = channel();
        let (born, birth) = channel();
        let keeper = thread::spawn(move || {
            let child = command.spawn();
            // The command holds copies of the log and of a stdin that may be a pipe.
            drop(command);
            let started = child.as_ref().map(Child::id).map_err(ToString::to_string);
            let alive = born.send(started).is_ok();
            if let Ok(mut child) = child {
                if alive {
                    let _ = stopped.recv();
                }
                kill_group(child.id());
                drop(child.wait());
            }
        });
        let pid = birth
            .recv()
            .expect("the keeper reports")
            .unwrap_or_else(|error| panic!("{said}: cannot be started: {error}; run tests/setup"));
        Self { pid, said, log: file, stop: Some(stop), keeper: Some(keeper) }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal (`libc::SIGSTOP`, …).
    pub fn signal(&self, signal: i32) {
        // SAFETY: a plain system call; the keeper has not reaped the child, so the pid is still its own.
        unsafe { libc::kill(self.pid as i32, signal) };
    }

    /// What it printed so far; the file need not have its name any more.
    pub fn printed(&self) -> String {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 8192]);
        while let Ok(read @ 1..) = self.log.read_at(&mut chunk, bytes.len() as u64) {
            bytes.extend(&chunk[..read]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Polls `check` until it gives something; panics, with what was printed, after 30 s.
    #[track_caller]
    pub fn until<T>(&self, what: &str, check: impl FnMut() -> Option<T>) -> T {
        poll(Duration::from_secs(30), check)
            .unwrap_or_else(|| panic!("{}: {what}: not in time\n{}", self.said, self.printed()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}

//! This process: closed to debuggers and core dumps while it holds secrets, and the caller's state given back to
//! the command it turns into.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Command;

use super::owner::said;
use crate::identity::{Failure, Kind};

/// What the caller had set, to be given back by [`restore_and_exec`].
#[derive(Debug)]
pub struct CallerState {
    #[cfg(unix)]
    unix: unix::State,
}

/// Why a command did not start, with the exit code a shell would give: 127 where there is none of that name, else 126.
#[derive(Debug)]
pub struct NotStarted {
    /// What to tell the person.
    pub failure: Failure,
    /// 126 or 127.
    pub exit_code: u8,
}

/// No core dumps, no debugger of the same user (Linux), umask 077.
pub fn harden() -> CallerState {
    harden_front();
    CallerState {
        #[cfg(unix)]
        unix: unix::harden(),
    }
}

/// What the front may do: it turns into its companion, so it changes nothing that lasts through `execve`.
pub fn harden_front() {
    // Also stops core dumps to a pipe, which a limit of 0 does not, and closes /proc/self to other processes.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Turns this process into the command: the caller's umask, limits and signal mask are given back, the variables
/// changed (none removes one), and the descriptor that `ROLE_HELPER_PASSPHRASE_FILE` names (`3`, `fd:3`) is closed.
/// Returns only where that failed. On Windows, which has no `execve`, waits for the command and exits as it did.
pub fn restore_and_exec(
    state: &CallerState,
    program: &OsStr,
    arguments: &[OsString],
    changes: &[(OsString, Option<OsString>)],
    passphrase_file: Option<&OsStr>,
) -> NotStarted {
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, value) in changes {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    #[cfg(unix)]
    let error = unix::exec(&state.unix, &mut command, passphrase_file.and_then(descriptor));
    #[cfg(not(unix))]
    let error = {
        let _ = (state, passphrase_file);
        match command.status() {
            Ok(status) => std::process::exit(status.code().unwrap_or(1)),
            Err(error) => error,
        }
    };
    not_started(program, &error)
}

fn not_started(program: &OsStr, error: &io::Error) -> NotStarted {
    let missing = error.kind() == io::ErrorKind::NotFound;
    let failure = Failure::new(Kind::Usage, format!("cannot run {}", program.display()));
    let failure = match missing {
        true => failure.cause("there is no such command").hint("check its spelling, or give its path"),
        false => failure.cause(said(error)),
    };
    NotStarted { failure, exit_code: if missing { 127 } else { 126 } }
}

/// The descriptor that a value of `ROLE_HELPER_PASSPHRASE_FILE` names, standard ones aside: those are the caller's
/// for other purposes too.
#[cfg(unix)]
fn descriptor(value: &OsStr) -> Option<i32> {
    let text = value.to_str()?;
    text.strip_prefix("fd:").unwrap_or(text).parse().ok().filter(|&fd| fd > 2)
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use rustix::fs::Mode;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

    pub(super) struct State {
        umask: Mode,
        core: Rlimit,
        mask: libc::sigset_t,
    }

    impl std::fmt::Debug for State {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("State").field("umask", &self.umask).field("core", &self.core).finish_non_exhaustive()
        }
    }

    pub(super) fn harden() -> State {
        let core = getrlimit(Resource::Core);
        // The soft limit alone: a lowered hard one could not be given back.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: core.maximum });
        State { umask: umask(Mode::from_raw_mode(0o077)), core, mask: signal_mask() }
    }

    #[allow(unsafe_code)]
    fn signal_mask() -> libc::sigset_t {
        let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: with no new set only `mask` is written, which is valid for that; all zeroes is a set too.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
            mask.assume_init()
        }
    }

    #[allow(unsafe_code)]
    pub(super) fn exec(state: &State, command: &mut Command, close: Option<i32>) -> io::Error {
        let (creation, core, mask) = (state.umask, state.core, state.mask);
        // SAFETY: nothing is forked here: the closure runs in this very process, after the standard library has
        // prepared for `execve`, and makes system calls only. The descriptor it closes is the one the caller handed
        // over for the passphrase; no object of ours owns it.
        unsafe {
            command.pre_exec(move || {
                umask(creation);
                let _ = setrlimit(Resource::Core, core);
                if let Some(descriptor) = close {
                    libc::close(descriptor);
                }
                libc::pthread_sigmask(libc::SIG_SETMASK, &mask, std::ptr::null_mut());
                Ok(())
            });
        }
        command.exec()
    }
}

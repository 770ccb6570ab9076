//! This process: closed to debuggers and core dumps while it holds secrets, and the caller's state given back to
//! the command it turns into.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use super::owner::said;
use crate::identity::{Failure, Kind};
use crate::wire::environment;

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

/// No core dumps, no debugger of the same user (Linux), umask 077, no death by a closed pipe; a standard stream that
/// the caller closed leads nowhere instead of to the next file that is opened.
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

/// Keeps the descriptor that `ROLE_HELPER_PASSPHRASE_FILE` names (`3`, `fd:3`) from every program that this one starts
/// or becomes.
pub fn keep_to_ourselves(passphrase_file: Option<&OsStr>) {
    #[cfg(unix)]
    if let Some(descriptor) = passphrase_file.and_then(unix::descriptor) {
        unix::close_on_exec(descriptor);
    }
    #[cfg(not(unix))]
    let _ = passphrase_file;
}

/// Turns this process into the command: the caller's umask, limits, signal mask and fate of SIGPIPE are given back, the
/// variables changed (none removes one).
/// Returns only where that failed. On Windows, which has no `execve`, waits for the command and exits as it did.
pub fn restore_and_exec(
    state: &CallerState,
    program: &OsStr,
    arguments: &[OsString],
    changes: &[(OsString, Option<OsString>)],
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
    let error = unix::exec(&state.unix, &mut command);
    #[cfg(not(unix))]
    let error = {
        let _ = state;
        match command.status() {
            Ok(status) => std::process::exit(status.code().unwrap_or(1)),
            Err(error) => error,
        }
    };
    let path = changes.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
    not_started(program, &error, path.unwrap_or_else(|| std::env::var_os("PATH")))
}

/// Starts the command beside us, in a process group of its own, with the caller's umask, limits and signal mask and
/// without what is ours in the environment.
///
/// # Errors
/// As the system says.
pub fn restore_and_start(state: &CallerState, command: &mut Command) -> io::Result<Child> {
    command.env_remove(environment::PASSPHRASE_FILE);
    #[cfg(unix)]
    {
        std::os::unix::process::CommandExt::process_group(command, 0);
        unix::give_back(&state.unix, command);
    }
    #[cfg(not(unix))]
    let _ = state;
    command.spawn()
}

/// A program of this name in the folders of `path` that are absolute: never from the working directory.
pub(super) fn find(name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    #[cfg(unix)]
    let runs = |file: &PathBuf| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    #[cfg(not(unix))]
    let runs = |file: &PathBuf| file.is_file();
    let name = PathBuf::from(name);
    if name.is_absolute() {
        return runs(&name).then_some(name);
    }
    if name.components().count() != 1 {
        return None;
    }
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(&name)).find(runs)
}

fn not_started(program: &OsStr, error: &io::Error, path: Option<OsString>) -> NotStarted {
    let missing = match error.kind() {
        io::ErrorKind::NotFound => true,
        // One folder of PATH that is closed to us makes `execvp` say so of a command that is nowhere.
        io::ErrorKind::PermissionDenied => {
            let named = Path::new(program).components().count() == 1 && !program.as_encoded_bytes().contains(&b'/');
            named && !std::env::split_paths(&path.unwrap_or_default()).any(|folder| folder.join(program).exists())
        }
        _ => false,
    };
    let failure = Failure::new(Kind::Usage, format!("cannot run {}", program.display()));
    let failure = match missing {
        true => failure.cause("there is no such command").hint("check its spelling, or give its path"),
        false => failure.cause(said(error)),
    };
    NotStarted { failure, exit_code: if missing { 127 } else { 126 } }
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::BorrowedFd;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use rustix::fs::{Mode, OFlags};
    use rustix::io::{Errno, FdFlags, fcntl_getfd, fcntl_setfd};
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

    pub(super) struct State {
        umask: Mode,
        core: Rlimit,
        mask: libc::sigset_t,
        broken_pipe: libc::sighandler_t,
        file_limit: libc::sighandler_t,
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
        open_closed_streams();
        State {
            umask: umask(Mode::from_raw_mode(0o077)),
            core,
            mask: signal_mask(),
            broken_pipe: ignore(libc::SIGPIPE),
            file_limit: ignore(libc::SIGXFSZ),
        }
    }

    /// Neither a reader that goes away nor a limit on the size of files (`ulimit -f`) must end us between AWS's answer
    /// and the sealing of it: the write fails, and is told of. What it was before.
    #[allow(unsafe_code)]
    fn ignore(signal: libc::c_int) -> libc::sighandler_t {
        // SAFETY: no handler of ours is set, so none can run.
        unsafe { libc::signal(signal, libc::SIG_IGN) }
    }

    /// Otherwise the next file to be opened would be standard output, and get what is printed. A command that is run
    /// finds them closed again.
    fn open_closed_streams() {
        for number in 0..3 {
            if flags(number) == Err(Errno::BADF) {
                // The lowest number that is free: this one. Never dropped, since it is a standard stream now.
                let opened = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
                let _ = opened.map(std::mem::ManuallyDrop::new);
            }
        }
    }

    #[allow(unsafe_code)]
    fn flags(descriptor: i32) -> rustix::io::Result<FdFlags> {
        // SAFETY: borrowed for one call, which answers EBADF where it is not open.
        fcntl_getfd(unsafe { BorrowedFd::borrow_raw(descriptor) })
    }

    /// The descriptor that a value of `ROLE_HELPER_PASSPHRASE_FILE` names, standard ones aside: those are the caller's
    /// for other purposes too.
    pub(super) fn descriptor(value: &OsStr) -> Option<i32> {
        let text = value.to_str()?;
        text.strip_prefix("fd:").unwrap_or(text).parse().ok().filter(|&fd| fd > 2)
    }

    #[allow(unsafe_code)]
    pub(super) fn close_on_exec(descriptor: i32) {
        // Where it is not open, whoever reads the passphrase says so.
        let Ok(flags) = flags(descriptor) else { return };
        // SAFETY: borrowed for one call; the caller handed it over for the passphrase, and nothing of ours owns it.
        let _ = fcntl_setfd(unsafe { BorrowedFd::borrow_raw(descriptor) }, flags | FdFlags::CLOEXEC);
    }

    #[allow(unsafe_code)]
    pub(super) fn signal_mask() -> libc::sigset_t {
        let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: with no new set only `mask` is written, which is valid for that; all zeroes is a set too.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, std::ptr::null(), mask.as_mut_ptr());
            mask.assume_init()
        }
    }

    pub(super) fn exec(state: &State, command: &mut Command) -> io::Error {
        give_back(state, command);
        command.exec()
    }

    /// What the caller had set, from the moment that the command is started or takes our place.
    #[allow(unsafe_code)]
    pub(super) fn give_back(state: &State, command: &mut Command) {
        let State { umask: creation, core, mask, broken_pipe, file_limit } = *state;
        // SAFETY: the closure runs right before `execve`, in this very process or in a fresh child of it, after the
        // standard library has prepared for it (and reset SIGPIPE), and makes async-signal-safe system calls only. What
        // SIGPIPE is set to is what the caller had: no handler outlives `execve`, so it is the default or ignored.
        unsafe {
            command.pre_exec(move || {
                umask(creation);
                let _ = setrlimit(Resource::Core, core);
                libc::signal(libc::SIGPIPE, broken_pipe);
                libc::signal(libc::SIGXFSZ, file_limit);
                libc::pthread_sigmask(libc::SIG_SETMASK, &mask, std::ptr::null_mut());
                Ok(())
            });
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::fd::AsRawFd;
    use std::process::Stdio;

    use super::*;

    /// Not a test of its own: what a process of this program does, started by those below with these variables.
    #[test]
    fn as_a_process() {
        let Ok(what) = std::env::var("PROCESS_DO") else { return };
        let state = harden();
        if what == "dumpable" {
            let behavior = rustix::process::dumpable_behavior().unwrap();
            assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
            assert_eq!(rustix::process::getrlimit(rustix::process::Resource::Core).current, Some(0));
            return;
        }
        block_a_signal();
        let passphrase = std::env::var_os("PASSPHRASE");
        let changes = [("ADDED".into(), Some("yes".into())), ("PASSPHRASE".into(), None)];
        let words = ["-c".into(), what.into()];
        keep_to_ourselves(passphrase.as_deref());
        let error = restore_and_exec(&state, "sh".as_ref(), &words, &changes);
        panic!("{error:?}");
    }

    #[allow(unsafe_code)]
    fn block_a_signal() {
        // SAFETY: both calls are given a set that this function owns.
        unsafe {
            let mut set = unix::signal_mask();
            libc::sigaddset(&mut set, libc::SIGUSR1);
            libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        }
    }

    /// What `script` prints, run by a hardened process whose caller was a shell that said `before`.
    fn run(before: &str, script: &str) -> String {
        let output = Command::new("sh")
            .args(["-c", &format!("{before}; exec \"$@\""), "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "door::process::tests::as_a_process"])
            .env("PROCESS_DO", script)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn hardened_while_it_is_us() {
        assert!(run(":", "dumpable").contains("1 passed"));
    }

    #[test]
    fn the_command_gets_the_callers_umask_and_limits_back() {
        let printed =
            run("umask 027; ulimit -S -c 1024", "umask; ulimit -c; echo $ADDED; grep SigBlk /proc/self/status");
        for expected in ["0027\n", "1024\n", "yes\n", "SigBlk:\t0000000000000000"] {
            assert!(printed.contains(expected), "{expected} is missing:\n{printed}");
        }
    }

    #[test]
    fn the_passphrase_and_its_descriptor_end_with_us() {
        let file = tempfile::tempfile().unwrap();
        assert!(file.as_raw_fd() > 2);
        let before = "exec 7</dev/null; exec 8</dev/null; export PASSPHRASE=fd:7";
        let printed = run(before, "ls /proc/$$/fd | tr '\\n' ' '; echo [$PASSPHRASE]");
        assert!(!printed.contains(" 7 ") && printed.contains(" 8 ") && printed.contains("[]"), "{printed}");
        assert_eq!(unix::descriptor("3".as_ref()), Some(3));
        assert_eq!(unix::descriptor("fd:0".as_ref()), None);
        assert_eq!(unix::descriptor("/a/file".as_ref()), None);
    }

    #[test]
    fn what_cannot_run_is_told_as_a_shell_tells_it() {
        let code = |program: &str| {
            let error = Command::new(program).spawn().unwrap_err();
            not_started(program.as_ref(), &error, std::env::var_os("PATH")).exit_code
        };
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let with_path = |program: &str, path: &str| not_started(program.as_ref(), &denied, Some(path.into())).exit_code;
        assert_eq!(with_path("no-such-command-at-all", "/root/closed:/bin"), 127);
        assert_eq!(with_path("passwd", "/etc"), 126);
        assert_eq!(code("no-such-command-at-all"), 127);
        assert_eq!(code("/nowhere/sh"), 127);
        assert_eq!(code("/etc/passwd"), 126);
        assert_eq!(code("/tmp"), 126);
    }
}

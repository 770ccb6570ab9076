//! Runs a program under ptrace and kills it at its n-th system call that could leave something half done.
//!
//! Counted are calls that write, make, rename, link, remove or sync files, that lock, and that talk to a keyring, be
//! it the kernel's or one at the other end of a socket; in every thread and child, and across `execve`. A write to a
//! file is two points, before it and with half of it written; something said over a socket is two as well, unsaid
//! and said.

use std::collections::HashSet;
use std::ffi::c_long;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::mem::{size_of, zeroed};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::ptr;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// A program is killed after this long, and the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of a traced program.
pub struct Traced {
    /// The points it came by, such as `rename prod` or `write keyring (half)`.
    pub points: Vec<String>,
    /// Whether it was killed at the last of them.
    pub killed: bool,
    /// The exit code as a shell counts it.
    pub code: i32,
    pub output: String,
}

/// Runs `command` with `input` on its stdin, to its end or to its point `stop`, counted from zero.
#[expect(clippy::zombie_processes, reason = "a tracer waits for its tracees by itself")]
pub fn run(mut command: Command, input: &str, stop: Option<usize>) -> Traced {
    let said = crate::run::line_of(&command);
    let mut out = tempfile::tempfile().expect("a temporary file");
    let stream = || Stdio::from(out.try_clone().expect("a temporary file"));
    command.stdin(Stdio::piped()).stdout(stream()).stderr(stream());
    // SAFETY: system calls only, async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            if libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) < 0 {
                return Err(std::io::Error::last_os_error());
            }
            Ok(())
        });
    }
    #[allow(clippy::zombie_processes, reason = "waited for by its number, as one that is traced has to be")]
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{said}: cannot be started: {error}"));
    // Little enough for the pipe to hold.
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("input");
    let pid = child.id() as i32;
    let (done, finished) = channel::<()>();
    let guard = std::thread::spawn(move || {
        let late = finished.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
        if late {
            kill(pid);
        }
        late
    });
    let mut tracer =
        Tracer { pid, stop, points: Vec::new(), cut: HashSet::new(), after: HashSet::new(), killed: false };
    let code = tracer.follow();
    drop(done);
    assert!(!guard.join().expect("the guard"), "{said}: did not end\n{:?}", tracer.points.last());
    let mut output = String::new();
    out.rewind().expect("the output");
    drop(out.read_to_string(&mut output));
    Traced { points: tracer.points, killed: tracer.killed, code, output }
}

struct Tracer {
    pid: i32,
    stop: Option<usize>,
    points: Vec<String>,
    // Threads that are to be killed when the call they are in returns.
    cut: HashSet<i32>,
    // Threads whose call is counted again when it returns.
    after: HashSet<(i32, String)>,
    killed: bool,
}

impl Tracer {
    /// Until nothing of the program is left; gives the first process's exit code.
    fn follow(&mut self) -> i32 {
        let (mut code, mut known) = (-1, HashSet::new());
        loop {
            let mut status = 0;
            // By process group, and of this thread's only: other tests wait for their own.
            // SAFETY: a plain system call that writes to `status`.
            let tid = unsafe { libc::waitpid(-self.pid, &mut status, libc::__WALL | libc::__WNOTHREAD) };
            if tid < 0 {
                if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted {
                    continue;
                }
                return code;
            }
            if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
                if tid == self.pid {
                    code =
                        if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) };
                }
                continue;
            }
            let signal = libc::WSTOPSIG(status);
            let mut deliver = 0;
            if signal == libc::SIGTRAP | 0x80 {
                self.at_call(tid);
            } else if known.insert(tid) {
                // The first stop: behind execve, or where a thread begins.
                if tid == self.pid {
                    let options = libc::PTRACE_O_TRACESYSGOOD
                        | libc::PTRACE_O_TRACECLONE
                        | libc::PTRACE_O_TRACEFORK
                        | libc::PTRACE_O_TRACEVFORK
                        | libc::PTRACE_O_TRACEEXEC
                        | libc::PTRACE_O_EXITKILL;
                    request(libc::PTRACE_SETOPTIONS, tid, options as usize);
                }
            } else if status >> 16 == 0 {
                deliver = signal as usize;
            }
            request(libc::PTRACE_SYSCALL, tid, deliver);
        }
    }

    fn at_call(&mut self, tid: i32) {
        // SAFETY: all zeroes are a value of it; the kernel writes no more than its size.
        let info: libc::ptrace_syscall_info = unsafe {
            let mut info = zeroed();
            let size = size_of::<libc::ptrace_syscall_info>();
            libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, tid, size, ptr::from_mut(&mut info));
            info
        };
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            if self.cut.remove(&tid) {
                return self.kill();
            }
            let said = self.after.iter().find(|(of, _)| *of == tid).cloned();
            if let Some((_, point)) = said {
                self.after.retain(|(of, _)| *of != tid);
                if self.count(format!("{point} (said)")) {
                    self.kill();
                }
            }
            return;
        }
        // SAFETY: the kernel said that this is the entry of a call.
        let entry = unsafe { info.u.entry };
        let Some((point, kind)) = meaning(tid, entry.nr as c_long, &entry.args) else { return };
        if self.count(point.clone()) {
            return self.kill();
        }
        match kind {
            Kind::Whole => {}
            Kind::Said => drop(self.after.insert((tid, point))),
            Kind::File if entry.args[2] < 2 => {}
            Kind::File => {
                if self.count(format!("{point} (half)")) {
                    halve(tid);
                    self.cut.insert(tid);
                }
            }
        }
    }

    /// Whether this is the point to stop at.
    fn count(&mut self, point: String) -> bool {
        if self.killed || !self.cut.is_empty() {
            return false;
        }
        self.points.push(point);
        self.stop.is_some_and(|stop| stop + 1 == self.points.len())
    }

    fn kill(&mut self) {
        self.killed = true;
        kill(self.pid);
    }
}

enum Kind {
    Whole,
    /// A write of `args[2]` bytes to a file.
    File,
    Said,
}

/// What the call would do, if it is one that is counted.
fn meaning(tid: i32, call: c_long, args: &[u64; 6]) -> Option<(String, Kind)> {
    let fd = || std::fs::read_link(format!("/proc/{tid}/fd/{}", args[0])).unwrap_or_default();
    let of_fd = |verb: &str| format!("{verb} {}", short(&fd().to_string_lossy()));
    let of_path = |verb: &str, at: usize| format!("{verb} {}", short(&text(tid, args[at])));
    let whole = |point| Some((point, Kind::Whole));
    match call {
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev | libc::SYS_sendto | libc::SYS_sendmsg => {
            let to = fd();
            let to = to.to_string_lossy();
            match to.as_ref() {
                // Threads that wake each other.
                _ if to.starts_with("anon_inode:") || to.starts_with("pipe:") => None,
                _ if to.starts_with("socket:") => Some(("say".to_owned(), Kind::Said)),
                _ if call == libc::SYS_writev => whole(of_fd("write")),
                _ => Some((of_fd("write"), Kind::File)),
            }
        }
        libc::SYS_connect => Some(("connect".to_owned(), Kind::Whole)),
        libc::SYS_open if args[1] & libc::O_CREAT as u64 != 0 => whole(of_path("make", 0)),
        libc::SYS_openat if args[2] & libc::O_CREAT as u64 != 0 => whole(of_path("make", 1)),
        libc::SYS_rename => whole(of_path("rename to", 1)),
        libc::SYS_renameat | libc::SYS_renameat2 => whole(of_path("rename to", 3)),
        libc::SYS_link => whole(of_path("link to", 1)),
        libc::SYS_linkat => whole(of_path("link to", 3)),
        libc::SYS_unlink | libc::SYS_rmdir => whole(of_path("remove", 0)),
        libc::SYS_unlinkat => whole(of_path("remove", 1)),
        libc::SYS_mkdir => whole(of_path("folder", 0)),
        libc::SYS_mkdirat => whole(of_path("folder", 1)),
        libc::SYS_ftruncate => whole(of_fd("truncate")),
        libc::SYS_fsync | libc::SYS_fdatasync => whole(of_fd("sync")),
        libc::SYS_flock => whole(of_fd("lock")),
        libc::SYS_fchmod | libc::SYS_fchown => whole(of_fd("mode")),
        libc::SYS_chmod => whole(of_path("mode", 0)),
        libc::SYS_fchmodat => whole(of_path("mode", 1)),
        libc::SYS_add_key | libc::SYS_keyctl | libc::SYS_request_key => whole("kernel keyring".to_owned()),
        _ => None,
    }
}

/// A file's name without what differs from run to run.
fn short(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.ends_with(".tmp") {
        return "a temporary file".to_owned();
    }
    if name.ends_with(" (deleted)") {
        return "the output".to_owned();
    }
    match name.split_once('.') {
        Some((stem, rest)) if stem.len() == 64 => format!("*.{rest}"),
        _ => name.to_owned(),
    }
}

/// The text at an address of the program's.
fn text(tid: i32, at: u64) -> String {
    let mut bytes = [0; 512];
    let read = File::open(format!("/proc/{tid}/mem")).and_then(|memory| memory.read_at(&mut bytes, at)).unwrap_or(0);
    let end = bytes[..read].iter().position(|&b| b == 0).unwrap_or(read);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Makes the write at whose entry the thread is one of half as many bytes.
fn halve(tid: i32) {
    // SAFETY: all zeroes are a value of it; the kernel reads and writes exactly its size.
    unsafe {
        let mut registers: libc::user_regs_struct = zeroed();
        libc::ptrace(libc::PTRACE_GETREGS, tid, 0, ptr::from_mut(&mut registers));
        registers.rdx /= 2;
        libc::ptrace(libc::PTRACE_SETREGS, tid, 0, ptr::from_mut(&mut registers));
    }
}

fn request(request: libc::c_uint, tid: i32, data: usize) {
    // SAFETY: neither of the requests made here takes a pointer. One that fails is for a thread killed meanwhile.
    unsafe { libc::ptrace(request, tid, 0, data) };
}

/// The program and what it started.
fn kill(pid: i32) {
    // SAFETY: a plain system call; the group's leader is not reaped before this thread's `waitpid`.
    unsafe { libc::kill(-pid, libc::SIGKILL) };
}

mod tests {
    use super::*;

    fn sh(script: &str, stop: Option<usize>) -> Traced {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, "in\n", stop)
    }

    #[test]
    fn points_are_counted_and_stopped_at_in_children_too() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        let script = format!("read x; (echo 12345678) >{}; mv {0} {}; exit 3", a.display(), b.display());
        let all = sh(&script, None);
        assert_eq!((all.code, all.killed), (3, false), "{}", all.output);
        let names: Vec<&str> = all.points.iter().map(String::as_str).collect();
        assert_eq!(&names[..3], ["make a", "write a", "write a (half)"], "{names:?}");
        assert!(names[3].starts_with("rename to b"), "{names:?}");

        for (stop, left) in [(0, None), (1, Some("")), (2, Some("1234")), (3, Some("12345678\n"))] {
            drop(std::fs::remove_file(&b));
            drop(std::fs::remove_file(&a));
            let some = sh(&script, Some(stop));
            assert!(some.killed && some.points.len() == stop + 1, "{stop}: {:?}", some.points);
            assert_eq!(std::fs::read_to_string(&a).ok().as_deref(), left, "{stop}");
            assert!(!b.exists());
        }
    }
}

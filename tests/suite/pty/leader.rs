//! The process between the pty and the program: the session's leader, which does for the job what a shell does.
//!
//! It is forked between fork and exec of the program, so it may only make system calls; it takes orders of one byte
//! on one pipe and says what becomes of the job on another.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::RawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What the leader says.
#[derive(Debug)]
pub enum Report {
    Job(i32),
    Status(ExitStatus),
}

pub fn listen(mut from: File) -> Receiver<Report> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut message = [0; 5];
        while from.read_exact(&mut message).is_ok() {
            let number = i32::from_ne_bytes([message[1], message[2], message[3], message[4]]);
            let report = match message[0] {
                b'p' => Report::Job(number),
                _ => Report::Status(ExitStatus::from_raw(number)),
            };
            if send.send(report).is_err() {
                return;
            }
        }
    });
    receive
}

/// Makes the calling process, freshly forked, the leader of a session on `tty`, and forks the job from it. Returns in
/// the job, which goes on to exec; the leader stays in here until its orders end.
///
/// # Safety
/// To be called between fork and exec only.
pub unsafe fn lead(tty: RawFd, orders: RawFd, reports: RawFd, foreground: bool) -> io::Result<()> {
    unsafe {
        if libc::setsid() < 0 || libc::ioctl(tty, libc::TIOCSCTTY, 0) < 0 {
            return Err(io::Error::last_os_error());
        }
        // Without this the kernel stops a background process that sets the foreground group.
        libc::signal(libc::SIGTTOU, libc::SIG_IGN);
        let job = libc::fork();
        if job < 0 {
            return Err(io::Error::last_os_error());
        }
        if job == 0 {
            libc::setpgid(0, 0);
            if foreground {
                libc::tcsetpgrp(tty, libc::getpid());
            }
            libc::signal(libc::SIGTTOU, libc::SIG_DFL);
            return Ok(());
        }
        libc::setpgid(job, job);
        for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGTTIN] {
            libc::signal(signal, libc::SIG_IGN);
        }
        // The job's pipes must close when the job does, so the leader keeps nothing but these three; a copy of the
        // pipe that tells the parent of a failed exec is among what it drops.
        let kept = [orders, reports, tty].map(|fd| libc::fcntl(fd, libc::F_DUPFD, 200));
        for (to, fd) in kept.into_iter().enumerate() {
            libc::dup2(fd, to as i32);
        }
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0);
        report(b'p', job);
        attend(job)
    }
}

/// The leader's life: orders on descriptor 0, reports on 1, the terminal on 2.
unsafe fn attend(job: i32) -> ! {
    let mut running = true;
    unsafe {
        loop {
            let mut ready = libc::pollfd { fd: 0, events: libc::POLLIN, revents: 0 };
            if libc::poll(&mut ready, 1, if running { 3 } else { -1 }) > 0 {
                let mut order = 0_u8;
                let read = libc::read(0, (&raw mut order).cast(), 1);
                match (read, order) {
                    (1, b'b') => {
                        libc::tcsetpgrp(2, libc::getpgrp());
                    }
                    (1, b'f') => {
                        libc::tcsetpgrp(2, job);
                        libc::kill(-job, libc::SIGCONT);
                    }
                    (1, b'h') => libc::_exit(0),
                    (1, _) => {}
                    _ => {
                        if running {
                            libc::kill(-job, libc::SIGKILL);
                        }
                        libc::_exit(0)
                    }
                }
            }
            let mut status = 0;
            if running && libc::waitpid(job, &mut status, libc::WNOHANG | libc::WUNTRACED) == job {
                libc::tcsetpgrp(2, libc::getpgrp());
                running = libc::WIFSTOPPED(status);
                report(b's', status);
            }
        }
    }
}

unsafe fn report(kind: u8, number: i32) {
    let bytes = number.to_ne_bytes();
    let message = [kind, bytes[0], bytes[1], bytes[2], bytes[3]];
    unsafe { libc::write(1, message.as_ptr().cast(), message.len()) };
}

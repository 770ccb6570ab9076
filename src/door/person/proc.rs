//! What Linux's /proc tells of the processes above us. Elsewhere nothing is known, and nothing depends on it.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::FileType;
#[cfg(target_os = "linux")]
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// How far up we look.
pub(super) const GENERATIONS: usize = 32;

/// The part of proc(5) stat that says where a process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Its parent.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
}

/// Where a process stands; `None` if there is no such process, or no /proc.
pub(super) fn standing(pid: u32) -> Option<Standing> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, parentheses too.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Standing { parent, group })
}

/// Handles on our parent, its parent and so on as long as they are in our process group: the callers within the
/// shell's job. Each becomes readable when its process dies.
pub(super) fn callers_in_our_group() -> Vec<OwnedFd> {
    #[cfg(target_os = "linux")]
    {
        let mut found = Vec::new();
        let Some(us) = standing(std::process::id()) else { return found };
        let mut pid = us.parent;
        while found.len() < GENERATIONS
            && let Some(above) = standing(pid)
            && above.group == us.group
            && let Some(handle) = Pid::from_raw(pid as i32).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
        {
            found.push(handle);
            pid = above.parent;
        }
        found
    }
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}

/// Our stdout and stderr where they are pipes: their other end is the caller's, and closes a little before anybody
/// is told of its death, or long before if it only gave up on us. They are watched, never read or written.
pub(super) fn pipes_to_the_caller() -> Vec<OwnedFd> {
    let is_pipe = |fd: &BorrowedFd<'_>| {
        let kind = rustix::fs::fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode));
        matches!(kind, Ok(FileType::Fifo | FileType::Socket))
    };
    let own = [rustix::stdio::stdout(), rustix::stdio::stderr()];
    own.into_iter().filter(is_pipe).filter_map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, 3).ok()).collect()
}

/// The processes whose parent is `parent`.
pub(super) fn children_of(parent: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| standing(*pid).is_some_and(|standing| standing.parent == parent))
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_found_below_us() {
        let mut child = std::process::Command::new("sleep").arg("20").spawn().unwrap();
        let us = std::process::id();
        assert_eq!(standing(child.id()).unwrap().parent, us);
        assert!(children_of(us).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!children_of(us).contains(&child.id()));
    }
}

//! Keeps the long-term key out of swap: its pages are locked in memory, where the system's limit allows that.
//!
//! Pages are not unlocked again, because locks do not nest and a page of the heap holds more than one thing; they end
//! with the process, or with its turning into a command. What the SDK copies while it signs lies on pages of its own.

/// Locks the pages these bytes are on. Where that is refused, they may be swapped out, and the debug log says so.
pub fn keep(bytes: &[u8]) {
    #[cfg(unix)]
    {
        if bytes.is_empty() {
            return;
        }
        let Err(error) = lock(bytes) else { return };
        log::debug!("the key's pages may be swapped out: {error}");
    }
    #[cfg(not(unix))]
    let _ = bytes;
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn lock(bytes: &[u8]) -> rustix::io::Result<()> {
    let page = rustix::param::page_size();
    let start = bytes.as_ptr().map_addr(|address| address & !(page - 1));
    let length = bytes.as_ptr().addr() + bytes.len() - start.addr();
    // SAFETY: the pages are those of a slice that lives; locking them changes nothing that can be read or written.
    unsafe { rustix::mm::mlock(start.cast_mut().cast(), length) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// In KiB.
    fn locked() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmLck")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    #[test]
    fn the_pages_are_locked_even_across_a_border() {
        keep(b"");
        let page = rustix::param::page_size();
        let bytes = vec![1_u8; 4 * page];
        let before = locked();
        keep(&bytes[page..2 * page + 1]);
        assert!(locked() >= before + 2 * page as u64 / 1024, "{before} {}", locked());
    }
}

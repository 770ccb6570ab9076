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

    /// How much of the mapping that holds the address is locked, in KiB. Other tests lock pages of their own meanwhile.
    fn locked_at(address: usize) -> u64 {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|word| word.split_once('-'));
            if let Some((Ok(from), Ok(to))) =
                range.map(|(from, to)| (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16)))
            {
                inside = (from..to).contains(&address);
            } else if inside && line.starts_with("Locked:") {
                return line.split_whitespace().nth(1).unwrap().parse().unwrap();
            }
        }
        panic!("no mapping holds the address");
    }

    #[test]
    fn the_pages_are_locked_even_across_a_border() {
        keep(b"");
        let page = rustix::param::page_size();
        let bytes = vec![1_u8; 4 * page];
        let part = &bytes[page..2 * page + 1];
        keep(part);
        for byte in [&part[0], &part[page]] {
            assert!(locked_at(std::ptr::from_ref(byte).addr()) >= page as u64 / 1024);
        }
    }
}

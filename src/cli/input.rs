//! What people hand over by stdin or a file: keys, codes, policies. Secrets are read into one buffer that is wiped.
#![expect(clippy::disallowed_methods, reason = "files that the command line names are read where it is understood")]

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::identity::{Failure, Kind};

/// More than any key file or policy has; a buffer that never grows leaves no copies behind.
const MOST_BYTES: usize = 64 * 1024;

/// The whole of stdin, as text. `what` says what it should hold.
///
/// # Errors
/// Where it cannot be read, is too long, or is not text.
pub(super) fn stdin(what: &str) -> Result<Zeroizing<String>, Failure> {
    all(unbuffered_stdin().map_err(|error| unreadable("stdin", what, &error.to_string()))?, "stdin", what)
}

/// The first line of stdin without its line break; not a byte more is read, for the rest belongs to whoever comes
/// next.
///
/// # Errors
/// Where it cannot be read, or the line has more than 256 bytes.
pub(super) fn stdin_line(what: &str) -> Result<Zeroizing<String>, Failure> {
    let unreadable = |cause: &str| unreadable("stdin", what, cause);
    let mut stdin = unbuffered_stdin().map_err(|error| unreadable(&error.to_string()))?;
    let mut line = Zeroizing::new([0; 256]);
    let mut length = 0;
    loop {
        let Some(room) = line.get_mut(length..length + 1) else { return Err(unreadable("the line is too long")) };
        match stdin.read(room) {
            Ok(0) => break,
            Ok(_) if line[length] == b'\n' => break,
            Ok(_) => length += 1,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(&error.to_string())),
        }
    }
    let text = std::str::from_utf8(&line[..length]).map_err(|_| unreadable("it is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The whole of a file, as text.
///
/// # Errors
/// As [`stdin`].
pub(super) fn file(path: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    let place = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&place, what, &error.to_string()))?;
    all(file, &place, what)
}

/// The standard library's stdin keeps what it has read in a buffer that is not wiped.
#[cfg(unix)]
fn unbuffered_stdin() -> io::Result<File> {
    use std::os::fd::AsFd;
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn unbuffered_stdin() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

fn all(source: impl Read, place: &str, what: &str) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES + 1));
    source
        .take(MOST_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(place, what, &error.to_string()))?;
    if bytes.len() > MOST_BYTES {
        return Err(unreadable(place, what, &format!("it is longer than {MOST_BYTES} bytes")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(place, what, "it is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn unreadable(place: &str, what: &str, cause: &str) -> Failure {
    Failure::new(Kind::Usage, format!("{what} cannot be read from {place}")).cause(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_or_no_text_is_refused() {
        assert_eq!(all(&b"{}"[..], "x", "y").unwrap().as_str(), "{}");
        let cause = |bytes: &[u8]| all(bytes, "x", "y").unwrap_err().cause_text().unwrap_or_default().to_owned();
        assert!(cause(&vec![b'a'; MOST_BYTES + 1]).contains("longer"));
        assert!(cause(b"\xff\xfe").contains("UTF-8"));
    }
}

//! Standard output and error without a buffer of their own: what was a secret is not left behind in one.

use std::io;

/// Writes all of it to standard output.
///
/// # Errors
/// As the system says, such as a closed pipe.
pub fn put(bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    return write(rustix::stdio::stdout(), bytes);
    #[cfg(not(unix))]
    return io::Write::write_all(&mut io::stdout(), bytes);
}

/// Writes a line to standard error; where that is closed there is nobody to tell.
pub fn complain(text: &str) {
    let line = format!("{text}\n");
    #[cfg(unix)]
    let _ = write(rustix::stdio::stderr(), line.as_bytes());
    #[cfg(not(unix))]
    let _ = io::Write::write_all(&mut io::stderr(), line.as_bytes());
}

#[cfg(unix)]
fn write(to: std::os::fd::BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => (),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

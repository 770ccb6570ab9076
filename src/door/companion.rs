//! The front's last act: to become its companion.
//!
//! The companion is looked for where an installer puts it: beside the front itself, or in the `libexec` folder of the
//! same prefix. Never by `PATH`, never in the working directory: whoever can write there would get every code.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
#[cfg(not(unix))]
use std::process::Command;

use crate::identity::{Failure, Kind};

const NAME: &str = if cfg!(windows) { "role-helper-core.exe" } else { "role-helper-core" };

/// Becomes the companion, with the same arguments, environment, signal mask and limits. Returns only where there is
/// none that starts. `arguments` are our own, the first one as we were called.
pub fn become_companion(arguments: &[OsString]) -> Failure {
    let failure = |cause: String| {
        Failure::new(Kind::Configuration, "role-helper is not installed completely")
            .cause(cause)
            .hint(format!("put {NAME} beside role-helper"))
    };
    let front = match std::env::current_exe() {
        Ok(path) => path,
        Err(error) => return failure(format!("its own path is unknown: {error}")),
    };
    for candidate in candidates(&front) {
        let error = start(&candidate, arguments);
        if error.kind() != io::ErrorKind::NotFound {
            return failure(format!("{} does not start: {error}", candidate.display()));
        }
    }
    failure(format!("there is no {NAME} beside {}", front.display()))
}

fn candidates(front: &Path) -> Vec<PathBuf> {
    // `current_exe` has followed all links, so the folder is where the file really lies.
    let Some(folder) = front.parent() else { return Vec::new() };
    let mut candidates = vec![folder.join(NAME)];
    if let Some(prefix) = folder.parent() {
        candidates.push(prefix.join("libexec/role-helper").join(NAME));
    }
    candidates
}

#[cfg(unix)]
fn start(program: &Path, arguments: &[OsString]) -> io::Error {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    let c_string = |bytes: &[u8]| CString::new(bytes).map_err(|_| io::ErrorKind::InvalidInput);
    let program = c_string(program.as_os_str().as_bytes());
    let arguments: Result<Vec<CString>, _> = arguments.iter().map(|word| c_string(word.as_bytes())).collect();
    let (program, arguments) = match (program, arguments) {
        (Ok(program), Ok(arguments)) => (program, arguments),
        (Err(kind), _) | (_, Err(kind)) => return kind.into(),
    };
    let mut pointers: Vec<*const libc::c_char> = arguments.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // Not `std::process::Command`: it would empty the signal mask and reset SIGPIPE, which are the caller's to set
    // and the companion's to give back.
    #[allow(unsafe_code)]
    // SAFETY: both point to strings that end in NUL, the list ends in a null pointer, and all outlive the call.
    unsafe {
        libc::execv(program.as_ptr(), pointers.as_ptr());
    }
    io::Error::last_os_error()
}

#[cfg(not(unix))]
fn start(program: &Path, arguments: &[OsString]) -> io::Error {
    match Command::new(program).args(arguments.get(1..).unwrap_or_default()).status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_places_and_both_by_the_fronts_own_path() {
        let found = candidates(Path::new("/opt/tools/bin/role-helper"));
        let wanted = ["/opt/tools/bin/role-helper-core", "/opt/tools/libexec/role-helper/role-helper-core"];
        assert_eq!(found, wanted.map(PathBuf::from));
    }
}

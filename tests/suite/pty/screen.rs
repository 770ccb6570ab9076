//! What can be seen of a terminal: what appeared on it, and its settings.

use super::PATIENCE;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

/// A terminal's settings, all of them, to be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Modes {
    input: libc::tcflag_t,
    output: libc::tcflag_t,
    control: libc::tcflag_t,
    local: libc::tcflag_t,
    characters: [libc::cc_t; libc::NCCS],
}

impl Modes {
    pub fn of(terminal: &impl AsRawFd) -> Self {
        // SAFETY: termios is plain data, and tcgetattr fills it.
        let settings = unsafe {
            let mut settings: libc::termios = std::mem::zeroed();
            let result = libc::tcgetattr(terminal.as_raw_fd(), &mut settings);
            assert_eq!(result, 0, "tcgetattr: {}", io::Error::last_os_error());
            settings
        };
        Self {
            input: settings.c_iflag,
            output: settings.c_oflag,
            control: settings.c_cflag,
            local: settings.c_lflag,
            characters: settings.c_cc,
        }
    }

    /// Keys are shown as they are typed.
    pub fn echo(&self) -> bool {
        self.local & libc::ECHO != 0
    }

    /// Line mode.
    pub fn icanon(&self) -> bool {
        self.local & libc::ICANON != 0
    }

    /// Ctrl-C and Ctrl-Z are signals.
    pub fn isig(&self) -> bool {
        self.local & libc::ISIG != 0
    }
}

/// What appears on the terminal, read all the time by a thread.
pub struct Screen {
    shared: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

/// Written to the terminal after the program's end, to know when all before it was read.
const END: &[u8] = b"\x1e\x1fend of the session\x1f\x1e";

impl Screen {
    pub fn of(master: &File) -> Self {
        let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let mut from = master.try_clone().expect("the terminal");
        let to = Arc::clone(&shared);
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                match from.read(&mut chunk) {
                    Ok(read @ 1..) => {
                        to.0.lock().expect("the screen").extend(&chunk[..read]);
                        to.1.notify_all();
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // EIO: nothing has the terminal open any more.
                    _ => return,
                }
            }
        });
        Self { shared }
    }

    pub fn wait_until<T>(&self, until: Instant, mut check: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        let mut bytes = self.shared.0.lock().expect("the screen");
        loop {
            if let Some(found) = check(&bytes) {
                return Some(found);
            }
            let left = until.checked_duration_since(Instant::now())?;
            bytes = self.shared.1.wait_timeout(bytes, left).expect("the screen").0;
        }
    }

    /// Waits until all that was written to the terminal has been read.
    pub fn settle(&self, mut slave: &File) {
        slave.write_all(END).expect("the terminal is open");
        let until = Instant::now() + PATIENCE;
        let at = self.wait_until(until, |bytes| position(bytes, END));
        let at = at.expect("what is written to a terminal can be read");
        let mut bytes = self.shared.0.lock().expect("the screen");
        bytes.drain(at..at + END.len());
    }

    pub fn len(&self) -> usize {
        self.shared.0.lock().expect("the screen").len()
    }

    pub fn display(&self) -> String {
        super::display::display(&self.shared.0.lock().expect("the screen"))
    }

    pub fn text(&self, from: usize, to: usize) -> String {
        let bytes = self.shared.0.lock().expect("the screen");
        String::from_utf8_lossy(&bytes[from..to]).replace("\r\n", "\n")
    }
}

pub fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

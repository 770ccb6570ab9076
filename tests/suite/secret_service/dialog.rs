//! A desktop's unlock dialog to which nobody attends: it owns the name that gnome-keyring asks to unlock a keyring,
//! takes the call and never answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

const NAME: &str = "org.gnome.keyring.SystemPrompter";

/// Gone when dropped.
pub struct Dialog {
    stream: UnixStream,
    asked: Arc<AtomicUsize>,
    reader: Option<JoinHandle<()>>,
}

impl Dialog {
    pub fn on(bus: &Path) -> Self {
        let mut stream = UnixStream::connect(bus).expect("the bus");
        let uid = rustix::process::geteuid().as_raw().to_string();
        let hex: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        write!(stream, "\0AUTH EXTERNAL {hex}\r\n").expect("the bus listens");
        let mut reader = BufReader::new(stream.try_clone().expect("the bus"));
        let mut answer = String::new();
        reader.read_line(&mut answer).expect("the bus answers");
        assert!(answer.starts_with("OK "), "{answer}");
        stream.write_all(b"BEGIN\r\n").expect("the bus listens");
        stream.write_all(&call("Hello", 1, "", &[])).expect("the bus listens");
        let mut body = string(NAME);
        pad(&mut body, 4);
        // Flag 4: rather fail than queue for the name.
        body.extend(4_u32.to_le_bytes());
        let request = call("RequestName", 2, "su", &body);
        stream.write_all(&request).expect("the bus listens");
        // The bus says NameAcquired, with the name in it, to whom it has given it.
        let mut heard = Vec::new();
        let mut chunk = [0; 4096];
        while !holds(&heard, b"NameAcquired") || !holds(&heard, NAME.as_bytes()) {
            let read = reader.read(&mut chunk).expect("the bus answers");
            assert_ne!(read, 0, "the bus hung up");
            heard.extend(&chunk[..read]);
        }
        let asked = Arc::<AtomicUsize>::default();
        let counts = Arc::clone(&asked);
        let reader = thread::spawn(move || {
            while let Ok(read @ 1..) = reader.read(&mut chunk) {
                let questions = memchr::memmem::find_iter(&chunk[..read], b"BeginPrompting").count();
                counts.fetch_add(questions, Ordering::SeqCst);
            }
        });
        Self { stream, asked, reader: Some(reader) }
    }

    /// How many times somebody was to be asked so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Dialog {
    fn drop(&mut self) {
        drop(self.stream.shutdown(std::net::Shutdown::Both));
        drop(self.reader.take().map(JoinHandle::join));
    }
}

/// A method call to the bus itself, little-endian.
fn call(member: &str, serial: u32, signature: &str, body: &[u8]) -> Vec<u8> {
    let mut fields = Vec::new();
    for (code, kind, value) in [
        (1, b'o', "/org/freedesktop/DBus"),
        (2, b's', "org.freedesktop.DBus"),
        (3, b's', member),
        (6, b's', "org.freedesktop.DBus"),
    ] {
        pad(&mut fields, 8);
        fields.extend([code, 1, kind, 0]);
        fields.extend(string(value));
    }
    if !signature.is_empty() {
        pad(&mut fields, 8);
        fields.extend([8, 1, b'g', 0, signature.len() as u8]);
        fields.extend(signature.as_bytes());
        fields.push(0);
    }
    let mut message = vec![b'l', 1, 0, 1];
    for number in [body.len() as u32, serial, fields.len() as u32] {
        message.extend(number.to_le_bytes());
    }
    message.extend(fields);
    pad(&mut message, 8);
    message.extend(body);
    message
}

fn string(value: &str) -> Vec<u8> {
    let mut bytes = (value.len() as u32).to_le_bytes().to_vec();
    bytes.extend(value.as_bytes());
    bytes.push(0);
    bytes
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

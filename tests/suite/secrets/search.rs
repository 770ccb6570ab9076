//! Known secrets, each in the forms in which it could lie somewhere, and the search for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What is searched for.
#[derive(Default)]
pub struct Known(BTreeMap<Vec<u8>, String>);

impl Known {
    /// As it stands, in base64 (at any offset), hexadecimal, and as URLs carry it.
    pub fn secret(&mut self, name: &str, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let url: String = bytes
            .iter()
            .map(|&b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into(), hex.into(), url.into()];
        for offset in 0..3 {
            let shifted = [&vec![0; offset], bytes].concat();
            let text = STANDARD.encode(shifted);
            // The first and last characters depend on what stands before and behind.
            forms.push(text.as_bytes()[4.min(offset * 4)..text.trim_end_matches('=').len() - 2].to_vec());
        }
        for form in forms {
            self.0.insert(form, name.to_owned());
        }
    }

    /// Six digits, which are only looked for where no digit stands beside them.
    pub fn code(&mut self, digits: &str) {
        self.0.insert(digits.into(), format!("token code {digits}"));
    }

    /// The names of those in `bytes`, but for those whose name begins with one of `due`.
    pub fn within(&self, bytes: &[u8], due: &[&str]) -> Vec<&str> {
        let mut found: Vec<&str> = self
            .0
            .iter()
            .filter(|(form, name)| !due.iter().any(|due| name.starts_with(due)) && holds(bytes, form))
            .map(|(_, name)| name.as_str())
            .collect();
        found.dedup();
        found
    }

    #[track_caller]
    pub fn absent(&self, place: &str, bytes: &[u8], due: &[&str]) {
        let found = self.within(bytes, due);
        assert!(found.is_empty(), "{place} holds {found:?}:\n{}", String::from_utf8_lossy(bytes));
    }
}

fn holds(bytes: &[u8], form: &[u8]) -> bool {
    let digits = form.len() == 6 && form.iter().all(u8::is_ascii_digit);
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    memchr::memmem::find_iter(bytes, form)
        .any(|at| !digits || !(digit(at.checked_sub(1)) || digit(Some(at + form.len()))))
}

/// Programs, each with its command line and environment.
type Seen = BTreeSet<(PathBuf, Vec<u8>)>;

/// Looks at the command line and the environment of every process whose environment names a folder, for as long as it
/// lives.
pub struct Watch {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    watcher: Option<JoinHandle<()>>,
}

impl Watch {
    pub fn of(folder: PathBuf) -> Self {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::<Mutex<Seen>>::default());
        let (stopped, sees) = (Arc::clone(&stop), Arc::clone(&seen));
        let watcher = thread::spawn(move || {
            let mark = folder.into_os_string().into_encoded_bytes();
            while !stopped.load(Ordering::Relaxed) {
                for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
                    let environment = read("environ");
                    if memchr::memmem::find(&environment, &mark).is_some() {
                        let program = fs::read_link(entry.path().join("exe")).unwrap_or_default();
                        let both = [read("cmdline"), environment].concat();
                        sees.lock().unwrap().insert((program, both));
                    }
                }
                thread::sleep(Duration::from_millis(3));
            }
        });
        Self { stop, seen, watcher: Some(watcher) }
    }

    /// Program, and its command line and environment.
    pub fn seen(mut self) -> Vec<(PathBuf, Vec<u8>)> {
        self.stop.store(true, Ordering::Relaxed);
        self.watcher.take().unwrap().join().unwrap();
        std::mem::take(&mut *self.seen.lock().unwrap()).into_iter().collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let mut known = Known::default();
    known.secret("key", b"wJalrXUtnFEMI/K7MDENG");
    known.code("123456");
    for text in
        ["xwJalrXUtnFEMI/K7MDENGx", "wJalrXUtnFEMI%2FK7MDENG", "774a616c7258557" /* cut short */, "a 123456\n"]
    {
        let found = known.within(text.as_bytes(), &[]);
        assert_eq!(found.is_empty(), text.ends_with("557"), "{text}: {found:?}");
    }
    for before in ["", "a", "ab"] {
        let encoded = STANDARD.encode(format!("{before}wJalrXUtnFEMI/K7MDENG and more"));
        assert_eq!(known.within(encoded.as_bytes(), &[]), ["key"], "{before}");
    }
    assert!(known.within(b"9123456 1234567", &[]).is_empty());
    assert!(known.within(b"wJalrXUtnFEMI/K7MDENG", &["key"]).is_empty());
}

//! The browser, given an address that leads to the secret one: of a redirect on loopback where the kernel says whose
//! a connection is (Linux), else of a page that only we can read.
//!
//! The redirect also reaches browsers that see neither our folders nor /tmp (snap, flatpak) and those at the other
//! end of a remote editor. The page is for systems without such a table of connections, and for a browser on the
//! Windows side of WSL, whose connections are nobody's.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::loopback::{self, Redirect};
use super::variable;
use crate::door::files;
use crate::door::places::Places;
use crate::door::process::{self, CallerState};
use crate::identity::{Failure, Kind};
use crate::wire::SecretText;
use crate::wire::console::redirect_page;

/// How long a browser may take to ask, from nothing on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a page lies there: nobody says when it was read.
const PAGE_LIES: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A way to open an address.
#[derive(Debug)]
pub struct Browser {
    program: PathBuf,
    before: Vec<OsString>,
    by_page: bool,
}

impl Browser {
    /// `BROWSER`, else the desktop's opener.
    ///
    /// # Errors
    /// Where there is no display, or nothing that opens an address.
    pub fn find() -> Result<Self, Failure> {
        let path = variable("PATH").unwrap_or_default();
        let wsl = variable("WSL_DISTRO_NAME").is_some();
        let by_page = wsl || !loopback::is_possible();
        if let Some((program, before)) = variable("BROWSER").and_then(|listed| of_variable(&listed, &path)) {
            return Ok(Browser { program, before, by_page });
        }
        let nobody = |cause: &str| {
            Failure::new(Kind::PersonNeeded, "no browser can be opened here")
                .cause(cause)
                .hint("--print to open the address elsewhere, or --copy")
        };
        let openers: &[(&str, &[&str])] = if cfg!(target_os = "macos") {
            &[("open", &[])]
        } else if cfg!(windows) {
            &[("rundll32.exe", &["url.dll,FileProtocolHandler"])]
        } else if wsl {
            &[("wslview", &[])]
        } else if variable("DISPLAY").is_none() && variable("WAYLAND_DISPLAY").is_none() {
            return Err(nobody("there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set"));
        } else {
            &[("xdg-open", &[]), ("gio", &["open"]), ("x-www-browser", &[])]
        };
        openers
            .iter()
            .find_map(|(name, before)| Some((process::find(name.as_ref(), &path)?, before)))
            .map(|(program, before)| Browser { program, before: before.iter().map(OsString::from).collect(), by_page })
            .ok_or_else(|| {
                let names: Vec<&str> = openers.iter().map(|(name, _)| *name).collect();
                nobody(&format!("none of {} is on PATH", names.join(", ")))
            })
    }

    /// Opens the address; waits until the browser has it.
    ///
    /// # Errors
    /// Where the browser does not start, or does not ask for it in time.
    pub fn open(&self, address: SecretText, places: &Places, caller: &CallerState) -> Result<(), Failure> {
        sweep(places);
        if self.by_page {
            return self.open_page(&address, places, caller);
        }
        let redirect = Redirect::to(address).map_err(|error| self.failed(&format!("no port to listen on: {error}")))?;
        let mut child = Some(self.start(redirect.page().as_ref(), caller)?);
        let until = Instant::now() + PATIENCE;
        while !redirect.turn() {
            self.still_good(&mut child)?;
            if Instant::now() >= until {
                return Err(self.failed(&format!("it did not ask for the page within {} s", PATIENCE.as_secs())));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn open_page(&self, address: &SecretText, places: &Places, caller: &CallerState) -> Result<(), Failure> {
        let page = Page(places.pages_dir().join(format!("console-{}.html", files::unique())));
        files::write_own(&page.0, redirect_page(address).expose().as_bytes())?;
        let mut child = Some(self.start(page.0.as_os_str(), caller)?);
        let until = Instant::now() + PAGE_LIES;
        while Instant::now() < until {
            self.still_good(&mut child)?;
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn start(&self, what: &OsStr, caller: &CallerState) -> Result<Child, Failure> {
        let mut command = Command::new(&self.program);
        let placed = self.before.iter().any(|word| word == "%s");
        for word in &self.before {
            command.arg(if word == "%s" { what } else { word });
        }
        if !placed {
            command.arg(what);
        }
        // What a browser says to a terminal is of no use to anybody.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        process::restore_and_start(caller, &mut command).map_err(|error| self.failed(&error.to_string()))
    }

    /// An opener that ends well has passed the address on; one that ends badly has not.
    fn still_good(&self, child: &mut Option<Child>) -> Result<(), Failure> {
        let Some(running) = child else { return Ok(()) };
        match running.try_wait() {
            Ok(Some(status)) if !status.success() => Err(self.failed(&status.to_string())),
            Ok(Some(_)) => {
                *child = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, why: &str) -> Failure {
        Failure::new(Kind::PersonNeeded, "the browser was not opened")
            .cause(format!("{}: {why}", self.program.display()))
            .hint("--print to open the address by hand, or --copy")
    }
}

/// A page that is gone when this is dropped.
struct Page(PathBuf);

impl Drop for Page {
    fn drop(&mut self) {
        // One that stays is swept by the next run; its address is spent or old by then.
        let _ = files::remove_own(&self.0);
    }
}

/// Removes what a run left that was killed.
fn sweep(places: &Places) {
    let folder = places.pages_dir();
    for name in files::names_in(&folder).unwrap_or_default() {
        let page = folder.join(name);
        let old = |path: &Path| path.metadata().ok()?.modified().ok()?.elapsed().ok();
        if old(&page).is_some_and(|age| age > PATIENCE) {
            let _ = files::remove_own(&page);
        }
    }
}

/// The first command of `BROWSER` that there is: commands between colons, `%s` for the address.
fn of_variable(listed: &OsStr, path: &OsStr) -> Option<(PathBuf, Vec<OsString>)> {
    listed.to_str()?.split(':').find_map(|command| {
        let mut words = command.split_ascii_whitespace();
        let program = process::find(words.next()?.as_ref(), path)?;
        Some((program, words.map(OsString::from).collect()))
    })
}

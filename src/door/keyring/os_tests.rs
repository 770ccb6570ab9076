//! The platform's keyring and the choice against the real gnome-keyring on a D-Bus of its own. The address is a
//! variable of the process, so this test binary plays the process, run again for each call.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::door::kernel::{FILE_KEYRING, KernelKeyring};
use crate::door::keyring::open;
use crate::door::places::Places;
use crate::door::surroundings::Surroundings;
use crate::identity::{SecretString, TokenCode};
use crate::port::{Confirmation, Person, PromptError, Question, SecretQuestion};
use crate::profile::PromptMode;

struct Nobody;

impl Person for Nobody {
    fn token_code(&self, _: &Question<'_>) -> Result<TokenCode, PromptError> {
        Err(PromptError::Unreachable("nobody".to_owned()))
    }

    fn secret(&self, _: &SecretQuestion<'_>) -> Result<SecretString, PromptError> {
        Err(PromptError::Unreachable("nobody".to_owned()))
    }

    fn confirm(&self, _: &Confirmation) -> Result<bool, PromptError> {
        Err(PromptError::Unreachable("nobody".to_owned()))
    }

    fn tell(&self, _: &str) {}
}

fn key() -> Item {
    Item::AccessKey("AKIAIOSFODNN7EXAMPLE".parse().unwrap())
}

#[test]
fn played_by_another_process() {
    let Ok(action) = std::env::var("KEYRING_TEST_PLAY") else { return };
    let surroundings = Surroundings::read().unwrap();
    let places = Places::new(&surroundings).unwrap();
    let keyring = open(&places, &surroundings, PromptMode::Auto, &Nobody);
    let secret = |text: &str| SecretBytes::from(text.as_bytes().to_vec());
    let shown = |value: Option<SecretBytes>| value.map(|v| String::from_utf8_lossy(v.expose_secret()).into_owned());
    let before = Instant::now();
    let outcome = match action.as_str() {
        "put" => format!("{:?}", keyring.put(&key(), &secret("kept"))),
        "replace" => format!("{:?}", keyring.put(&key(), &secret("new"))),
        "get" => format!("{:?}", keyring.get(&key()).map(shown)),
        "delete" => format!("{:?}", keyring.delete(&key())),
        "thrice" => format!("{:?}", [1, 2, 3].map(|_| keyring.get(&key()).map(shown))),
        "data key" => {
            keyring.put(&Item::DataKey, &secret("\u{0}\u{ff}")).unwrap();
            format!("{:?}", keyring.get(&Item::DataKey).map(shown))
        }
        other => panic!("{other}"),
    };
    let standing = keyring.standing();
    println!("PLAYED {outcome} by {:?} in {} s", standing.store, before.elapsed().as_secs());
}

/// A bus of its own, and perhaps a service on it; both end with it.
struct Bus {
    folder: tempfile::TempDir,
    bus: Child,
    service: Option<Child>,
}

impl Bus {
    fn new() -> Bus {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        for part in ["home", "run", "data", "role-helper"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        let own = folder.path().join("role-helper");
        std::fs::set_permissions(own, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let socket = folder.path().join("bus");
        // No service folders: nothing is started by a call.
        let rules = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy \
             context='default'><allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/></policy></busconfig>",
            socket.display()
        );
        let file = folder.path().join("bus.conf");
        std::fs::write(&file, rules).unwrap();
        let bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", file.display()))
            .args(["--nofork", "--nopidfile"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the bus", || socket.exists());
        Bus { folder, bus, service: None }
    }

    fn with_service(unlocked: bool) -> Bus {
        let mut bus = Bus::new();
        bus.start(unlocked);
        bus
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let part = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", part("home"))
            .env("XDG_RUNTIME_DIR", part("run"))
            .env("XDG_DATA_HOME", part("data"))
            .env("ROLE_HELPER_HOME", part("role-helper"))
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", part("bus").display()))
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// The service as after a log-in with the password, or without.
    fn start(&mut self, unlocked: bool) {
        self.stop();
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).stdout(Stdio::null());
        if unlocked {
            let password = self.folder.path().join("password");
            std::fs::write(&password, "the keyring's password").unwrap();
            command.arg("--unlock").stdin(std::fs::File::open(password).unwrap());
        }
        self.service = Some(command.spawn().unwrap());
        until("the service", || {
            let ask = ["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"];
            let output = self
                .command("dbus-send")
                .args(ask)
                .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
                .output()
                .unwrap();
            String::from_utf8_lossy(&output.stdout).contains("boolean true")
        });
    }

    fn stop(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill().unwrap();
            service.wait().unwrap();
        }
    }

    fn play(&self, action: &str, environment: &[(&str, &str)]) -> String {
        let output = self
            .command(std::env::current_exe().unwrap())
            .args(["--exact", "door::keyring::os::tests::played_by_another_process", "--nocapture"])
            .env("KEYRING_TEST_PLAY", action)
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let played = stdout.lines().find_map(|line| Some(line.split_once("PLAYED ")?.1.to_owned()));
        played.unwrap_or_else(|| panic!("{action}: {output:?}"))
    }

    fn passphrase(&self) -> String {
        let path = self.folder.path().join("passphrase");
        std::fs::write(&path, "open sesame").unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn has_file_keyring(&self) -> bool {
        self.folder.path().join("role-helper/keyring").exists()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
        // A user has 200 kernel keys in all.
        let own = self.folder.path().join("role-helper");
        let surroundings = Surroundings::of(&|name| (name == "ROLE_HELPER_HOME").then(|| own.clone().into())).unwrap();
        let kernel = KernelKeyring::new(&Places::new(&surroundings).unwrap().folder_id());
        let _ = kernel.forget(FILE_KEYRING);
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const OS: (&str, &str) = ("ROLE_HELPER_KEYRING", "os");

#[test]
fn unlocked_it_keeps_replaces_and_forgets() {
    let bus = Bus::with_service(true);
    assert!(bus.play("get", &[]).starts_with("Ok(None) by Some(Os)"));
    assert!(bus.play("delete", &[]).starts_with("Ok(false)"));
    assert!(bus.play("put", &[]).starts_with("Ok(()) by Some(Os)"));
    assert!(bus.play("get", &[]).starts_with("Ok(Some(\"kept\"))"));
    assert!(bus.play("replace", &[]).starts_with("Ok(())"));
    assert!(bus.play("get", &[]).starts_with("Ok(Some(\"new\"))"));
    assert!(bus.play("data key", &[]).starts_with("Ok(Some(\"\\0ÿ\"))"));
    // An independent client finds it by the attributes we promise, as base64.
    let lookup = ["lookup", "service", "role-helper", "username", "key:AKIAIOSFODNN7EXAMPLE"];
    let output = bus.command("secret-tool").args(lookup).output().unwrap();
    assert_eq!(output.stdout, STANDARD.encode("new").as_bytes());
    assert!(bus.play("delete", &[]).starts_with("Ok(true)"));
    assert!(bus.play("get", &[]).starts_with("Ok(None)"));
    assert!(!bus.has_file_keyring());
}

#[test]
fn locked_without_a_display_it_is_an_error_at_once_and_no_second_store_begins() {
    let mut bus = Bus::with_service(true);
    bus.play("put", &[]);
    bus.start(false);
    let passphrase = bus.passphrase();
    for environment in [&[][..], &[OS], &[("ROLE_HELPER_PASSPHRASE_FILE", passphrase.as_str())]] {
        for action in ["get", "put", "delete"] {
            let played = bus.play(action, environment);
            assert!(played.starts_with("Err(Locked(") && played.ends_with("by Some(Os) in 0 s"), "{played}");
        }
    }
    assert!(!bus.has_file_keyring());
    bus.start(true);
    assert!(bus.play("get", &[]).starts_with("Ok(Some(\"kept\"))"));
}

#[test]
fn a_dialog_that_cannot_open_is_a_locked_keyring() {
    let mut bus = Bus::with_service(true);
    bus.play("put", &[]);
    bus.start(false);
    let played = bus.play("get", &[("DISPLAY", ":4711")]);
    assert!(played.starts_with("Err(Locked("), "{played}");
}

#[test]
fn never_answering_it_is_given_up_once_for_all_calls() {
    let bus = Bus::with_service(true);
    bus.play("put", &[]);
    let pid = rustix::process::Pid::from_child(bus.service.as_ref().unwrap());
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let played = bus.play("thrice", &[]);
    let timed_out = "Err(TimedOut { seconds: 5 })";
    assert!(played.starts_with(&format!("[{timed_out}, {timed_out}, {timed_out}] by Some(Os) in 5 s")), "{played}");
    assert!(!bus.has_file_keyring());
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(bus.play("get", &[]).starts_with("Ok(Some(\"kept\"))"));
}

#[test]
fn absent_it_is_told_apart_and_auto_takes_the_file() {
    let bus = Bus::new();
    let nowhere = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let played = bus.play("get", &[OS]);
    assert!(played.contains("Err(Absent(\"nothing on the D-Bus session bus offers"), "{played}");
    let played = bus.play("get", &[OS, nowhere]);
    assert!(played.contains("Err(Absent(\"there is no D-Bus session bus"), "{played}");

    let passphrase = bus.passphrase();
    let file = ("ROLE_HELPER_PASSPHRASE_FILE", passphrase.as_str());
    let played = bus.play("put", &[file]);
    assert!(played.starts_with("Ok(()) by Some(File) in 0 s"), "{played}");
    assert!(bus.play("get", &[file, nowhere]).starts_with("Ok(Some(\"kept\")) by Some(File)"));
    let played = bus.play("put", &[OS]);
    assert!(played.contains("none are kept in two"), "{played}");
}

#[test]
fn what_began_in_the_file_stays_there_when_a_desktop_comes() {
    let mut bus = Bus::new();
    let passphrase = bus.passphrase();
    let file = ("ROLE_HELPER_PASSPHRASE_FILE", passphrase.as_str());
    bus.play("put", &[file]);
    bus.start(true);
    assert!(bus.play("get", &[file]).starts_with("Ok(Some(\"kept\")) by Some(File)"));
    assert!(bus.play("replace", &[file]).starts_with("Ok(()) by Some(File)"));
    let output = bus.command("secret-tool").args(["search", "--all", "service", "role-helper"]).output().unwrap();
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[test]
fn a_service_without_a_keyring_to_keep_things_in_is_none() {
    let bus = Bus::with_service(false);
    let passphrase = bus.passphrase();
    let played = bus.play("put", &[OS]);
    assert!(played.starts_with("Err(Absent(\"it has no default keyring"), "{played}");
    let played = bus.play("put", &[("ROLE_HELPER_PASSPHRASE_FILE", passphrase.as_str())]);
    assert!(played.starts_with("Ok(()) by Some(File)"), "{played}");
}

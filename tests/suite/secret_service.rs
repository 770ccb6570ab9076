//! The real gnome-keyring as Secret Service, on a D-Bus of its own.
//!
//! The bus starts no service by itself, so "gone" is gone, and a locked keyring has no dialog to ask with. The
//! states: unlocked, locked (with a dialog or without), never answering, gone (a bus without the service), and [`NO_BUS`].

mod dialog;

use crate::daemon::Daemon;
use crate::run::Run;
use crate::world::World;
use dialog::Dialog;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A bus address at which nobody is.
pub const NO_BUS: &str = "unix:path=/nonexistent/bus";

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

pub struct SecretService {
    keyring: Option<Daemon>,
    // Dropped after the keyring, which would otherwise complain that its bus is gone.
    _bus: Daemon,
    address: String,
    folder: TempDir,
}

impl SecretService {
    /// A new keyring, unlocked and empty.
    pub fn unlocked() -> Self {
        let folder = tempfile::Builder::new().prefix("rh-bus-").tempdir().expect("a temporary folder");
        for part in ["home", "run", "data"] {
            fs::create_dir(folder.path().join(part)).expect("a folder");
        }
        let socket = folder.path().join("bus.socket");
        let rules = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"#,
            socket.display()
        );
        let file = folder.path().join("bus.conf");
        fs::write(&file, rules).expect("the bus's rules");
        let mut command = Command::new("dbus-daemon");
        command.arg(format!("--config-file={}", file.display())).args(["--nofork", "--nopidfile"]).stdin(Stdio::null());
        let bus = Daemon::start(command, &folder.path().join("bus.log"));
        bus.until("a socket", || socket.exists().then_some(()));
        let mut service = Self { keyring: None, address: format!("unix:path={}", socket.display()), _bus: bus, folder };
        service.start_keyring(true);
        service
    }

    /// The same keyring, started anew and not unlocked, as after a log-in without the keyring's password.
    pub fn restart_locked(&mut self) {
        self.keyring = None;
        self.start_keyring(false);
    }

    /// The same keyring, started anew and unlocked, as after the next log-in.
    pub fn restart_unlocked(&mut self) {
        self.keyring = None;
        self.start_keyring(true);
    }

    /// Locks the collection of the running service.
    pub fn lock(&self) {
        let done = self.call(&[
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            &format!("array:objpath:{LOGIN}"),
        ]);
        assert!(done.contains(LOGIN), "{done}");
    }

    /// From now on the service takes calls and never answers, until [`SecretService::answer`].
    pub fn never_answer(&self) {
        self.keyring().signal(libc::SIGSTOP);
    }

    pub fn answer(&self) {
        self.keyring().signal(libc::SIGCONT);
    }

    /// While the answer is kept, a request to unlock opens a dialog to which nobody attends.
    #[must_use]
    pub fn unattended_dialog(&self) -> Dialog {
        Dialog::on(&self.part("bus.socket"))
    }

    /// The service goes; the bus stays.
    pub fn leave(&mut self) {
        self.keyring = None;
    }

    /// Makes this the keyring of `world`: its bus address, and `ROLE_HELPER_KEYRING=os`.
    pub fn serve(&self, world: &mut World) {
        world
            .set_env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .set_env("ROLE_HELPER_KEYRING", "os")
            .unset_env("ROLE_HELPER_PASSPHRASE_FILE");
    }

    /// The bus's address, for `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The independent client of this service, `secret-tool` with `args`.
    pub fn secret_tool(&self, args: &[&str]) -> Run {
        let mut command = self.client("secret-tool");
        command.args(args);
        Run::new(command)
    }

    /// Whether the collection is locked.
    pub fn is_locked(&self) -> bool {
        self.call(&[
            LOGIN,
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection",
            "string:Locked",
        ])
        .contains("boolean true")
    }

    fn keyring(&self) -> &Daemon {
        self.keyring.as_ref().expect("the service runs")
    }

    fn call(&self, args: &[&str]) -> String {
        let mut command = self.client("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]).args(args);
        Run::new(command).run().ok().stdout
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.part("home"))
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    fn start_keyring(&mut self, unlock: bool) {
        let mut command = self.client("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets"])
            .env("XDG_RUNTIME_DIR", self.part("run"))
            .env("XDG_DATA_HOME", self.part("data"))
            .stdin(Stdio::null());
        if unlock {
            let password = self.part("password");
            fs::write(&password, "the keyring's password").expect("a password file");
            command.arg("--unlock").stdin(fs::File::open(password).expect("a password file"));
        }
        let keyring = Daemon::start(command, &self.part("keyring.log"));
        keyring.until("the name org.freedesktop.secrets", || {
            let mut command = self.client("dbus-send");
            command.args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/",
                "org.freedesktop.DBus.NameHasOwner",
                "string:org.freedesktop.secrets",
            ]);
            let answer = Run::new(command).run();
            answer.stdout.contains("boolean true").then_some(())
        });
        self.keyring = Some(keyring);
    }

    fn part(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_state_is_what_it_says() {
        let mut service = SecretService::unlocked();
        let lookup = || ["lookup", "for", "test"];
        service.secret_tool(&["store", "--label=test", "for", "test"]).input("value").run().ok();
        assert_eq!(service.secret_tool(&lookup()).run().ok().stdout, "value");
        assert!(!service.is_locked());

        service.lock();
        assert!(service.is_locked());
        assert_eq!(service.secret_tool(&lookup()).run().code(), 1);

        service.restart_unlocked();
        assert_eq!(service.secret_tool(&lookup()).run().ok().stdout, "value");

        service.never_answer();
        let mut waiting = service.secret_tool(&lookup()).start();
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.ended());
        service.answer();
        assert_eq!(waiting.wait().ok().stdout, "value");

        service.restart_locked();
        assert!(service.is_locked());

        let dialog = service.unattended_dialog();
        let mut waiting = service.secret_tool(&lookup()).start();
        std::thread::sleep(Duration::from_millis(300));
        assert!(!waiting.ended(), "it waits for the dialog");
        drop(dialog);
        assert_eq!(waiting.wait().code(), 1);

        service.leave();
        let gone = service.secret_tool(&lookup()).run();
        assert_ne!(gone.code(), 0);
        assert!(gone.stderr.contains("not provided"), "{gone}");
    }
}

//! A world of its own for one test: a home in a temporary folder, an environment that holds nothing of the
//! developer's, AWS at an address the test chose, and a file keyring whose passphrase lies beside it.
//!
//! Nothing is shared between worlds: files lie under the temporary folder, and the names in the kernel keyring carry
//! a hash of the product's folder. A world that made sessions forgets them when it is dropped, since the kernel
//! allows a user few keys.

use crate::pty::Terminal;
use crate::run::Run;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// An address where nothing listens: calls to AWS fail at once.
pub const NOWHERE: &str = "http://127.0.0.1:9";

/// Passphrase of the file keyring in every world.
pub const PASSPHRASE: &str = "correct horse battery staple";

/// An ordinary user's id, which nobody else has.
const ORDINARY: u32 = 54321;

pub struct World {
    folder: TempDir,
    environment: BTreeMap<OsString, OsString>,
    /// Who programs run as, when it is not whoever runs the tests.
    user: Option<u32>,
}

impl World {
    /// A world in which AWS is at `endpoint`, such as `http://127.0.0.1:4711` (or [`NOWHERE`]).
    pub fn new(endpoint: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("role-helper-").tempdir().expect("a temporary folder");
        let mut world = Self { folder, environment: BTreeMap::new(), user: None };
        for part in ["home/.aws", "work", "tmp"] {
            fs::create_dir_all(world.path(part)).expect("a folder in the world");
        }
        for part in ["home", "home/.aws"] {
            fs::set_permissions(world.path(part), fs::Permissions::from_mode(0o700)).expect("mode of a folder");
        }
        world.secret_file("passphrase", &format!("{PASSPHRASE}\n"));
        for (key, value) in [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("TZ", "UTC"),
            ("LANG", "C.UTF-8"),
            ("TERM", "xterm"),
            ("SHELL", "/bin/sh"),
            ("USER", "tester"),
            ("LOGNAME", "tester"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("ROLE_HELPER_KEYRING", "file"),
        ] {
            world.set_env(key, value);
        }
        world.set_env("HOME", world.home());
        world.set_env("TMPDIR", world.path("tmp"));
        world.set_env("ROLE_HELPER_PASSPHRASE_FILE", world.path("passphrase"));
        world.set_endpoint(endpoint);
        world
    }

    /// A world whose programs run as an ordinary user. Where the tests do not run as root, this is [`World::new`].
    pub fn of_ordinary_user(endpoint: &str) -> Self {
        let mut world = Self::new(endpoint);
        if !rustix::process::geteuid().is_root() {
            return world;
        }
        world.user = Some(ORDINARY);
        // The checkout may lie where only root can go.
        fs::create_dir(world.path("bin")).expect("a folder in the world");
        for name in ["role-helper", "role-helper-core"] {
            // By another process: a copy that is still open for writing here, in a child that another test is just
            // starting, could not be run.
            let mut copy = Command::new("cp");
            copy.arg(binary().with_file_name(name)).arg(world.path("bin"));
            Run::new(copy).run().ok();
        }
        let mut folders = vec![world.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            world.give(&folder);
            for entry in fs::read_dir(&folder).expect("a folder").flatten() {
                world.give(&entry.path());
                if entry.path().is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        world
    }

    /// Puts all of the product's own files under one folder, `ROLE_HELPER_HOME`, instead of the XDG folders.
    pub fn with_own_folder(mut self) -> Self {
        self.set_env("ROLE_HELPER_HOME", self.path("own"));
        self
    }

    /// `name` under the world's root.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// `~/.aws/config`.
    pub fn config_file(&self) -> PathBuf {
        self.path("home/.aws/config")
    }

    /// `~/.aws/credentials`.
    pub fn credentials_file(&self) -> PathBuf {
        self.path("home/.aws/credentials")
    }

    /// Writes `~/.aws/config`.
    pub fn config(&self, text: &str) -> &Self {
        self.secret_file("home/.aws/config", text);
        self
    }

    /// Writes `~/.aws/credentials`.
    pub fn credentials(&self, text: &str) -> &Self {
        self.secret_file("home/.aws/credentials", text);
        self
    }

    /// Reads `~/.aws/config`; empty when there is none.
    pub fn config_text(&self) -> String {
        fs::read_to_string(self.config_file()).unwrap_or_default()
    }

    /// Writes a file under the world's root, mode 0600, making its folders.
    pub fn secret_file(&self, name: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut missing = Vec::new();
        for folder in path.ancestors().skip(1).take_while(|folder| !folder.exists()) {
            missing.push(folder.to_owned());
        }
        for folder in missing.iter().rev() {
            fs::create_dir(folder).expect("a folder in the world");
            self.give(folder);
        }
        drop(fs::remove_file(&path));
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        std::io::Write::write_all(&mut file, text.as_bytes()).expect("a file of the world");
        self.give(&path);
        path
    }

    /// Makes `path` belong to the world's user.
    pub fn give(&self, path: &Path) {
        if self.user.is_some() {
            std::os::unix::fs::lchown(path, self.user, self.user)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }

    /// Writes an executable script under the world's root.
    pub fn script(&self, name: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.secret_file(name, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("mode of a script");
        path
    }

    /// AWS is at `endpoint` from now on.
    pub fn set_endpoint(&mut self, endpoint: &str) -> &mut Self {
        for service in ["STS", "IAM", "SIGNIN"] {
            self.set_env(format!("AWS_ENDPOINT_URL_{service}"), endpoint);
        }
        self
    }

    pub fn set_env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.environment.insert(key.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    pub fn unset_env(&mut self, key: impl AsRef<OsStr>) -> &mut Self {
        self.environment.remove(key.as_ref());
        self
    }

    /// The whole environment that programs of this world get.
    pub fn environment(&self) -> &BTreeMap<OsString, OsString> {
        &self.environment
    }

    /// Any program, in this world's environment and working folder.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(self.path("work"));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// The product's front, as programs of this world find it.
    pub fn front(&self) -> PathBuf {
        match self.user {
            Some(_) => self.path("bin/role-helper"),
            None => binary(),
        }
    }

    /// The line of a profile that serves SDKs with `profile`: `credential_process = …`, line end included.
    pub fn process_line(&self, profile: &str) -> String {
        format!("credential_process = {} credential-process {profile}\n", self.front().display())
    }

    /// The product with `args`, started by the program `wrapper[0]` with the rest of `wrapper` before it:
    /// `["keyctl", "session", "-"]`, `["sh", "-c", "\"$@\" | cat", "sh"]`.
    pub fn wrapped<A: AsRef<OsStr>>(&self, wrapper: &[&str], args: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.program("/usr/bin/env");
        command.args(wrapper).arg(self.front()).args(args);
        command
    }

    /// The product with `args`, in this world's environment and working folder.
    pub fn product<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.program(self.front());
        command.args(args);
        command
    }

    /// The product with `args`, without a terminal.
    pub fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        Run::new(self.product(args))
    }

    /// The product with `args` at a terminal, stdin, stdout and stderr included.
    pub fn terminal<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Terminal {
        Terminal::of(self.product(args))
    }

    /// The product with `args` as an SDK runs it: stdin, stdout and stderr are pipes, and only `/dev/tty` is left.
    pub fn called<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Terminal {
        Terminal::of(self.product(args)).piped()
    }

    /// Every file under the world's root, for a search for what must not be there.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => found.push(entry.path()),
                    _ => {}
                }
            }
        }
        found.sort();
        found
    }

    /// Files under the world's root, `except` left out, that contain `secret` as it stands.
    pub fn files_with(&self, secret: &str, except: &[&Path]) -> Vec<PathBuf> {
        let holds = |path: &PathBuf| {
            fs::read(path).is_ok_and(|bytes| bytes.windows(secret.len()).any(|part| part == secret.as_bytes()))
        };
        self.files().into_iter().filter(|path| !except.contains(&path.as_path()) && holds(path)).collect()
    }

    fn made_sessions(&self) -> bool {
        ["own", "home/.local", "home/.cache", "home/.config"].iter().any(|name| self.path(name).exists())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !self.made_sessions() {
            return;
        }
        let mut command = self.product(["logout", "--all"]);
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        // No panic here: the test may be failing already, and its own message is the one to see.
        if let Ok(mut child) = command.spawn() {
            let until = std::time::Instant::now() + Duration::from_secs(5);
            if crate::run::wait_until(&mut child, until).is_none() {
                drop(child.kill());
                drop(child.wait());
            }
        }
    }
}

/// The product's front. Its companion lies beside it. `ROLE_HELPER_BINARIES` names another folder to take both from,
/// such as `target/release`.
pub fn binary() -> PathBuf {
    match std::env::var_os("ROLE_HELPER_BINARIES") {
        Some(folder) => fs::canonicalize(folder).expect("ROLE_HELPER_BINARIES is a folder").join("role-helper"),
        None => PathBuf::from(env!("CARGO_BIN_EXE_role-helper")),
    }
}

mod tests {
    use super::*;

    #[test]
    fn the_environment_is_the_worlds_own() {
        let mut world = World::new(NOWHERE);
        world.set_env("MARK", "1").unset_env("TERM");
        let output = Run::new(world.program("/usr/bin/env")).run().quiet();
        let home = format!("HOME={}\n", world.home().display());
        assert!(output.stdout.contains(&home), "{output}");
        assert!(output.stdout.contains("MARK=1\n") && !output.stdout.contains("CARGO"));
        assert_eq!(output.stdout.lines().count(), world.environment().len());
    }

    #[test]
    fn an_ordinary_user_owns_his_world_and_reaches_the_product() {
        let world = World::of_ordinary_user(NOWHERE);
        world.config("[default]\n");
        let file = world.secret_file("home/a/b", "");
        let script = r#"test "$(id -u)" != 0 && test -O "$HOME/.aws/config" && test -O "$1" && test -O "$HOME/a"
            test -r "$ROLE_HELPER_PASSPHRASE_FILE" && touch "$HOME/new" && test -x "$2" && id -G"#;
        let mut command = world.program("/bin/sh");
        command.args(["-ec", script, "sh"]).arg(file).arg(world.front());
        let output = Run::new(command).run().quiet();
        assert_eq!(output.stdout.split_whitespace().count(), 1, "{output}");
        let mut terminal = world.program("/bin/sh");
        terminal.args(["-c", "read line </dev/tty; exit $line"]);
        let session = Terminal::of(terminal).piped().start();
        session.send("4\n");
        session.wait().exits(4).restored();
    }

    #[test]
    fn a_wrapper_starts_the_product() {
        let world = World::new(NOWHERE);
        let command = world.wrapped(&["sh", "-c", r#"echo "$@""#, "sh"], ["a", "b"]);
        let output = Run::new(command).run().quiet();
        assert_eq!(output.stdout, format!("{} a b\n", world.front().display()));
    }

    #[test]
    fn both_binaries_are_there() {
        let core = binary().with_file_name("role-helper-core");
        assert!(binary().is_file() && core.is_file());
    }

    #[test]
    fn secrets_are_found_where_they_lie() {
        let world = World::new(NOWHERE);
        let here = world.secret_file("home/deep/er/file", "xx s3cret xx");
        assert_eq!(world.files_with("s3cret", &[]), std::slice::from_ref(&here));
        assert!(world.files_with("s3cret", &[&here]).is_empty());
        let mode = fs::metadata(&here).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

//! The independent peer: moto's own server for STS and IAM. It checks less than our simulator (no codes, no trust
//! conditions), and is here so that our simulator does not only agree with ourselves.

use crate::callers::python;
use crate::daemon::Daemon;
use crate::run::Run;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub struct Moto {
    daemon: Daemon,
    endpoint: String,
}

impl Moto {
    /// A server for this test alone; takes 1 to 2 s to start.
    pub fn start() -> Self {
        // Needed until the server is up: what is shared lives to the end of the tests, and nobody would remove it.
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(python("moto_server"));
        command
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", folder.path())
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null());
        let daemon = Daemon::start(command, &folder.path().join("moto.log"));
        let endpoint = daemon.until("its address", || {
            let text = daemon.printed();
            let address = text.split("Running on ").nth(1)?.lines().next()?.to_owned();
            text.contains("CTRL+C").then_some(address)
        });
        Self { daemon, endpoint }
    }

    /// The server that tests share. Its account is shared with it: name users and roles after the test.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Moto> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Such as `http://127.0.0.1:4711`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What the server printed, a line a request.
    pub fn printed(&self) -> String {
        self.daemon.printed()
    }

    /// The AWS CLI with `args` against this server, as its administrator; gives the JSON answer.
    pub fn aws(&self, args: &[&str]) -> serde_json::Value {
        self.cli(args).json()
    }

    /// The same, where the answer is empty.
    pub fn aws_quietly(&self, args: &[&str]) {
        self.cli(args);
    }

    fn cli(&self, args: &[&str]) -> crate::output::Output {
        let mut command = Command::new(python("aws"));
        command
            .args(["--endpoint-url", &self.endpoint, "--output", "json"])
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", "/nonexistent")
            .env("AWS_ACCESS_KEY_ID", "administrator")
            .env("AWS_SECRET_ACCESS_KEY", "administrator")
            .env("AWS_DEFAULT_REGION", "us-east-1");
        Run::new(command).run().ok()
    }
}

mod tests {
    use super::*;

    #[test]
    fn it_serves_users_and_their_keys() {
        let moto = Moto::shared();
        moto.aws(&["iam", "create-user", "--user-name", "moto-itself"]);
        let key = moto.aws(&["iam", "create-access-key", "--user-name", "moto-itself"]);
        let id = key["AccessKey"]["AccessKeyId"].as_str().unwrap();
        assert!(id.starts_with("AKIA"), "{id}");
        assert!(moto.printed().contains("POST"));
    }
}

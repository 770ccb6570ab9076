//! The real programs that call role-helper through a profile of `~/.aws/config`: AWS CLI v1, boto3, the AWS SDK for
//! JavaScript v3 and the AWS SDK for Rust. `tests/setup` puts them under the target folder.
//!
//! Each asks STS who it is, with the credentials of the profile, and prints the answer as JSON with its `Arn`.

use crate::pty::Terminal;
use crate::world::World;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    AwsCli,
    Boto3,
    JavaScript,
    RustSdk,
}

impl Caller {
    pub const ALL: [Self; 4] = [Self::AwsCli, Self::Boto3, Self::JavaScript, Self::RustSdk];

    /// The caller with `profile`, in the environment of `world`; stdout is the JSON answer.
    pub fn command(self, world: &World, profile: &str) -> Command {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/callers");
        match self {
            Self::AwsCli => {
                let mut command = world.program(python("aws"));
                command.args(["sts", "get-caller-identity", "--output", "json"]);
                command.args(["--profile", profile]);
                command
            }
            Self::Boto3 => {
                let mut command = world.program(python("python"));
                command.arg(sources.join("boto3_caller.py")).arg(profile);
                command
            }
            Self::JavaScript => {
                let mut command = world.program("/usr/bin/env");
                command.arg("node").arg(made("js/caller.mjs")).arg(profile);
                command
            }
            Self::RustSdk => {
                let mut command = world.program(made("rust-sdk/debug/rust-sdk-caller"));
                command.arg(profile);
                command
            }
        }
    }

    /// The caller at a terminal; with [`Terminal::piped`], which leaves its stdout to be read, as in a pipeline.
    pub fn terminal(self, world: &World, profile: &str) -> Terminal {
        Terminal::of(self.command(world, profile))
    }
}

/// A program of the Python environment: `python`, `aws`, `moto_server`.
pub fn python(program: &str) -> PathBuf {
    made("venv/bin").join(program)
}

/// What `tests/setup` made.
fn made(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tests").join(name);
    assert!(path.exists(), "{} is not there: run tests/setup", path.display());
    path
}

mod itself;
mod served;

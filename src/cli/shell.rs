//! `shell`: `exec` of the person's shell.

use clap::Args;

use super::exec::run_with_role;
use super::house::House;
use super::options::RoleOptions;
use super::pick;
use crate::door::process::CallerState;
use crate::identity::{Failure, Kind};
use std::ffi::OsString;
use std::path::Path;

use super::Ended;

const EXAMPLES: &str = "\
Examples:
  role-helper shell prod
  SHELL=/usr/bin/fish role-helper shell prod --duration 2h";

/// Open $SHELL with the role
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile, instead of AWS_PROFILE; without either it is chosen from a list
    profile: Option<String>,
    #[command(flatten)]
    role: RoleOptions,
}

pub(super) fn run(arguments: Arguments, house: &House, caller: &CallerState) -> Result<(), Ended> {
    let shell = shell()?;
    let profile = pick::given_or_chosen(house, arguments.profile)?;
    run_with_role(house, caller, &profile, &arguments.role, &[shell])
}

/// The person's shell: an absolute path of a file, for a name would be looked up in the working directory by some.
#[expect(clippy::disallowed_methods, reason = "the person's shell is what their environment says")]
fn shell() -> Result<OsString, Failure> {
    let (variable, otherwise) =
        if cfg!(windows) { ("COMSPEC", r"C:\Windows\System32\cmd.exe") } else { ("SHELL", "/bin/sh") };
    let shell = std::env::var_os(variable).filter(|value| !value.is_empty()).unwrap_or_else(|| otherwise.into());
    let path = Path::new(&shell);
    if path.is_absolute() && path.is_file() {
        return Ok(shell);
    }
    Err(Failure::new(Kind::Configuration, format!("{variable}={} is not a shell", path.display()))
        .cause(if path.is_absolute() { "there is no such file" } else { "it is not an absolute path" })
        .hint(format!("{variable}={otherwise} role-helper shell PROFILE")))
}

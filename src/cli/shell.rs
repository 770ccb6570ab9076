//! `shell`: `exec` of the person's shell.

use clap::Args;

use super::exec::run_with_role;
use super::house::House;
use super::options::RoleOptions;
use super::Ended;

const EXAMPLES: &str = "\
Examples:
  role-helper shell prod
  SHELL=/usr/bin/fish role-helper shell prod --duration 2h";

/// Open $SHELL with the role
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile, instead of AWS_PROFILE
    profile: Option<String>,
    #[command(flatten)]
    role: RoleOptions,
}

pub(super) fn run(arguments: Arguments, house: House) -> Result<(), Ended> {
    let shell = house.shell()?;
    let profile = house.profile_or_environment(arguments.profile)?;
    run_with_role(house, &profile, &arguments.role, vec![shell])
}

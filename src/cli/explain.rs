//! `explain`: where each setting of a profile comes from, and what will be called.

use clap::Args;

use super::house::House;
use super::output;
use crate::identity::Failure;
use crate::profile::{self, Overrides};

const EXAMPLES: &str = "\
Nothing is called and no keyring is opened.

Examples:
  role-helper explain prod
  role-helper explain prod --json";

/// Show where each setting comes from and what will be called
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile, instead of AWS_PROFILE
    profile: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let profile = house.profile_or_environment(arguments.profile)?;
    let plan = house.plan_without_network(&profile, &Overrides::default())?;
    let explanation = profile::explain(&plan);
    if arguments.json {
        output::json(&explanation)
    } else {
        output::data(&format!("{}\n", explanation.to_string().trim_end()))
    }
}

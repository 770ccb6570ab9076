//! `explain`: where each setting of a profile comes from, and what will be called.

use clap::Args;
use serde::Serialize;

use super::house::House;
use super::output;
use crate::door::surroundings::network_settings;
use crate::identity::Failure;
use crate::profile::{self, Explanation, Overrides};

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

/// A stable format: fields are added, never changed.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    explanation: Explanation,
    /// Proxies, CA bundles and endpoints that the environment sets.
    network: Vec<Network>,
}

#[derive(Serialize)]
struct Network {
    variable: &'static str,
    /// Without user and password.
    value: String,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let profile = house.profile_or_environment(arguments.profile)?;
    let plan = house.plan_without_network(&profile, &Overrides::default())?;
    let explained = Explained {
        explanation: profile::explain(&plan),
        network: network_settings().into_iter().map(|(variable, value)| Network { variable, value }).collect(),
    };
    if arguments.json {
        return output::json(&explained);
    }
    let mut text = format!("{}\n", explained.explanation.to_string().trim_end());
    if !explained.network.is_empty() {
        text.push_str("\nbetween this machine and AWS, by the environment:\n");
        for Network { variable, value } in &explained.network {
            text.push_str(&format!("  {variable}={value}\n"));
        }
    }
    output::data(&text)
}

//! `remove`: forget a source key, its facts and the sessions made from it.

use clap::Args;

use super::house::House;
use super::output;
use crate::identity::{Failure, Kind};

const EXAMPLES: &str = "\
The key stays valid at AWS until it is deleted there: aws iam delete-access-key.

Examples:
  role-helper remove alice
  role-helper remove alice --force";

/// Forget a source key
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The name it was added under
    name: String,
    /// Do not ask
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let name = &arguments.name;
    let facts = house.added(name)?;
    if !arguments.force {
        let question = format!("forget access key {} of {} in {}", facts.access_key_id, facts.user_arn, house.keyring_label());
        if !house.yes(&question, &format!("role-helper remove {name} --force"))? {
            return Err(Failure::new(Kind::Refused, format!("{name} was kept")));
        }
    }
    house.remove_key(name)?;
    let sessions = house.forget_where(|header| header.source == *name)?;
    output::say(&format!("removed {name}: key {} and {sessions} sealed sessions", facts.access_key_id));
    output::say(&format!(
        "the key is still valid at AWS: aws iam delete-access-key --user-name {} --access-key-id {}",
        facts.user_arn.user_name(),
        facts.access_key_id
    ));
    Ok(())
}

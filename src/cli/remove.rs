//! `remove`: forget a source key, its facts and the sessions made from it.

use clap::Args;

use super::house::House;
use super::logout::forget_where;
use super::output;
use crate::identity::{Failure, Kind};
use crate::keys::{self, Removed, Secret};
use crate::port::KeyStore;
use crate::profile::SourceLookup;

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
    if !arguments.force
        && let Some(facts) = house.index.added(name)?
    {
        let question = format!(
            "forget access key {} of {} in {}?",
            facts.access_key_id,
            facts.user_arn,
            house.keyring(house.prompt_mode()).label()
        );
        if !house.yes(&question, &format!("role-helper remove {name} --force"))? {
            return Err(Failure::new(Kind::Refused, format!("{name} was kept")));
        }
    }
    let Removed { facts, secret } = house.with_keys(|outside| keys::remove(name, outside))?;
    let sessions = forget_where(house, |header| header.source == *name)?;
    let key = match secret {
        Secret::Deleted => "its secret is gone from the keyring",
        Secret::WasGone => "its secret was gone from the keyring already",
        Secret::StillNeeded => "its secret stays: another name has the same key",
    };
    output::say(&format!("removed {name}: {key}; sealed sessions forgotten: {sessions}"));
    if secret != Secret::StillNeeded {
        output::say(&format!(
            "the key is still valid at AWS: aws iam delete-access-key --user-name {} --access-key-id {}",
            facts.user_arn.user_name(),
            facts.access_key_id
        ));
    }
    Ok(())
}

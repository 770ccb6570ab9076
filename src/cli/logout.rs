//! `logout`: forget sealed sessions, and the MFA session they came from.

use clap::Args;

use super::house::House;
use super::output;
use crate::door::prompt;
use crate::identity::Failure;
use crate::port::SessionCache;
use crate::profile::Overrides;
use crate::seal::Header;

const EXAMPLES: &str = "\
What AWS has issued stays valid until it expires; role-helper and all who ask it will not hand it out again.

Examples:
  role-helper logout prod       also the MFA session, so the next use asks for a code
  role-helper logout --all      everything, and the key that opens it";

/// Forget sealed sessions
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profiles, instead of AWS_PROFILE
    #[arg(value_name = "PROFILE")]
    profiles: Vec<String>,
    /// Forget all sessions and the key that seals them
    #[arg(long, conflicts_with = "profiles")]
    all: bool,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    if arguments.all {
        let count = house.with_cache(|cache| cache.forget_all())?;
        prompt::forget_all(&house.places)?;
        output::say(&forgotten("all profiles", count));
        return Ok(());
    }
    let profiles = match arguments.profiles {
        profiles if profiles.is_empty() => {
            let named = house.profile_or_environment(None);
            vec![named.map_err(|failure| failure.hint("role-helper logout PROFILE, or role-helper logout --all"))?]
        }
        profiles => profiles,
    };
    for profile in &profiles {
        // Sessions outlive the profile they were made for: forgotten by its name even if it is gone by now.
        let by_name = forget_where(house, |header| header.profile == *profile)?;
        let by_plan = match house.plan(profile, &Overrides::default()) {
            Ok(plan) => house.forget(&plan)?,
            Err(_) if by_name > 0 => 0,
            Err(failure) if profile == "all" => return Err(failure.hint("role-helper logout --all")),
            Err(failure) => return Err(failure),
        };
        prompt::forget(&house.places, profile)?;
        output::say(&forgotten(profile, by_name + by_plan));
    }
    Ok(())
}

/// Forgets the sessions whose clear part is meant; how many there were.
pub(super) fn forget_where(house: &House, meant: impl Fn(&Header) -> bool) -> Result<usize, Failure> {
    house.with_cache(|cache| {
        let mut count = 0;
        for (key, _) in cache.headers().iter().filter(|(_, header)| meant(header)) {
            count += usize::from(cache.forget(key)?);
        }
        Ok(count)
    })
}

fn forgotten(what: &str, count: usize) -> String {
    match count {
        0 => format!("{what}: no session was kept"),
        1 => format!("{what}: 1 session forgotten"),
        _ => format!("{what}: {count} sessions forgotten"),
    }
}

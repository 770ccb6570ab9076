//! `login`: get and seal sessions now, so that nothing is asked later.

use clap::Args;

use super::house::House;
use super::options::CodeOption;
use super::output::{self, left};
use super::pick;
use crate::identity::{Failure, Kind, SessionName, Timestamp, TokenCode};
use crate::port::SessionCache;
use crate::profile::Overrides;
use crate::seal::{CacheKey, Consumer, SealedSession};
use crate::session::Request;

const EXAMPLES: &str = "\
Examples:
  role-helper login prod
  role-helper login prod staging dev       one code for all where they share role_helper_mfa_session
  role-helper login prod --force           a new session although the old one is good";

/// Get and seal sessions now
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profiles, instead of AWS_PROFILE; without either they are chosen from a list
    #[arg(value_name = "PROFILE")]
    profiles: Vec<String>,
    /// The session's name in CloudTrail, instead of the IAM user's name
    #[arg(long, value_name = "NAME")]
    session_name: Option<SessionName>,
    /// Ask AWS for a new session even where the sealed one is good
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    code: CodeOption,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let mut token_code = arguments.code.read()?;
    let profiles = match arguments.profiles {
        profiles if profiles.is_empty() => vec![pick::given_or_chosen(house, None)?],
        profiles => profiles,
    };
    let overrides = Overrides { session_name: arguments.session_name, ..Overrides::default() };
    // One instant for all: what the first has renewed is new enough for those that share it.
    let renew_since = arguments.force.then(|| house.now());
    let mut failed: Option<Failure> = None;
    for profile in &profiles {
        // A code is good for one use: the first profile has it.
        match login(house, profile, &overrides, renew_since, token_code.take()) {
            Ok(()) => {}
            Err(failure) if failure.kind() == Kind::Interrupted => return Err(failure),
            Err(failure) => {
                // The last one is printed by whoever prints our result.
                if let Some(earlier) = failed.replace(failure) {
                    output::say(&earlier.to_string());
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

fn login(
    house: &House,
    profile: &str,
    overrides: &Overrides,
    renew_since: Option<Timestamp>,
    token_code: Option<TokenCode>,
) -> Result<(), Failure> {
    let plan = house.plan(profile, overrides)?;
    house.warn(&plan);
    let request = Request {
        consumer: Consumer::KeepsKeys,
        token_code,
        typed_by_person: true,
        no_cache: false,
        renew: renew_since,
    };
    let session = house.session(&plan, &request)?;
    keep(house, &CacheKey::of_plan(&plan), &session)?;
    let header = &session.header;
    let who = match plan.hops.last() {
        Some(hop) => format!("role {} in {} as {}", hop.role_arn.role_name(), header.account_id, hop.session_name),
        None => format!("MFA session of {}", plan.base.user_arn().user_name()),
    };
    output::say(&format!("{profile}: {who}, {} left", left(header.seconds_left(house.now()))));
    Ok(())
}

/// Elsewhere a session that cannot be sealed is handed out all the same; here there is nothing else to do with it.
fn keep(house: &House, key: &CacheKey, session: &SealedSession) -> Result<(), Failure> {
    house.with_cache(|cache| match cache.get(key)? {
        Some(_) => Ok(()),
        None => cache.put(key, session),
    })
}

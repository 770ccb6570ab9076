//! `exec`: run a command with a role's credentials in its environment.

use std::ffi::OsString;

use clap::Args;

use super::Ended;
use super::house::House;
use super::options::RoleOptions;
use super::pick;
use crate::door::process::{self, CallerState};
use crate::identity::{ExposeSecret, Failure, Kind};
use crate::seal::Consumer;
use crate::session::Request;
use crate::wire::environment;

const EXAMPLES: &str = "\
The command takes our place: its exit code is what the shell sees. AWS_PROFILE and all that would contradict the \
credentials is removed from its environment. Within `exec` another `exec` works as anywhere.

Examples:
  role-helper exec prod -- aws s3 ls
  role-helper exec prod terraform apply          the -- may be left out after a PROFILE
  AWS_PROFILE=prod role-helper exec -- make deploy
  role-helper exec prod --duration 15m --session-policy read-only.json -- ./report
  op read op://aws/otp | role-helper exec prod --mfa-code - -- aws sts get-caller-identity";

/// Run a command with the role
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = "role-helper exec [PROFILE] [OPTIONS] -- CMD [ARGS]...")]
pub(super) struct Arguments {
    /// The profile, instead of AWS_PROFILE; without either it is chosen from a list
    profile: Option<String>,
    #[command(flatten)]
    role: RoleOptions,
    /// The command and its arguments
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: Arguments, house: &House, caller: &CallerState) -> Result<(), Ended> {
    if arguments.command.is_empty() {
        let failure = Failure::new(Kind::Usage, "no command was given to exec");
        return Err(Ended::from(match arguments.profile {
            // `exec make` with AWS_PROFILE set: the one word is taken for the profile.
            Some(word) => failure.hint(format!("role-helper exec {word} -- CMD, or role-helper exec -- {word}")),
            None => failure.hint("role-helper exec PROFILE -- CMD"),
        }));
    }
    let profile = pick::given_or_chosen(house, arguments.profile)?;
    run_with_role(house, caller, &profile, &arguments.role, &arguments.command)
}

/// Runs the command in our place; returns only if that fails.
pub(super) fn run_with_role(
    house: &House,
    caller: &CallerState,
    profile: &str,
    role: &RoleOptions,
    command: &[OsString],
) -> Result<(), Ended> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let token_code = role.code.read()?;
    let plan = house.plan(profile, &role.overrides()?)?;
    house.warn(&plan);
    let request = Request {
        consumer: Consumer::KeepsKeys,
        token_code,
        typed_by_person: true,
        no_cache: role.no_session_cache(),
        renew: None,
    };
    let session = house.session(&plan, &request)?;
    let environment =
        environment::of(&session.credentials, plan.region.as_deref(), profile, &house.role_facts(&plan, &session));
    let set = environment.set.iter().map(|(name, value)| ((*name).into(), Some(value.expose_secret().into())));
    let removed = environment.removed.iter().chain([&environment::PASSPHRASE_FILE]).map(|name| ((*name).into(), None));
    let changes: Vec<_> = removed.chain(set).collect();
    let not_started = process::restore_and_exec(caller, program, arguments, &changes);
    Err(Ended { failure: not_started.failure, code: not_started.exit_code })
}

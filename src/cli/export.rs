//! `export`: the credentials as text, for a shell's eval or a file.

use clap::{Args, ValueEnum};

use super::house::House;
use super::options::RoleOptions;
use super::output;
use crate::identity::{Failure, Kind};
use crate::seal::Consumer;
use crate::session::Request;
use crate::wire::export;

const EXAMPLES: &str = "\
This prints secrets. `exec` hands them to one command only and is the better way where it can be used.

Examples:
  eval \"$(role-helper export prod --format posix)\"
  role-helper export prod --format fish | source
  role-helper export prod --format powershell | Out-String | Invoke-Expression
  (umask 077; role-helper export prod --format dotenv > .env)";

/// Print the credentials for a shell, a file or a program
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile, instead of AWS_PROFILE
    profile: Option<String>,
    /// Who reads it
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    role: RoleOptions,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// sh, bash, zsh and their like
    #[value(aliases = ["sh", "bash", "zsh"])]
    Posix,
    /// fish
    Fish,
    /// PowerShell
    #[value(alias = "pwsh")]
    Powershell,
    /// a .env file
    Dotenv,
    /// the JSON of credential_process
    Json,
}

impl From<Format> for export::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Posix => export::Format::Posix,
            Format::Fish => export::Format::Fish,
            Format::Powershell => export::Format::Powershell,
            Format::Dotenv => export::Format::Dotenv,
            Format::Json => export::Format::Json,
        }
    }
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let profile = house.profile_or_environment(arguments.profile)?;
    let token_code = arguments.role.code.read()?;
    let plan = house.plan(&profile, &arguments.role.overrides()?)?;
    house.warn(&plan);
    let request = Request {
        consumer: Consumer::KeepsKeys,
        token_code,
        typed_by_person: true,
        no_cache: arguments.role.no_session_cache(),
        renew: None,
    };
    let session = house.session(&plan, &request)?;
    let text = export::text(
        arguments.format.into(),
        &session.credentials,
        plan.region.as_deref(),
        &profile,
        &house.role_facts(&plan, &session),
    )
    .map_err(|error| {
        Failure::new(Kind::Configuration, "the credentials cannot be exported").cause(error.to_string())
    })?;
    output::secret(&text)
}

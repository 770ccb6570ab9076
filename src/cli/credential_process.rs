//! `credential-process`: what AWS clients call for credentials, where the quick way had no answer.

use clap::Args;

use super::house::House;
use super::options::CodeOption;
use super::output;
use crate::identity::{Failure, Kind};
use crate::profile::Overrides;
use crate::seal::Consumer;
use crate::session::Request;
use crate::wire::process_json;

const EXAMPLES: &str = "\
AWS clients run this; `role-helper setup` writes the line into ~/.aws/config. It prints one line of JSON on \
stdout, asks for an MFA code on the terminal or in a dialog, and writes to stderr only if it fails.

Example:
  [profile prod]
  credential_process = /usr/local/bin/role-helper credential-process prod";

/// Answer an AWS client that runs us as its credential_process
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile
    profile: String,
    #[command(flatten)]
    code: CodeOption,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let token_code = arguments.code.read()?;
    let plan = house.plan(&arguments.profile, &Overrides::default())?;
    let request = Request {
        consumer: Consumer::ReAsks,
        // Whoever gives a code has typed it.
        typed_by_person: token_code.is_some(),
        token_code,
        no_cache: false,
        renew: None,
    };
    let session = house.session(&plan, &request)?;
    let line = process_json::line(&session.credentials)
        .map_err(|error| Failure::new(Kind::Refused, "clients would not read the answer").cause(error.to_string()))?;
    output::secret(&line)
}

//! `add`: an IAM user's access key goes into the keyring, and what is known of it into the index.

use std::path::PathBuf;

use clap::Args;

use super::dialogs::Dialogs;
use super::house::House;
use super::{input, output};
use crate::identity::{AccessKey, AccessKeyId, Failure, Kind, MfaSerial};
use crate::wire::key_file;

const EXAMPLES: &str = "\
The key is tried at AWS before it is stored; its secret goes to the keyring and nowhere else. The user needs next to no
permissions: sts:AssumeRole on the roles, and iam:ListMFADevices on itself so that the MFA device is found.

Examples:
  role-helper add alice                                        asks for key id and secret
  aws iam create-access-key --user-name alice | role-helper add alice --stdin
  role-helper add alice --csv alice_accessKeys.csv             the console's download
  role-helper add alice --from-profile default                 a key that lies in ~/.aws/credentials
  role-helper add alice --mfa-serial arn:aws:iam::111122223333:mfa/alice";

/// Store an IAM user's access key in the keyring
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The name by which profiles refer to it: role_helper_source_profile = NAME
    name: String,
    /// Read the JSON of `aws iam create-access-key` from stdin
    #[arg(long, conflicts_with_all = ["csv", "from_profile"])]
    stdin: bool,
    /// Read the console's CSV download
    #[arg(long, value_name = "FILE", conflicts_with = "from_profile")]
    csv: Option<PathBuf>,
    /// Take the key of a profile that has it in plain text
    #[arg(long, value_name = "PROFILE")]
    from_profile: Option<String>,
    /// The MFA device, instead of the one that AWS lists
    #[arg(long, value_name = "SERIAL")]
    mfa_serial: Option<MfaSerial>,
    /// Replace a key of this name without asking
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let name = &arguments.name;
    house.check_source_name(name)?;
    let replace = may_replace(&arguments, house)?;
    let key = read_key(&arguments, house)?;
    let enrolled = house.enrol(name, key, arguments.mfa_serial.clone(), replace)?;
    report(&arguments, house, &enrolled);
    Ok(())
}

/// Whether a key of this name is there and may go.
fn may_replace(arguments: &Arguments, house: &House) -> Result<bool, Failure> {
    let name = &arguments.name;
    let Some(facts) = house.added_if_any(name)? else { return Ok(arguments.force) };
    if arguments.force {
        return Ok(true);
    }
    let question = format!("replace {name}, which is access key {} of {}", facts.access_key_id, facts.user_arn);
    if house.yes(&question, &format!("role-helper add {name} --force"))? {
        return Ok(true);
    }
    Err(Failure::new(Kind::Refused, format!("{name} was kept as it is")))
}

fn read_key(arguments: &Arguments, house: &House) -> Result<AccessKey, Failure> {
    if arguments.stdin {
        return key_file::from_json(&input::stdin("the access key")?)
            .map_err(|error| no_key("stdin", error).hint("aws iam create-access-key --user-name NAME | role-helper add …"));
    }
    if let Some(file) = &arguments.csv {
        return key_file::from_csv(&input::file(file, "the access key")?)
            .map_err(|error| no_key(&file.display().to_string(), error));
    }
    if let Some(profile) = &arguments.from_profile {
        return house.key_of_profile(profile);
    }
    let instead = format!("role-helper add {} --stdin, --csv FILE or --from-profile PROFILE", arguments.name);
    let dialogs = Dialogs::open("an access key", &instead)?;
    let id = dialogs.text("Access key id", None, str::parse::<AccessKeyId>)?;
    let secret = house.ask_secret(&format!("add access key {id} as {}", arguments.name), "Secret access key: ", &instead)?;
    Ok(AccessKey { id, secret })
}

fn no_key(place: &str, error: key_file::KeyFileError) -> Failure {
    Failure::new(Kind::Usage, format!("{place} has no access key that can be used")).cause(error.to_string())
}

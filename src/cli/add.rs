//! `add`: an IAM user's access key goes into the keyring, and what is known of it into the index.

use std::path::PathBuf;

use clap::Args;

use super::dialogs::Dialogs;
use super::house::{House, PATIENCE, not_answered};
use super::{input, output};
use crate::identity::{AccessKey, AccessKeyId, ExposeSecret, Failure, Kind, MfaSerial};
use crate::keys::{self, DeviceQuestion, Enrolled, Enrolment};
use crate::port::{KeyStore, Person, SecretQuestion};
use crate::profile::{self, PromptMode, SourceLookup};
use crate::wire::key_file;

const EXAMPLES: &str = "\
The key is tried at AWS before it is stored; its secret goes to the keyring and nowhere else. The user needs next to no \
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
    let name = arguments.name.clone();
    if !profile::is_portable_name(&name) {
        return Err(Failure::new(Kind::Usage, format!("{name:?} cannot be the name of a source key"))
            .cause("a name has letters, digits and _ . / : @ = - only, and does not begin with -")
            .hint("role-helper add alice"));
    }
    let replace = may_replace(&arguments, house)?;
    let key = read_key(&arguments, house)?;
    let enrolment = Enrolment { name, key, mfa_serial: arguments.mfa_serial.clone(), replace };
    let ask = |question: &DeviceQuestion| ask_device(&arguments, question);
    let enrolled = house.with_keys(|outside| keys::enrol(&enrolment, outside, &ask))?;
    report(&arguments, house, &enrolled)
}

/// Whether a key of this name is there and may go.
fn may_replace(arguments: &Arguments, house: &House) -> Result<bool, Failure> {
    let name = &arguments.name;
    let Some(facts) = house.index.added(name)? else { return Ok(arguments.force) };
    if arguments.force {
        return Ok(true);
    }
    let question = format!("replace {name}, which is access key {} of {}?", facts.access_key_id, facts.user_arn);
    if house.yes(&question, &format!("role-helper add {name} --force"))? {
        return Ok(true);
    }
    Err(Failure::new(Kind::Refused, format!("{name} was kept as it is")))
}

fn read_key(arguments: &Arguments, house: &House) -> Result<AccessKey, Failure> {
    if arguments.stdin {
        return key_file::from_json(&input::stdin("the access key")?).map_err(|error| {
            no_key("stdin", error).hint("aws iam create-access-key --user-name NAME | role-helper add …")
        });
    }
    if let Some(file) = &arguments.csv {
        return key_file::from_csv(&input::file(file, "the access key")?)
            .map_err(|error| no_key(&file.display().to_string(), error));
    }
    if let Some(profile) = &arguments.from_profile {
        return key_of_profile(house, profile);
    }
    let instead = format!("role-helper add {} --stdin, --csv FILE or --from-profile PROFILE", arguments.name);
    let dialogs = Dialogs::open("an access key", &instead)?;
    let id = dialogs.text("Access key id", None, |text| match text.parse::<AccessKeyId>() {
        // Said before the secret is asked for.
        Ok(id) if id.is_temporary() => {
            Err(format!("`{id}` is a temporary key, which ends with its session: give an IAM user's, AKIA…"))
        }
        Ok(id) => Ok(id),
        Err(error) => Err(error.to_string()),
    })?;
    let question = SecretQuestion {
        purpose: format!("add access key {id} as {}", arguments.name),
        label: "Secret access key: ",
        note: None,
        twice: false,
        mode: PromptMode::Tty,
        deadline: PATIENCE,
    };
    let secret = house.person.secret(&question).map_err(|error| not_answered(&error, &instead))?;
    key_file::access_key(id.as_str(), secret.expose_secret()).map_err(|error| no_key("the answer", error))
}

fn no_key(place: &str, error: key_file::KeyFileError) -> Failure {
    Failure::new(Kind::Usage, format!("{place} has no access key that can be used")).cause(error.to_string())
}

/// The key that a profile has in plain text, in the credentials file or the config.
fn key_of_profile(house: &House, name: &str) -> Result<AccessKey, Failure> {
    let files = house.files()?;
    let sections = [files.credentials.profile(name), files.config.profile(name)];
    let get = |key: &str| sections.iter().flatten().find_map(|section| section.get(key));
    let failure = |what: String| Failure::new(Kind::Configuration, what);
    if sections.iter().all(Option::is_none) {
        let names: Vec<&str> = files.credentials.profiles().chain(files.config.profiles()).collect();
        let failure = failure(format!("there is no profile `{name}`"));
        return Err(match profile::nearest(name, names) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure,
        });
    }
    if get("aws_session_token").is_some_and(|value| !value.text.is_empty()) {
        return Err(failure(format!("the key of profile `{name}` is temporary"))
            .cause("it has an aws_session_token: it belongs to a session and ends with it")
            .hint("add a long-term key of an IAM user"));
    }
    let (Some(id), Some(secret)) = (get("aws_access_key_id"), get("aws_secret_access_key")) else {
        return Err(failure(format!("profile `{name}` has no access key in plain text"))
            .cause("aws_access_key_id and aws_secret_access_key are not both there"));
    };
    key_file::access_key(&id.text, &secret.text).map_err(|error| no_key(&format!("profile `{name}`"), error))
}

/// What only the person knows of the MFA device.
fn ask_device(arguments: &Arguments, question: &DeviceQuestion) -> Result<Option<MfaSerial>, Failure> {
    let instead = format!("role-helper add {} --mfa-serial SERIAL", arguments.name);
    match question {
        DeviceQuestion::Several(serials) => {
            let dialogs = Dialogs::open("which of several MFA devices", &instead)?;
            let items: Vec<String> = serials.iter().map(MfaSerial::to_string).collect();
            Ok(serials.get(dialogs.choose("MFA device", &items, 0)?).cloned())
        }
        DeviceQuestion::Unknown(reason) => {
            let Ok(dialogs) = Dialogs::open("the MFA device", &instead) else {
                output::say(&format!("role-helper: warning: AWS does not say which MFA device the user has: {reason}"));
                output::say(&format!("if there is one: {instead} --force"));
                return Ok(None);
            };
            output::say(&format!("AWS does not say which MFA device the user has: {reason}"));
            dialogs.text("MFA serial (empty for none)", None, |text| match text {
                "" => Ok(None),
                text => text.parse().map(Some),
            })
        }
    }
}

fn report(arguments: &Arguments, house: &House, enrolled: &Enrolled) -> Result<(), Failure> {
    let facts = &enrolled.facts;
    let label = house.keyring(house.prompt_mode()).label();
    output::say(&format!("added {}: {}, key {} in {label}", facts.name, facts.user_arn, facts.access_key_id));
    if let Some(serial) = &facts.mfa_serial {
        output::say(&format!("MFA device: {serial}"));
    }
    for warning in &enrolled.warnings {
        output::say(&format!("role-helper: warning: {warning}"));
    }
    if let Some(profile) = &arguments.from_profile {
        let files = house.files()?;
        let in_credentials =
            files.credentials.profile(profile).is_some_and(|section| section.get("aws_secret_access_key").is_some());
        let place = if in_credentials { files.credentials.origin() } else { files.config.origin() };
        output::say(&format!(
            "the plaintext is still there: delete aws_access_key_id and aws_secret_access_key of `{profile}` from {place}"
        ));
    }
    output::say(&format!("next: role-helper setup PROFILE --source-profile {} --role-arn ARN", facts.name));
    Ok(())
}

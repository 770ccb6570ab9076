//! `setup`: write a role profile into `~/.aws/config`, by a wizard or by flags.

use clap::Args;

use super::dialogs::Dialogs;
use super::house::House;
use super::{our_command, output};
use crate::door::aws_files;
use crate::identity::{Failure, Kind, Lifetime, MfaSerial, RoleArn, SessionName};
use crate::profile::{self, Config, EditError, FileKind, Files, Overrides, Plan, PlanError, SourceLookup};

const EXAMPLES: &str = "\
The profile serves every AWS client: it names role-helper as its credential_process. Comments, order and all other \
profiles stay as they are; a backup is kept beside the file.

Examples:
  role-helper setup prod                                        asks for what is needed
  role-helper setup prod --role-arn arn:aws:iam::222233334444:role/Admin --source-profile alice \\
      --region ap-northeast-1                                   asks nothing
  role-helper setup dev --role-arn … --source-profile alice --mfa-session 12h
                                                                one code a day for many roles";

/// Write a role profile into ~/.aws/config
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile to write
    profile: String,
    /// The role
    #[arg(long, value_name = "ARN")]
    role_arn: Option<RoleArn>,
    /// Whose key assumes it: a name that was added, or a profile of the config
    #[arg(long, value_name = "NAME")]
    source_profile: Option<String>,
    /// The region for clients
    #[arg(long, value_parser = region)]
    region: Option<String>,
    /// How long a role session lives: 1h, 90m, 43200s
    #[arg(long, value_name = "DURATION")]
    duration: Option<Lifetime>,
    /// Share one MFA code among roles for this long: 12h
    #[arg(long, value_name = "DURATION")]
    mfa_session: Option<Lifetime>,
    /// The MFA device, where it is not the one recorded for the source
    #[arg(long, value_name = "SERIAL")]
    mfa_serial: Option<MfaSerial>,
    /// The external id that the role's trust policy asks for
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// The session's name in CloudTrail, instead of the IAM user's name
    #[arg(long, value_name = "NAME")]
    session_name: Option<SessionName>,
    /// Set the source identity: `user` for the IAM user's name, or a name
    #[arg(long, value_name = "user|NAME")]
    source_identity: Option<SessionName>,
    /// Replace what is there without asking
    #[arg(long)]
    force: bool,
}

pub(super) fn run(mut arguments: Arguments, house: &House) -> Result<(), Failure> {
    let by_wizard = arguments.role_arn.is_none() || arguments.source_profile.is_none();
    let mut removed = TAKEN_OVER.to_vec();
    if by_wizard {
        let instead = format!("role-helper setup {} --role-arn ARN --source-profile NAME", arguments.profile);
        let dialogs = Dialogs::open("the role and its source", &instead)?;
        refuse_file(house, &arguments.profile)?;
        removed.extend(ask(&mut arguments, house, &dialogs)?);
    }
    let (Some(role_arn), Some(source)) = (&arguments.role_arn, &arguments.source_profile) else {
        return Err(Failure::new(Kind::Usage, "setup needs a role and a source"));
    };
    if let Some(duration) = arguments.duration {
        duration.for_assume_role().map_err(|error| bad("--duration", &error))?;
    }
    if let Some(lifetime) = arguments.mfa_session {
        lifetime.for_session_token().map_err(|error| bad("--mfa-session", &error))?;
    }

    let command = our_command::find(house.called_as())?;
    let mut settings: Vec<(&str, String)> = Vec::new();
    let mut set = |key, value: Option<String>| settings.extend(value.map(|value| (key, value)));
    set("region", arguments.region.clone());
    set("credential_process", Some(format!("{} credential-process {}", command.word, arguments.profile)));
    set("role_helper_role_arn", Some(role_arn.to_string()));
    set("role_helper_source_profile", Some(source.clone()));
    set("role_helper_mfa_serial", arguments.mfa_serial.as_ref().map(MfaSerial::to_string));
    set("role_helper_duration", arguments.duration.map(|duration| duration.to_string()));
    set("role_helper_mfa_session", arguments.mfa_session.map(|lifetime| lifetime.to_string()));
    set("role_helper_external_id", arguments.external_id.clone());
    set("role_helper_session_name", arguments.session_name.as_ref().map(SessionName::to_string));
    set("role_helper_source_identity", arguments.source_identity.as_ref().map(SessionName::to_string));

    carry_over(&arguments, house, &mut settings)?;
    let planned = write(&arguments, house, &settings, &removed, by_wizard)?;
    if let Some(warning) = &command.warning {
        output::say(&format!("role-helper: warning: {warning}"));
    }
    next_step(&arguments.profile, planned, house);
    Ok(())
}

/// What an AWS profile that is taken over said of the device and the session's name holds on.
fn carry_over(arguments: &Arguments, house: &House, settings: &mut Vec<(&str, String)>) -> Result<(), Failure> {
    let files = house.files()?;
    let Some(section) = files.config.profile(&arguments.profile) else { return Ok(()) };
    for (aws, ours) in [("mfa_serial", "role_helper_mfa_serial"), ("role_session_name", "role_helper_session_name")] {
        let said = section.get(ours).is_some() || settings.iter().any(|(key, _)| *key == ours);
        if let Some(value) = section.get(aws).filter(|_| !said) {
            settings.push((ours, value.text.into_owned()));
        }
    }
    Ok(())
}

/// Keys that must not stand beside credential_process (some clients then refuse the profile or assume the role
/// twice), and whose meaning is ours now. Static keys are not among them: a key is never removed here.
const TAKEN_OVER: [&str; 5] = ["role_arn", "source_profile", "mfa_serial", "role_session_name", "credential_source"];

/// Shows what will be written, asks where something is replaced, and writes it. The plan that the profile then is,
/// or what still stands in its way.
fn write(
    arguments: &Arguments,
    house: &House,
    settings: &[(&str, String)],
    removed: &[&str],
    by_wizard: bool,
) -> Result<Result<Plan, PlanError>, Failure> {
    let profile = &arguments.profile;
    let path = house.surroundings.config_file()?;
    let shown = house.surroundings.tilde(&path);
    let old = aws_files::read(&path)?;
    refuse_static_keys(house, profile)?;
    let settings: Vec<(&str, &str)> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let in_file = |failure: Failure| in_file(&failure, &shown);

    let edited = profile::replace_in_profile(&old, profile, &settings, removed).map_err(|error| match error {
        // What is left to contradict is a key, which is nobody's to delete but the person's.
        EditError::Conflict { .. } => in_file(Failure::from(error))
            .hint(format!("role-helper add NAME --from-profile {profile}, then remove these lines")),
        error => in_file(error.into()),
    })?;
    let planned = plan(profile, &edited.text, house)?;
    if !edited.changed {
        output::say(&format!("profile {profile} in {shown} is so already"));
        return Ok(planned);
    }
    if let Err(error) = &planned
        && cannot_work(error, profile)
    {
        return Err(Failure::from(error.clone()));
    }
    let header = if profile == "default" { "default".to_owned() } else { format!("profile {profile}") };
    let lines: String = settings.iter().map(|(key, value)| format!("\n    {key} = {value}")).collect();
    let section = format!("\n\n    [{header}]{lines}\n");
    if by_wizard {
        output::say(&format!("to be written to {shown}:{section}"));
    }
    let replaced = replaced(&old, profile, &settings, removed, &shown);
    if !replaced.is_empty() && !arguments.force {
        let question = format!("replace in profile {profile}: {}?", replaced.join(", "));
        if !house.yes(&question, "the same command with --force")? {
            return Err(Failure::new(Kind::Refused, format!("profile {profile} was kept as it is")));
        }
    }
    aws_files::replace(&path, old.as_bytes(), edited.text.as_bytes())?;
    output::say(&if by_wizard { format!("wrote {shown}") } else { format!("wrote to {shown}:{section}") });
    Ok(planned)
}

/// What is there and will be different or gone.
fn replaced(old: &str, profile: &str, settings: &[(&str, &str)], removed: &[&str], shown: &str) -> Vec<String> {
    let config = Config::parse(old, FileKind::Config, shown);
    let Some(section) = config.profile(profile) else { return Vec::new() };
    let mut replaced = Vec::new();
    for (key, value) in settings {
        if let Some(before) = section.get(key).filter(|before| before.text != *value) {
            replaced.push(format!("{key} = {}", before.text));
        }
    }
    replaced.extend(removed.iter().filter_map(|key| Some(format!("{key} = {}", section.get(key)?.text))));
    replaced
}

/// Says what is in the way before anything is asked, and not after the last answer.
fn refuse_file(house: &House, profile: &str) -> Result<(), Failure> {
    let path = house.surroundings.config_file()?;
    let text = aws_files::read(&path)?;
    let nothing = profile::set_profile(&text, profile, &[]);
    match nothing {
        Ok(_) | Err(EditError::Conflict { .. }) => refuse_static_keys(house, profile),
        Err(error) => Err(in_file(&error.into(), &house.surroundings.tilde(&path))),
    }
}

/// Most clients take static keys of the credentials file first, and would never call us.
fn refuse_static_keys(house: &House, profile: &str) -> Result<(), Failure> {
    let files = house.files()?;
    let Some(section) = files.credentials.profile(profile) else { return Ok(()) };
    let Some(value) = section.get("aws_access_key_id") else { return Ok(()) };
    Err(Failure::new(Kind::Configuration, format!("profile {profile} has an access key in plain text"))
        .cause(format!("{}: most clients would use it and never call credential_process", section.at(value.line)))
        .hint(format!(
            "role-helper add NAME --from-profile {profile}, then delete it there, or use another profile name"
        )))
}

/// The failure, with the file in it.
fn in_file(failure: &Failure, shown: &str) -> Failure {
    let mut named = Failure::new(failure.kind(), format!("{shown}: {}", failure.what()));
    if let Some(cause) = failure.cause_text() {
        named = named.cause(cause);
    }
    match failure.hint_text() {
        Some(hint) => named.hint(hint),
        None => named,
    }
}

/// What the profile is, if the config file has this text.
fn plan(profile: &str, text: &str, house: &House) -> Result<Result<Plan, PlanError>, Failure> {
    let before = house.files()?;
    let config = Config::parse(text, FileKind::Config, before.config.origin());
    let files = Files { config, credentials: before.credentials };
    Ok(profile::resolve(&files, &house.index, &house.surroundings.plan, profile, &Overrides::default()))
}

/// Whether it is the profile itself that nobody could use, whatever is added or mended elsewhere.
fn cannot_work(error: &PlanError, written: &str) -> bool {
    match error {
        PlanError::DurationCapped { profile, .. } | PlanError::BadValue { profile, .. } => profile == written,
        PlanError::Loop { .. } => true,
        _ => false,
    }
}

/// What to type next, or what stands in the way of the profile.
fn next_step(profile: &str, planned: Result<Plan, PlanError>, house: &House) {
    match planned {
        Ok(plan) => {
            house.warn(&plan);
            output::say(&format!("next: aws sts get-caller-identity --profile {profile}"));
        }
        Err(error) => {
            let failure = Failure::from(error);
            output::say(&format!("role-helper: warning: {}", failure.what()));
            if let Some(hint) = failure.hint_text() {
                output::say(&format!("hint: {hint}"));
            }
        }
    }
}

fn bad(option: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::Usage, format!("{option} cannot be used")).cause(error.to_string())
}

/// Asks for what no option said. The keys that the answers leave out, which may stand there from before.
fn ask(arguments: &mut Arguments, house: &House, dialogs: &Dialogs) -> Result<Vec<&'static str>, Failure> {
    let mut left_out = Vec::new();
    let files = house.files()?;
    let existing = files.config.profile(&arguments.profile);
    let before = |key: &str| existing.as_ref()?.get(key).map(|value| value.text.into_owned());
    if arguments.source_profile.is_none() {
        arguments.source_profile = Some(ask_source(house, dialogs, before("role_helper_source_profile"))?);
    }
    if arguments.role_arn.is_none() {
        let role = dialogs.text("Role ARN", before("role_helper_role_arn"), str::parse::<RoleArn>)?;
        arguments.role_arn = Some(role);
    }
    if arguments.region.is_none() {
        arguments.region = dialogs.text("Region (empty for none)", before("region"), |text| {
            if text.is_empty() { Ok(None) } else { region(text).map(Some) }
        })?;
        left_out.extend(arguments.region.is_none().then_some("region"));
    }
    if arguments.mfa_session.is_none() && arguments.duration.is_none() {
        let ways = [
            "each role by its own code, for as long as the role allows".to_owned(),
            "one code for many roles, renewed silently every hour".to_owned(),
        ];
        let shared = usize::from(before("role_helper_mfa_session").is_some());
        if dialogs.choose("MFA", &ways, shared)? == 1 {
            let lifetime = before("role_helper_mfa_session").unwrap_or_else(|| "12h".to_owned());
            arguments.mfa_session = Some(dialogs.text("One code holds for", Some(lifetime), |text| {
                text.parse::<Lifetime>().and_then(Lifetime::for_session_token)
            })?);
            // AWS ends such roles after an hour, which is the default.
            left_out.extend(["role_helper_duration", "duration_seconds"]);
        } else {
            let lifetime = before("role_helper_duration").unwrap_or_else(|| "1h".to_owned());
            let lifetime = dialogs.text("A role session lives", Some(lifetime), |text| {
                text.parse::<Lifetime>().and_then(Lifetime::for_assume_role)
            })?;
            arguments.duration =
                (lifetime != Lifetime::HOUR || before("role_helper_duration").is_some()).then_some(lifetime);
            left_out.push("role_helper_mfa_session");
        }
    }
    Ok(left_out)
}

fn ask_source(house: &House, dialogs: &Dialogs, before: Option<String>) -> Result<String, Failure> {
    let mut names = house.index.names();
    names.sort_unstable();
    if names.is_empty() {
        return Err(Failure::new(Kind::Configuration, "no source key was added yet").hint("role-helper add NAME"));
    }
    let first = names.iter().position(|name| Some(name) == before.as_ref()).unwrap_or(0);
    let chosen = dialogs.choose("Source key", &names, first)?;
    Ok(names.swap_remove(chosen))
}

fn region(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a region: expected one such as ap-northeast-1"))
}

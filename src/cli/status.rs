//! `status`: who am I here, until when, and what keeps the secrets.

use clap::Args;
use serde::Serialize;

use super::house::House;
use super::list::Session;
use super::output::{self, left};
use crate::door::kernel::KernelKeyring;
use crate::door::keyring::Store;
use crate::identity::{Failure, Timestamp};
use crate::profile::{Overrides, Plan};
use crate::seal::CacheKey;
use crate::wire::process_json;

const EXAMPLES: &str = "\
Without PROFILE it tells of the profile that this shell uses (ROLE_HELPER_PROFILE within exec, else AWS_PROFILE), if any. \
Nothing is called and no keyring is opened.

Examples:
  role-helper status
  role-helper status prod --json";

/// Show who you are here, until when, and which keyring is in use
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The profile
    profile: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A stable format: fields are added, never changed.
#[derive(Serialize)]
struct Status {
    /// None where neither the command line nor the environment names one.
    profile: Option<Profile>,
    keyring: Keyring,
    kernel_copy: KernelCopy,
    live_sessions: usize,
    /// A line each.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Profile {
    name: String,
    /// Whether this process runs with its credentials in the environment.
    in_exec: bool,
    source: String,
    user_arn: String,
    role_arn: Option<String>,
    session_name: Option<String>,
    mfa_serial: Option<String>,
    region: Option<String>,
    /// When the credentials in this process's environment end; none outside of exec.
    environment: Option<Ending>,
    /// The sealed session that the next use would get; none where none lives.
    session: Option<Session>,
}

#[derive(Serialize)]
struct Ending {
    expiration: String,
    seconds_left: i64,
}

/// The keyring in use.
#[derive(Serialize)]
struct Keyring {
    /// `os` or `file`; none where the first thing that is stored decides.
    kind: Option<&'static str>,
    /// Such as `Secret Service`.
    label: String,
    /// Why this one.
    why: String,
}

/// Whether the kernel keyring can hold a copy of what opens the sessions.
#[derive(Serialize)]
struct KernelCopy {
    available: bool,
    /// Why not, and what it costs.
    why: Option<String>,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let inside = house.inside_exec();
    let (profile, warnings) = match (arguments.profile, inside.as_ref().or(house.surroundings.profile.as_ref())) {
        (Some(name), _) => {
            profile(house, name, inside.as_deref()).map(|(profile, warnings)| (Some(profile), warnings))?
        }
        // Nobody asked for this profile, and the rest is worth knowing without it.
        (None, Some(name)) => match profile(house, name.clone(), inside.as_deref()) {
            Ok((profile, warnings)) => (Some(profile), warnings),
            Err(failure) => (None, vec![format!("profile of this shell: {}", failure.what())]),
        },
        (None, None) => (None, Vec::new()),
    };
    let status = Status {
        profile,
        keyring: keyring(house),
        kernel_copy: kernel_copy(house),
        live_sessions: house.live_headers().len(),
        warnings,
    };
    if arguments.json {
        return output::json(&status);
    }
    output::data(&text(&status))
}

fn profile(house: &House, name: String, inside: Option<&str>) -> Result<(Profile, Vec<String>), Failure> {
    let plan = house.plan_without_network(&name, &Overrides::default())?;
    let hop = plan.hops.last();
    let profile = Profile {
        in_exec: inside == Some(&name),
        environment: (inside == Some(&name)).then(|| environment_ends(house)).flatten(),
        source: plan.base.name().to_owned(),
        user_arn: plan.base.user_arn().to_string(),
        role_arn: hop.map(|hop| hop.role_arn.to_string()),
        session_name: hop.map(|hop| hop.session_name.to_string()),
        mfa_serial: plan.mfa.as_ref().map(|mfa| mfa.serial.to_string()),
        region: plan.region.clone(),
        session: live_session(house, &plan),
        name,
    };
    Ok((profile, plan.warnings))
}

fn keyring(house: &House) -> Keyring {
    let standing = house.keyring(house.prompt_mode()).standing();
    Keyring { kind: standing.store.map(Store::word), label: standing.label, why: standing.why }
}

fn kernel_copy(house: &House) -> KernelCopy {
    match KernelKeyring::new(&house.places.folder_id()).available() {
        Ok(()) => KernelCopy { available: true, why: None },
        Err(error) => KernelCopy {
            available: false,
            why: Some(format!("{error}; the keyring is opened for every session that is read")),
        },
    }
}

/// What exec told its command, clocks uncorrected.
#[expect(clippy::disallowed_methods, reason = "set by exec for people and prompts; no rule depends on it")]
fn environment_ends(house: &House) -> Option<Ending> {
    let expiration: Timestamp = std::env::var("AWS_CREDENTIAL_EXPIRATION").ok()?.parse().ok()?;
    let seconds_left = expiration.as_second() - house.now().as_second();
    Some(Ending { expiration: process_json::instant(expiration), seconds_left })
}

fn live_session(house: &House, plan: &Plan) -> Option<Session> {
    let key = CacheKey::of_plan(plan);
    let (_, header) = house.live_headers().into_iter().find(|(other, _)| *other == key)?;
    Some(Session::of(header, house.now()))
}

fn text(status: &Status) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(profile) = &status.profile {
        let here = if profile.in_exec { " (this shell runs with it)" } else { "" };
        rows.push(("profile", format!("{}{here}", profile.name)));
        match (&profile.role_arn, &profile.session_name) {
            (Some(role), Some(name)) => {
                rows.push(("role", role.clone()));
                rows.push(("session name", name.clone()));
            }
            _ => rows.push(("role", "none: the user's own MFA session".to_owned())),
        }
        rows.push(("source key", format!("{}, {}", profile.source, profile.user_arn)));
        rows.push(("MFA device", profile.mfa_serial.clone().unwrap_or_else(|| "none known".to_owned())));
        rows.extend(profile.region.clone().map(|region| ("region", region)));
        if let Some(Ending { expiration, seconds_left }) = &profile.environment {
            rows.push(("this shell", format!("{} left, until {expiration}", left(*seconds_left))));
        }
        rows.push((
            "session",
            match &profile.session {
                Some(session) => format!("{} left, until {}", left(session.seconds_left), session.expiration),
                None => "none now".to_owned(),
            },
        ));
    }
    rows.push(("live sessions", status.live_sessions.to_string()));
    let Keyring { kind, label, why } = &status.keyring;
    rows.push(("keyring", if kind.is_some() { format!("{label} ({why})") } else { why.clone() }));
    rows.push((
        "kernel keyring",
        match &status.kernel_copy {
            KernelCopy { available: true, .. } => {
                "works: what opens the sessions stays there for 8h at most".to_owned()
            }
            KernelCopy { why, .. } => format!("not used: {}", why.as_deref().unwrap_or("unknown")),
        },
    ));
    rows.extend(status.warnings.iter().map(|warning| ("warning", warning.clone())));
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    rows.iter().map(|(label, value)| format!("{label:width$}  {value}\n")).collect()
}

//! `status`: who am I here, until when, and what keeps the secrets.

use clap::Args;
use serde::Serialize;

use super::house::House;
use super::list::Session;
use super::output::{self, left};
use crate::door::kernel::KernelKeyring;
use crate::identity::Failure;
use crate::profile::{Overrides, Plan};
use crate::seal::CacheKey;

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
    /// None where no session lives.
    session: Option<Session>,
}

/// The keyring in use.
#[derive(Debug, Serialize)]
pub(super) struct Keyring {
    /// Such as `Secret Service`.
    pub(super) label: String,
    /// Why this one.
    pub(super) why: String,
}

/// Whether the kernel keyring can hold a copy of what opens the sessions.
#[derive(Debug, Serialize)]
pub(super) struct KernelCopy {
    pub(super) available: bool,
    /// Why not, and what it costs.
    pub(super) why: Option<String>,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let inside = house.inside_exec();
    let name = match arguments.profile {
        Some(name) => Some(name),
        None => inside.clone().or_else(|| house.surroundings.profile.clone()),
    };
    let profile = name.map(|name| profile(house, name, inside.as_deref())).transpose()?;
    let (profile, warnings) = profile.map_or((None, Vec::new()), |(profile, warnings)| (Some(profile), warnings));
    let status = Status {
        profile,
        keyring: Keyring { label: house.keyring_label()?, why: "chosen".to_owned() },
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

fn kernel_copy(house: &House) -> KernelCopy {
    match KernelKeyring::new(&house.places.folder_id()).available() {
        Ok(()) => KernelCopy { available: true, why: None },
        Err(error) => KernelCopy {
            available: false,
            why: Some(format!("{error}; the keyring is opened for every session that is read")),
        },
    }
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
        rows.push((
            "session",
            match &profile.session {
                Some(session) => format!("{} left, until {}", left(session.seconds_left), session.expiration),
                None => "none now".to_owned(),
            },
        ));
    }
    rows.push(("live sessions", status.live_sessions.to_string()));
    rows.push(("keyring", format!("{} ({})", status.keyring.label, status.keyring.why)));
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

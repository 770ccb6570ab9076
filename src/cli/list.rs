//! `list`: the keys that were added, the profiles that use a role, the sessions that live.

use clap::Args;
use serde::Serialize;

use super::house::House;
use super::output::{self, left, table};
use crate::identity::{Failure, SourceFacts};
use crate::port::SourceIndex;
use crate::seal::Header;

const EXAMPLES: &str = "\
Nothing is called and no keyring is opened.

Examples:
  role-helper list
  role-helper list --json | jq -r '.sessions[] | select(.seconds_left > 600) | .profile'";

/// List keys, profiles and live sessions
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A stable format: fields are added, never changed.
#[derive(Serialize)]
struct Listing {
    keys: Vec<SourceFacts>,
    profiles: Vec<Profile>,
    sessions: Vec<Session>,
}

/// A profile of the config that names a role or one of our sources.
#[derive(Debug, Serialize)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) role_arn: Option<String>,
    pub(super) source_profile: Option<String>,
    pub(super) region: Option<String>,
    /// Whether AWS clients get credentials of it from us.
    pub(super) serves_clients: bool,
}

/// A sealed session that has not expired.
#[derive(Debug, Serialize)]
pub(super) struct Session {
    pub(super) profile: String,
    pub(super) source: String,
    pub(super) role_arn: Option<String>,
    pub(super) session_name: Option<String>,
    pub(super) account_id: String,
    pub(super) expiration: String,
    pub(super) seconds_left: i64,
}

impl Session {
    pub(super) fn of(header: Header, now: crate::identity::Timestamp) -> Session {
        Session {
            seconds_left: header.seconds_left(now),
            expiration: crate::wire::process_json::instant(header.expiration),
            profile: header.profile,
            source: header.source,
            role_arn: header.role_arn,
            session_name: header.session_name,
            account_id: header.account_id,
        }
    }

    /// The role's name, or what else it is.
    pub(super) fn what(&self) -> String {
        match &self.role_arn {
            Some(arn) => role_name(arn),
            None => "(MFA session)".to_owned(),
        }
    }
}

pub(super) fn role_name(arn: &str) -> String {
    arn.parse::<crate::identity::RoleArn>().map_or_else(|_| arn.to_owned(), |arn| arn.role_name().to_owned())
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let listing = Listing { keys: house.index.all()?, profiles: profiles(house)?, sessions: live_sessions(house) };
    if arguments.json {
        return output::json(&listing);
    }
    output::data(&text(&listing))
}

/// The profiles of the config that name a role or get their credentials from us, in the order of the file.
pub(super) fn profiles(house: &House) -> Result<Vec<Profile>, Failure> {
    let files = house.files()?;
    let mut profiles = Vec::new();
    for section in files.config.profile_sections() {
        let properties = section.properties();
        let get = |key: &str| {
            properties.iter().rev().find(|property| property.key == key).map(|property| property.value.text.to_string())
        };
        let role_arn = get("role_helper_role_arn").or_else(|| get("role_arn"));
        let source_profile = get("role_helper_source_profile").or_else(|| get("source_profile"));
        let serves_clients = get("credential_process").is_some_and(|command| command.contains(" credential-process "));
        if role_arn.is_some() || source_profile.is_some() {
            let region = get("role_helper_region").or_else(|| get("region"));
            profiles.push(Profile {
                name: section.name().to_owned(),
                role_arn,
                source_profile,
                region,
                serves_clients,
            });
        }
    }
    Ok(profiles)
}

/// The sessions that have not expired, by profile.
fn live_sessions(house: &House) -> Vec<Session> {
    let now = house.now();
    house.live_headers().into_iter().map(|(_, header)| Session::of(header, now)).collect()
}

fn text(listing: &Listing) -> String {
    let dash = || "-".to_owned();
    let keys: Vec<_> = listing
        .keys
        .iter()
        .map(|key| {
            let mfa = key.mfa_serial.as_ref().map_or_else(dash, |serial| serial.to_string());
            [key.name.clone(), key.user_arn.to_string(), key.access_key_id.to_string(), mfa]
        })
        .collect();
    let profiles: Vec<_> = listing
        .profiles
        .iter()
        .map(|profile| {
            [
                profile.name.clone(),
                profile.role_arn.clone().unwrap_or_else(dash),
                profile.source_profile.clone().unwrap_or_else(dash),
                profile.region.clone().unwrap_or_else(dash),
                if profile.serves_clients { "every client" } else { "exec only" }.to_owned(),
            ]
        })
        .collect();
    let sessions: Vec<_> = listing
        .sessions
        .iter()
        .map(|session| {
            let name = session.session_name.clone().unwrap_or_else(dash);
            [session.profile.clone(), session.what(), session.account_id.clone(), name, left(session.seconds_left)]
        })
        .collect();
    let part = |title: &str, empty: &str, table: Option<String>| match table {
        Some(table) => format!("{title}\n{table}"),
        None => format!("{title}\n{empty}\n"),
    };
    let some = |rows: usize, table: String| (rows > 0).then_some(table);
    [
        part(
            "Keys",
            "none; add one: role-helper add NAME",
            some(keys.len(), table(["NAME", "USER", "KEY ID", "MFA DEVICE"], &keys)),
        ),
        part(
            "Profiles with a role",
            "none; write one: role-helper setup PROFILE",
            some(profiles.len(), table(["PROFILE", "ROLE", "SOURCE", "REGION", "SERVES"], &profiles)),
        ),
        part(
            "Live sessions",
            "none",
            some(sessions.len(), table(["PROFILE", "ROLE", "ACCOUNT", "SESSION NAME", "LEFT"], &sessions)),
        ),
    ]
    .join("\n")
}

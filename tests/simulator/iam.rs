//! IAM: the calls on a user's own devices and keys.

use super::caller::{self, Caller, Who};
use super::clock;
use super::limits::Params;
use super::state::{Denial, State, unique_id};
use super::world::{Key, User};
use super::xml;

/// When everything in the simulated IAM was made.
const MADE: i64 = 1_700_000_000;

/// Answers an operation: the inside of its result element, or nothing where IAM has no result.
pub fn answer(state: &mut State, caller: &Caller, operation: &str, params: Params) -> Result<Option<String>, Denial> {
    if !matches!(
        operation,
        "ListMFADevices" | "GetUser" | "ListAccessKeys" | "CreateAccessKey" | "UpdateAccessKey" | "DeleteAccessKey"
    ) {
        return Err(Denial::new(
            400,
            "InvalidAction",
            format!("Could not find operation {operation} for version 2010-05-08"),
        ));
    }
    // Sessions of GetSessionToken reach IAM only if they carry MFA.
    if matches!(caller.who, Who::User(_)) && caller.temporary && caller.mfa_at.is_none() {
        return Err(Denial::new(403, "InvalidClientTokenId", "The security token included in the request is invalid"));
    }
    let name = match (params.get("UserName"), caller.username()) {
        (Some(name), _) | (None, Some(name)) => name.to_owned(),
        (None, None) => {
            return Err(Denial::validation("Must specify userName when calling with non-User credentials"));
        }
    };
    let partition = state.world.partition.clone();
    let at = state.world.users.iter().position(|u| u.account == caller.account() && u.name == name);
    let action = format!("iam:{operation}");
    let own = at.map_or_else(
        || format!("arn:{partition}:iam::{}:user/{name}", caller.account()),
        |at| caller::user_arn(&partition, &state.world.users[at]),
    );
    // Without a user name AWS was seen to ask for the permission on everything (aws/aws-cli, "list-mfa-devices sometimes
    // attempts to retrieve MFA devices for all users"): the simulator always does.
    let (resource, shown) = if operation == "ListMFADevices" && params.get("UserName").is_none() {
        ("*".to_owned(), "*".to_owned())
    } else {
        (own, format!("user {name}"))
    };
    if !caller.may(&action, &resource) {
        let who = caller.arn(&partition);
        return Err(Denial::access(format!(
            "User: {who} is not authorized to perform: {action} on resource: {shown} because no identity-based policy allows the {action} action"
        )));
    }
    let Some(at) = at else {
        return Err(Denial::new(404, "NoSuchEntity", format!("The user with name {name} cannot be found.")));
    };
    match operation {
        "GetUser" => Ok(Some(xml::element("User", &user(&state.world.users[at], &partition)))),
        "ListMFADevices" => {
            let devices = state.world.users[at].mfa.iter().map(|d| {
                [
                    xml::text("UserName", &name),
                    xml::text("SerialNumber", &d.serial),
                    xml::text("EnableDate", &clock::iso(MADE)),
                ]
                .concat()
            });
            page(state, params, "MFADevices", devices.collect()).map(Some)
        }
        "ListAccessKeys" => {
            let keys = state.world.users[at].keys.iter().map(|k| key_metadata(&name, k));
            page(state, params, "AccessKeyMetadata", keys.collect()).map(Some)
        }
        "CreateAccessKey" => {
            if state.world.users[at].keys.len() >= 2 {
                return Err(Denial::new(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"));
            }
            let (id, secret) = state.new_key("AKIA");
            let key = Key { known_from: state.now() + state.world.new_key_delay_seconds, ..Key::new(&id, &secret) };
            let inner = [key_metadata(&name, &key), xml::text("SecretAccessKey", &secret)].concat();
            state.world.users[at].keys.push(key);
            Ok(Some(xml::element("AccessKey", &inner)))
        }
        _ => {
            let id = params.get("AccessKeyId").unwrap_or_default();
            let keys = &mut state.world.users[at].keys;
            let Some(key) = keys.iter().position(|k| k.id == id) else {
                return Err(Denial::new(404, "NoSuchEntity", format!("The Access Key with id {id} cannot be found.")));
            };
            match (operation, params.get("Status")) {
                ("DeleteAccessKey", _) => drop(keys.remove(key)),
                (_, Some("Active")) => keys[key].active = true,
                (_, Some("Inactive")) => keys[key].active = false,
                _ => {
                    return Err(Denial::validation(
                        "1 validation error detected: Value null at 'status' failed to satisfy constraint: Member must not be null",
                    ));
                }
            }
            Ok(None)
        }
    }
}

fn user(user: &User, partition: &str) -> String {
    let arn = caller::user_arn(partition, user);
    [
        xml::text("Path", &user.path),
        xml::text("UserName", &user.name),
        xml::text("UserId", &unique_id("AIDA", &arn)),
        xml::text("Arn", &arn),
        xml::text("CreateDate", &clock::iso(MADE)),
    ]
    .concat()
}

fn key_metadata(user: &str, key: &Key) -> String {
    [
        xml::text("UserName", user),
        xml::text("AccessKeyId", &key.id),
        xml::text("Status", if key.active { "Active" } else { "Inactive" }),
        xml::text("CreateDate", &clock::iso(MADE.max(key.known_from))),
    ]
    .concat()
}

/// One page of a list: the marker is the number of members already seen.
fn page(state: &State, params: Params, name: &str, members: Vec<String>) -> Result<String, Denial> {
    let invalid = || Denial::validation("Invalid Marker.");
    let from: usize =
        params.get("Marker").map_or(Ok(0), |m| m.strip_prefix("page-").unwrap_or("").parse()).map_err(|_| invalid())?;
    let most = params.get("MaxItems").and_then(|m| m.parse().ok()).unwrap_or(state.world.page_size).clamp(1, 1000);
    let rest = members.get(from..).ok_or_else(invalid)?;
    let shown: String = rest.iter().take(most).map(|m| xml::element("member", m)).collect();
    let more = rest.len() > most;
    let marker = if more { xml::text("Marker", &format!("page-{}", from + most)) } else { String::new() };
    Ok([xml::element(name, &shown), xml::text("IsTruncated", if more { "true" } else { "false" }), marker].concat())
}

//! STS: GetCallerIdentity, GetSessionToken, AssumeRole.

use super::caller::{self, Caller, RoleSession, Who};
use super::clock;
use super::limits::{Checks, Params};
use super::session_policy::{check_tags, packed_percent, parse_policy};
use super::state::{Denial, Issued, State};
use super::trust::{self, Asked};
use super::xml;

/// Bytes that a session token may have.
const MOST_TOKEN: usize = 4096;

/// Answers an operation with the inside of its result element.
pub fn answer(state: &mut State, caller: &Caller, operation: &str, params: Params) -> Result<String, Denial> {
    match operation {
        "GetCallerIdentity" => Ok(get_caller_identity(state, caller)),
        "GetSessionToken" => get_session_token(state, caller, params),
        "AssumeRole" => assume_role(state, caller, params),
        other => {
            Err(Denial::new(400, "InvalidAction", format!("Could not find operation {other} for version 2011-06-15")))
        }
    }
}

fn get_caller_identity(state: &State, caller: &Caller) -> String {
    let partition = &state.world.partition;
    [
        xml::text("Arn", &caller.arn(partition)),
        xml::text("UserId", &caller.user_id(partition)),
        xml::text("Account", caller.account()),
    ]
    .concat()
}

fn get_session_token(state: &mut State, caller: &Caller, params: Params) -> Result<String, Denial> {
    let mut checks = Checks::default();
    let mut seconds = checks.number(params.get("DurationSeconds"), "durationSeconds", 900, 129_600, 43_200);
    check_mfa_shape(&mut checks, params);
    let least = least_token(&mut checks, params);
    checks.done()?;
    if caller.temporary {
        return Err(Denial::access("Cannot call GetSessionToken with session credentials"));
    }
    state.check_code(caller, params.get("SerialNumber"), params.get("TokenCode"))?;
    if let Who::Root { .. } = caller.who {
        seconds = seconds.min(3600);
    }
    let mfa_at = params.get("TokenCode").map(|_| state.now());
    let issued = state.issue(Caller { who: caller.who.clone(), temporary: true, mfa_at }, seconds, least);
    Ok([credentials(&issued), utilization(&issued)].concat())
}

fn least_token(checks: &mut Checks, params: Params) -> usize {
    let least = checks.number(params.get("MinimumSessionTokenSize"), "minimumSessionTokenSize", 0, 4096, 0);
    usize::try_from(least).unwrap_or(0)
}

/// The percentage of the largest session token that this one takes.
fn utilization(issued: &Issued) -> String {
    xml::text("SessionTokenUtilization", &(issued.token.len() * 100 / MOST_TOKEN).min(100).to_string())
}

fn check_mfa_shape(checks: &mut Checks, params: Params) {
    let serial = params.get("SerialNumber");
    checks.length(serial, "serialNumber", 9, 256);
    checks.charset(serial, "serialNumber", "+=/:,.@-", "[\\w+=/:,.@-]*");
    let code = params.get("TokenCode");
    checks.length(code, "tokenCode", 6, 6);
    checks.digits(code, "tokenCode");
}

fn assume_role(state: &mut State, caller: &Caller, params: Params) -> Result<String, Denial> {
    let mut checks = Checks::default();
    let (arn, name) = (params.get("RoleArn"), params.get("RoleSessionName"));
    checks.required(arn, "roleArn");
    checks.length(arn, "roleArn", 20, 2048);
    checks.required(name, "roleSessionName");
    checks.length(name, "roleSessionName", 2, 64);
    checks.charset(name, "roleSessionName", "+=,.@-", "[\\w+=,.@-]*");
    let external_id = params.get("ExternalId");
    checks.length(external_id, "externalId", 2, 1224);
    checks.charset(external_id, "externalId", "+=,.@:/-", "[\\w+=,.@:\\/-]*");
    let source_identity = params.get("SourceIdentity");
    checks.length(source_identity, "sourceIdentity", 2, 64);
    checks.charset(source_identity, "sourceIdentity", "+=,.@-", "[\\w+=,.@-]*");
    let seconds = checks.number(params.get("DurationSeconds"), "durationSeconds", 900, 43_200, 3600);
    check_mfa_shape(&mut checks, params);
    let policy_text = params.get("Policy");
    checks.length(policy_text, "policy", 1, 2048);
    let policy_arns = params.list("PolicyArns", "arn");
    checks.count(policy_arns.len(), "policyArns", 10);
    let keys = params.list("Tags", "Key");
    checks.count(keys.len(), "tags", 50);
    let mut tags = Vec::new();
    for (n, key) in keys.into_iter().enumerate() {
        let value = params.get(&format!("Tags.member.{}.Value", n + 1));
        checks.length(Some(key), &format!("tags.{}.member.key", n + 1), 1, 128);
        checks.required(value, &format!("tags.{}.member.value", n + 1));
        checks.length(value, &format!("tags.{}.member.value", n + 1), 0, 256);
        tags.push((key.to_owned(), value.unwrap_or_default().to_owned()));
    }
    let transitive = params.list("TransitiveTagKeys", "");
    checks.count(transitive.len(), "transitiveTagKeys", 50);
    let least = least_token(&mut checks, params);
    checks.done()?;

    let (arn, name) = (arn.unwrap_or_default(), name.unwrap_or_default());
    if !trust::is_role_arn(arn) {
        return Err(Denial::validation(format!("{arn} is invalid")));
    }
    if source_identity.is_some_and(|s| s.to_ascii_lowercase().starts_with("aws:")) {
        return Err(Denial::validation("SourceIdentity must not begin with the text aws:"));
    }
    let policy = policy_text.map(parse_policy).transpose()?;
    let inherited = match &caller.who {
        Who::Session(s) => s.transitive_tags.clone(),
        _ => Vec::new(),
    };
    check_tags(&tags, &transitive, &inherited)?;
    if let Who::Root { .. } = caller.who {
        return Err(Denial::access("Roles may not be assumed by root accounts."));
    }

    // The code is looked at while the caller is authenticated, so it is used up even if the role is then refused.
    state.check_code(caller, params.get("SerialNumber"), params.get("TokenCode"))?;
    let now = state.now();
    let mfa_at = params.get("TokenCode").map(|_| now).or(caller.mfa_at);
    let asked = Asked {
        arn,
        name,
        external_id,
        source_identity,
        tagged: !tags.is_empty() || !inherited.is_empty(),
        mfa_age: mfa_at.map(|at| now - at),
    };
    let role = trust::decide(&state.world, caller, &asked)?;
    if caller.temporary && seconds > 3600 {
        return Err(Denial::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > role.max_session_seconds {
        return Err(Denial::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let packed = packed_percent(policy.as_ref(), &policy_arns, &tags, &inherited)?;

    let partition = state.world.partition.clone();
    let source_identity = source_identity.map(str::to_owned).or_else(|| trust::carried_source_identity(caller));
    let mut transitive_tags = inherited;
    transitive_tags.extend(tags.into_iter().filter(|(k, _)| transitive.iter().any(|t| t.eq_ignore_ascii_case(k))));
    let session =
        RoleSession { role, name: name.to_owned(), source_identity: source_identity.clone(), transitive_tags, policy };
    let user = [
        xml::text("AssumedRoleId", &format!("{}:{name}", super::state::unique_id("AROA", &session.role.arn))),
        xml::text("Arn", &caller::session_arn(&partition, &session.role, name)),
    ]
    .concat();
    // A role session says nothing of MFA to the next hop (IAM user guide, "Secure API access with MFA").
    let issued =
        state.issue(Caller { who: Who::Session(Box::new(session)), temporary: true, mfa_at: None }, seconds, least);
    if !caller.temporary {
        state.direct.insert(issued.key_id.clone());
    }
    Ok([
        source_identity.map_or(String::new(), |s| xml::text("SourceIdentity", &s)),
        xml::element("AssumedRoleUser", &user),
        credentials(&issued),
        utilization(&issued),
        packed.map_or(String::new(), |p| xml::text("PackedPolicySize", &p.to_string())),
    ]
    .concat())
}

fn credentials(issued: &Issued) -> String {
    xml::element(
        "Credentials",
        &[
            xml::text("AccessKeyId", &issued.key_id),
            xml::text("SecretAccessKey", &issued.secret),
            xml::text("SessionToken", &issued.token),
            xml::text("Expiration", &clock::iso(issued.expires)),
        ]
        .concat(),
    )
}

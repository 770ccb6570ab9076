//! From a profile's name to its plan: every rule about sources, devices, names and lifetimes, in one place.
//!
//! Nothing is called and nobody is asked. What a plan leaves open is one question, the user of a key that lies in a
//! file in plain text, and it comes as [`PlanError::UnknownUser`] so that whoever can ask AWS does so once.

use super::chain::{Chain, Key, walk};
use super::endpoint;
use super::error::{Cap, PlanError};
use super::hop::{Place, hop};
use super::plan::{
    Asking, Base, Look, Mfa, MfaAt, Origin, Overrides, Plan, PlanEnvironment, PromptMode, SourceLookup, UnknownUser,
};
use super::settings::{
    ACCOUNT_ALIAS, COLOR, CONFIRM, DURATION, EXTERNAL_ID, Found, MFA_PROCESS, MFA_PROMPT, MFA_SERIAL, MFA_SESSION,
    PREFIX, REGION, SESSION_NAME, SESSION_POLICY, SESSION_POLICY_ARNS, SOURCE_IDENTITY, Setting, Settings, TAGS,
    TRANSITIVE_TAGS,
};
use super::text::Config;
use crate::identity::{AccessKey, Color, Lifetime, MfaSerial, UserArn};

/// The two files. A file that is not there is [`Config::empty`].
#[derive(Debug)]
pub struct Files<'t> {
    /// `~/.aws/config`.
    pub config: Config<'t>,
    /// `~/.aws/credentials`.
    pub credentials: Config<'t>,
}

/// GetSessionToken's own default (STS API Reference, `DurationSeconds`).
const SESSION_TOKEN_DEFAULT: Lifetime = Lifetime::from_seconds(43_200);

/// What will be called to serve `profile`.
///
/// # Errors
/// See [`PlanError`]; it turns into a [`crate::identity::Failure`] with cause and hint.
pub fn resolve(
    files: &Files<'_>,
    sources: &dyn SourceLookup,
    environment: &PlanEnvironment,
    profile: &str,
    overrides: &Overrides,
) -> Result<Plan, PlanError> {
    let chain = walk(files, sources, profile)?;
    let asked = chain.profiles.first().filter(|settings| settings.name == profile);
    if chain.roles.is_empty() {
        refuse_role_options(profile, overrides)?;
    }
    refuse_role_settings(&chain)?;
    let mut origins = Vec::new();
    let mut warnings = Vec::new();
    note_key(&chain, profile, &mut origins, &mut warnings);

    let serial = mfa_serial(&chain, profile, &mut origins)?;
    let mfa = mfa(&chain, profile, overrides, serial, &mut origins)?;

    // Every other rule is tried before AWS is asked who owns a key.
    let known = known_user(&chain.key);
    let user = known.clone().map_or_else(stranger, Ok)?;
    let mut hops = Vec::with_capacity(chain.roles.len());
    for (at, (index, role)) in chain.roles.iter().enumerate() {
        let cap = match &mfa {
            _ if at > 0 => Some(Cap::Chained),
            Some(Mfa { at: MfaAt::Session(_), .. }) => Some(Cap::MfaSession),
            _ => None,
        };
        let last = at + 1 == chain.roles.len();
        let place = Place { user: &user, cap, overrides: last.then_some(overrides), asked: profile };
        hops.push(hop(&chain.profiles[*index], role, &place, &mut origins)?);
    }
    let region = region(asked, environment, profile, overrides, &mut origins)?;
    let sts_endpoint = endpoint::configured(files, asked, environment);
    if let Some(endpoint) = &sts_endpoint {
        note(&mut origins, profile, "endpoint_url", &endpoint.url, &endpoint.origin);
    }
    let look = look(asked, &mut origins)?;
    let asking = asking(&chain, asked, environment, profile, &mut origins)?;
    warn(files, asked, &mut warnings);

    let base = base(chain.key, known)?;
    Ok(Plan { profile: profile.to_owned(), base, mfa, hops, region, sts_endpoint, asking, look, origins, warnings })
}

fn note(origins: &mut Vec<Origin>, profile: &str, setting: &str, value: &str, from: &str) {
    origins.push(Origin {
        profile: profile.to_owned(),
        setting: setting.to_owned(),
        value: value.to_owned(),
        from: from.to_owned(),
    });
}

fn refuse_role_options(profile: &str, overrides: &Overrides) -> Result<(), PlanError> {
    let option = if overrides.session_name.is_some() {
        "--session-name"
    } else if overrides.session_policy.is_some() || !overrides.session_policy_arns.is_empty() {
        "--session-policy"
    } else if !overrides.tags.is_empty() {
        "--tag"
    } else {
        return Ok(());
    };
    Err(PlanError::NeedsRole { profile: profile.to_owned(), option })
}

/// A session policy in a profile that assumes nothing would be dropped without a word, and more allowed than meant.
fn refuse_role_settings(chain: &Chain<'_>) -> Result<(), PlanError> {
    const OF_ROLES: [Setting; 7] =
        [SESSION_POLICY, SESSION_POLICY_ARNS, TAGS, TRANSITIVE_TAGS, SOURCE_IDENTITY, SESSION_NAME, EXTERNAL_ID];
    for (index, settings) in chain.profiles.iter().enumerate() {
        if chain.roles.iter().any(|(role, _)| *role == index) {
            continue;
        }
        if let Some(found) = OF_ROLES.into_iter().filter_map(|setting| settings.get(setting)).find(Found::is_own) {
            return Err(settings.bad(&found, "it needs a role_arn in the same profile"));
        }
        let duration = settings.get(DURATION).filter(|found| found.is_own() && !chain.roles.is_empty());
        if let Some(found) = duration {
            return Err(settings.bad(&found, "it needs a role_arn in the same profile"));
        }
    }
    Ok(())
}

fn note_key(chain: &Chain<'_>, profile: &str, origins: &mut Vec<Origin>, warnings: &mut Vec<String>) {
    match &chain.key {
        Key::Added(facts) => {
            note(origins, profile, "source_profile", &facts.name, &chain.named);
            note(origins, &facts.name, "user", facts.user_arn.as_str(), &format!("added key {}", facts.name));
        }
        Key::Plaintext { profile: name, at, id, facts, .. } => {
            note(origins, profile, "source_profile", name, &chain.named);
            if let Some(facts) = facts {
                note(origins, name, "user", facts.user_arn.as_str(), &format!("asked AWS once for {id}"));
            }
            warnings.push(format!(
                "the access key of `{name}` lies in plain text at {at}: role-helper add {name} --from-profile {name}"
            ));
        }
    }
}

fn key_name(key: &Key) -> &str {
    match key {
        Key::Added(facts) => &facts.name,
        Key::Plaintext { profile, .. } => profile,
    }
}

fn known_user(key: &Key) -> Option<UserArn> {
    match key {
        Key::Added(facts) => Some(facts.user_arn.clone()),
        Key::Plaintext { facts, .. } => facts.as_ref().map(|facts| facts.user_arn.clone()),
    }
}

/// Stands in for a user nobody knows yet, so that all other settings can be checked first.
fn stranger() -> Result<UserArn, PlanError> {
    "arn:aws:iam::000000000000:user/unknown".parse().map_err(|error: crate::identity::ArnError| PlanError::BadOption {
        option: "user".to_owned(),
        reason: error.to_string(),
    })
}

fn base(key: Key, user: Option<UserArn>) -> Result<Base, PlanError> {
    match (key, user) {
        (Key::Added(facts), _) => {
            Ok(Base::Added { name: facts.name, user_arn: facts.user_arn, access_key_id: facts.access_key_id })
        }
        (Key::Plaintext { profile, id, secret, .. }, Some(user_arn)) => {
            Ok(Base::Plaintext { name: profile, user_arn, key: AccessKey { id, secret } })
        }
        (Key::Plaintext { profile, id, secret, .. }, None) => {
            Err(PlanError::UnknownUser(UnknownUser { profile, access_key_id: id, secret }))
        }
    }
}

/// The profiles in the order in which a setting about the person at the beginning is looked for: the first role's,
/// the roles behind it, then whatever has no role, down to the key's own.
fn nearest_the_key<'s, 'c>(chain: &'s Chain<'c>) -> Vec<&'s Settings<'c>> {
    let mut order: Vec<usize> = chain.roles.iter().map(|(index, _)| *index).collect();
    order.extend((0..chain.profiles.len()).filter(|index| !chain.roles.iter().any(|(role, _)| role == index)));
    order.into_iter().map(|index| &chain.profiles[index]).collect()
}

fn mfa_serial(chain: &Chain<'_>, profile: &str, origins: &mut Vec<Origin>) -> Result<Option<MfaSerial>, PlanError> {
    for settings in nearest_the_key(chain) {
        if let Some((serial, found)) = settings.parsed::<MfaSerial>(MFA_SERIAL)? {
            note(origins, &settings.name, "mfa_serial", serial.as_str(), &found.from());
            return Ok(Some(serial));
        }
    }
    let (facts, from) = match &chain.key {
        Key::Added(facts) => (Some(facts), format!("added key {}", facts.name)),
        Key::Plaintext { facts, id, .. } => (facts.as_ref(), format!("asked AWS once for {id}")),
    };
    let serial = facts.and_then(|facts| facts.mfa_serial.clone());
    if let Some(serial) = &serial {
        note(origins, profile, "mfa_serial", serial.as_str(), &from);
    }
    Ok(serial)
}

fn mfa(
    chain: &Chain<'_>,
    profile: &str,
    overrides: &Overrides,
    serial: Option<MfaSerial>,
    origins: &mut Vec<Origin>,
) -> Result<Option<Mfa>, PlanError> {
    let shared = mfa_session(chain)?;
    let lifetime = if chain.roles.is_empty() {
        Some(own_session(chain, overrides, shared)?)
    } else {
        shared.map(|(lifetime, settings, found)| (lifetime, settings, found.from()))
    };
    let Some((lifetime, name, from)) = lifetime else {
        return Ok(serial.map(|serial| Mfa { serial, at: MfaAt::FirstHop }));
    };
    let Some(serial) = serial else {
        let wanted = (!chain.roles.is_empty()).then(|| from.clone());
        let source_name = key_name(&chain.key).to_owned();
        // The device of a user who is not known yet comes to light with the user.
        if let Key::Plaintext { facts: None, profile, id, secret, .. } = &chain.key {
            return Err(PlanError::UnknownUser(UnknownUser {
                profile: profile.clone(),
                access_key_id: id.clone(),
                secret: secret.clone(),
            }));
        }
        return Err(PlanError::NoMfaDevice { profile: profile.to_owned(), source_name, wanted });
    };
    note(origins, &name, "mfa_session", &lifetime.to_string(), &from);
    Ok(Some(Mfa { serial, at: MfaAt::Session(lifetime) }))
}

/// `mfa_session` of the profile asked for, else of the first profile of its chain that has one.
fn mfa_session(chain: &Chain<'_>) -> Result<Option<(Lifetime, String, Found)>, PlanError> {
    for settings in &chain.profiles {
        let Some(found) = settings.get(MFA_SESSION) else { continue };
        if matches!(found.value.as_str(), "off" | "false" | "no" | "0") {
            return Ok(None);
        }
        let lifetime = found
            .value
            .parse::<Lifetime>()
            .and_then(Lifetime::for_session_token)
            .map_err(|error| settings.bad(&found, error))?;
        return Ok(Some((lifetime, settings.name.clone(), found)));
    }
    Ok(None)
}

/// How long the MFA session of a profile without a role lives.
fn own_session(
    chain: &Chain<'_>,
    overrides: &Overrides,
    shared: Option<(Lifetime, String, Found)>,
) -> Result<(Lifetime, String, String), PlanError> {
    let name = chain.profiles.first().map_or_else(|| key_name(&chain.key), |settings| &settings.name).to_owned();
    if let Some(duration) = overrides.duration {
        let option = "--duration".to_owned();
        let duration = duration
            .for_session_token()
            .map_err(|error| PlanError::BadOption { option: option.clone(), reason: error.to_string() })?;
        return Ok((duration, name, option));
    }
    if let Some((lifetime, name, found)) = shared {
        return Ok((lifetime, name, found.from()));
    }
    for settings in &chain.profiles {
        if let Some((duration, found)) = settings.parsed::<Lifetime>(DURATION)? {
            let duration = duration.for_session_token().map_err(|error| settings.bad(&found, error))?;
            return Ok((duration, name, found.from()));
        }
    }
    Ok((SESSION_TOKEN_DEFAULT, name, "default".to_owned()))
}

fn region(
    asked: Option<&Settings<'_>>,
    environment: &PlanEnvironment,
    profile: &str,
    overrides: &Overrides,
    origins: &mut Vec<Origin>,
) -> Result<Option<String>, PlanError> {
    let of_option = |option: &str, region: &str| {
        region_label(region).map_err(|reason| PlanError::BadOption { option: option.to_owned(), reason })
    };
    let (region, from) = if let Some(region) = &overrides.region {
        of_option("--region", region)?;
        (region.clone(), "--region".to_owned())
    } else if let Some((settings, found)) = asked.and_then(|settings| Some((settings, settings.get(REGION)?))) {
        region_label(&found.value).map_err(|reason| settings.bad(&found, reason))?;
        let from = found.from();
        (found.value, from)
    } else if let Some((region, variable)) = &environment.region {
        of_option(variable, region)?;
        (region.clone(), (*variable).to_owned())
    } else {
        return Ok(None);
    };
    note(origins, profile, "region", &region, &from);
    Ok(Some(region))
}

/// A region becomes a label of a host's name; anything else in it could name another host.
fn region_label(region: &str) -> Result<(), String> {
    let charset = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=63).contains(&region.len()) && region.bytes().all(charset) {
        return Ok(());
    }
    Err(format!("`{}` is not a region: expected one such as ap-northeast-1", region.escape_debug()))
}

fn asking(
    chain: &Chain<'_>,
    asked: Option<&Settings<'_>>,
    environment: &PlanEnvironment,
    profile: &str,
    origins: &mut Vec<Origin>,
) -> Result<Asking, PlanError> {
    let mut asking = Asking::default();
    if let Some(text) = &environment.mfa_prompt {
        let variable = "ROLE_HELPER_MFA_PROMPT";
        asking.prompt =
            prompt_mode(text).map_err(|reason| PlanError::BadOption { option: variable.to_owned(), reason })?;
        note(origins, profile, "mfa_prompt", text, variable);
    } else if let Some((settings, found)) = asked.and_then(|settings| Some((settings, settings.get(MFA_PROMPT)?))) {
        asking.prompt = prompt_mode(&found.value).map_err(|reason| settings.bad(&found, reason))?;
        note(origins, profile, "mfa_prompt", &found.value, &found.from());
    } else {
        note(origins, profile, "mfa_prompt", "auto", "default");
    }
    for settings in nearest_the_key(chain) {
        if let Some(found) = one_line(settings, MFA_PROCESS)?
            && asking.mfa_process.is_none()
        {
            note(origins, &settings.name, "mfa_process", &found.value, &found.from());
            asking.mfa_process = Some(found.value);
        }
        if let Some(found) = settings.get(CONFIRM) {
            match found.value.to_ascii_lowercase().as_str() {
                "true" => {
                    note(origins, &settings.name, "confirm", "true", &found.from());
                    asking.confirm = true;
                }
                "false" => {}
                _ => return Err(settings.bad(&found, "expected true or false")),
            }
        }
    }
    Ok(asking)
}

/// What only the asked profile says, for it is the one that prompts show.
fn look(asked: Option<&Settings<'_>>, origins: &mut Vec<Origin>) -> Result<Look, PlanError> {
    let Some(settings) = asked else { return Ok(Look::default()) };
    let mut look = Look::default();
    if let Some((color, found)) = settings.parsed::<Color>(COLOR)? {
        note(origins, &settings.name, "color", &color.to_string(), &found.from());
        look.color = Some(color);
    }
    if let Some(found) = settings.get(ACCOUNT_ALIAS) {
        // CreateAccountAlias (IAM API Reference) takes 3 to 63 of these.
        let fits = found.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits || !(3..=63).contains(&found.value.len()) {
            return Err(settings.bad(&found, "an account alias is 3 to 63 lower-case letters, digits and dashes"));
        }
        note(origins, &settings.name, "account_alias", &found.value, &found.from());
        look.account_alias = Some(found.value);
    }
    Ok(look)
}

fn one_line(settings: &Settings<'_>, setting: Setting) -> Result<Option<Found>, PlanError> {
    match settings.get(setting) {
        Some(found) if found.value.contains('\n') => Err(settings.bad(&found, "it must be on one line")),
        found => Ok(found),
    }
}

fn prompt_mode(text: &str) -> Result<PromptMode, String> {
    match text {
        "auto" => Ok(PromptMode::Auto),
        "tty" => Ok(PromptMode::Tty),
        "pinentry" => Ok(PromptMode::Pinentry),
        "gui" => Ok(PromptMode::Gui),
        "none" => Ok(PromptMode::None),
        _ => Err(format!("`{}` is not a prompt: auto, tty, pinentry, gui or none", text.escape_debug())),
    }
}

/// What works here and will surprise elsewhere.
fn warn(files: &Files<'_>, asked: Option<&Settings<'_>>, warnings: &mut Vec<String>) {
    let Some(settings) = asked else { return };
    if let Some(found) = settings.key(&format!("{PREFIX}record")) {
        warnings.push(format!("{}: {} has no effect in this version", found.at, found.key));
    }
    if settings.key("credential_process").is_none() {
        return;
    }
    if let Some(keys) = files.credentials.profile(&settings.name).and_then(|section| section.get("aws_access_key_id")) {
        warnings.push(format!(
            "{}:{}: AWS's tools use this static key instead of credential_process",
            files.credentials.origin(),
            keys.line
        ));
    }
}

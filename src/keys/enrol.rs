//! A long-term key becomes a source: verified at AWS, its secret in the keyring, its facts in the index.

use super::Outside;
use super::settle::settle;
use crate::identity::{
    AccessKey, AccessKeyId, CallerArn, ExposeSecret, Failure, Kind, MfaSerial, SessionName, SourceFacts, UserArn,
};
use crate::port::{Item, KeyStoreError, SecretBytes, Signer, Sts};
use crate::session::{Asked, Circumstances, RefusalReason, explain};

/// What is enrolled.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The name that profiles refer to.
    pub name: String,
    /// The key.
    pub key: AccessKey,
    /// The MFA device, where the person named one; AWS is not asked then.
    pub mfa_serial: Option<MfaSerial>,
    /// Whether a source of this name may be replaced.
    pub replace: bool,
}

/// What only the person can say of the MFA device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceQuestion {
    /// The user has several that show codes: which?
    Several(Vec<MfaSerial>),
    /// AWS does not say, for this reason: which, if any?
    Unknown(String),
}

/// What was enrolled.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// What the index now says.
    pub facts: SourceFacts,
    /// What it said before under this name.
    pub replaced: Option<SourceFacts>,
    /// What works but should be looked at, a line each.
    pub warnings: Vec<String>,
}

/// Verifies the key, then puts its secret in the keyring, then its facts in the index; a key that was replaced goes
/// last. The closure is asked about the MFA device where AWS leaves it open; none means that there is none.
///
/// # Errors
/// `Refused` where AWS or the person says no, `Configuration` where the key cannot be a source (temporary, root's, a
/// role's, a user name that no session can carry) or where the name is taken; `Keyring`, `Unreachable`. Nothing is
/// stored then.
pub fn enrol(
    enrolment: &Enrolment,
    outside: &Outside<'_>,
    ask_device: &dyn Fn(&DeviceQuestion) -> Result<Option<MfaSerial>, Failure>,
) -> Result<Enrolled, Failure> {
    let Enrolment { name, key, mfa_serial, replace } = enrolment;
    let replaced = outside.index.added(name)?;
    if replaced.is_some() && !replace {
        return Err(Failure::new(Kind::Configuration, format!("there is a source key {name} already"))
            .hint(format!("another name, or role-helper add {name} --force")));
    }
    if key.id.is_temporary() {
        return Err(Failure::new(Kind::Configuration, format!("{} is a temporary key", key.id))
            .cause("it belongs to a session and ends with it; a source is a key of an IAM user, which begins with AKIA")
            .hint("aws iam create-access-key"));
    }
    outside.keyring.keep_resident(key.secret.expose_secret().as_bytes());
    let user_arn = owner(name, key, outside.sts)?;
    let mut warnings = Vec::new();
    let mfa_serial = match mfa_serial {
        Some(serial) => Some(serial.clone()),
        None => find_device(enrolment, &user_arn, outside, ask_device, &mut warnings)?,
    };
    if mfa_serial.is_none() {
        warnings.push(format!(
            "no MFA device is known for {}: roles that want MFA will refuse; add one in IAM, then add {name} again",
            user_arn.user_name()
        ));
    }
    let facts = SourceFacts {
        name: name.clone(),
        user_arn,
        access_key_id: key.id.clone(),
        mfa_serial,
        added: outside.clock.now(),
    };
    store(key, &facts, replaced.as_ref(), outside)?;
    if let Some(before) = &replaced
        && let Some(warning) = forget_replaced(before, &facts, outside)
    {
        warnings.push(warning);
    }
    settle(outside);
    Ok(Enrolled { facts, replaced, warnings })
}

/// The IAM user whom the key of source `name` belongs to, by AWS.
///
/// # Errors
/// `Refused` where AWS does not know the key, `Configuration` where it is no user's or the user's name cannot be a
/// session's, `Unreachable`.
pub fn owner(name: &str, key: &AccessKey, sts: &dyn Sts) -> Result<UserArn, Failure> {
    let caller = sts.caller_identity(Signer::LongTerm(key)).map_err(|error| {
        let (reason, failure) = explain(&error, &circumstances(Asked::CallerIdentity, name, None));
        match reason {
            RefusalReason::UnknownKey => {
                failure.hint("look at the key in IAM: it must be there, active, and of this partition")
            }
            RefusalReason::WrongSecret => failure.hint("give the secret that belongs to this key id"),
            _ => failure,
        }
    })?;
    let refused = |what: String, why: &str| Failure::new(Kind::Configuration, what).cause(why);
    let arn: CallerArn = caller.arn.parse().map_err(|_| {
        refused(format!("AWS says that the key is {}'s", caller.arn), "which is not an ARN this program knows")
    })?;
    let user = match arn {
        CallerArn::User(user) => user,
        CallerArn::Root(_) => {
            return Err(refused(
                format!("{} is a key of the root user of account {}", key.id, caller.account),
                "it may do everything and cannot assume roles",
            )
            .hint("delete it (IAM User Guide, \"Root user best practices\"), and add a key of an IAM user"));
        }
        other => {
            return Err(refused(
                format!("{} is not a key of an IAM user", key.id),
                &format!("it belongs to {}", other.as_str()),
            )
            .hint("add a key of an IAM user"));
        }
    };
    if let Err(error) = user.user_name().parse::<SessionName>() {
        return Err(refused(
            format!("the user name {} cannot be the name of a session", user.user_name()),
            &error.to_string(),
        )
        .hint("use an IAM user whose name can: it is what CloudTrail and trust policies see"));
    }
    Ok(user)
}

fn find_device(
    enrolment: &Enrolment,
    user: &UserArn,
    outside: &Outside<'_>,
    ask: &dyn Fn(&DeviceQuestion) -> Result<Option<MfaSerial>, Failure>,
    warnings: &mut Vec<String>,
) -> Result<Option<MfaSerial>, Failure> {
    let devices = match outside.iam.mfa_devices(&enrolment.key, user) {
        Ok(devices) => devices,
        Err(error) => {
            let context = circumstances(Asked::MfaDevices, &enrolment.name, Some(user.as_str()));
            let (_, failure) = explain(&error, &context);
            let why = failure.cause_text().unwrap_or(failure.what()).to_owned();
            return ask(&DeviceQuestion::Unknown(why));
        }
    };
    warnings.extend(devices.passed_over);
    match devices.usable.len() {
        0 | 1 => Ok(devices.usable.into_iter().next()),
        _ => ask(&DeviceQuestion::Several(devices.usable)),
    }
}

fn circumstances<'a>(asked: Asked<'a>, source: &'a str, user_arn: Option<&'a str>) -> Circumstances<'a> {
    Circumstances { asked, source, user_arn, mfa_serial: None, profile: None }
}

/// The secret first, read back, then the index: a crash between the two leaves a secret that nothing names, and
/// never a source without a secret. Which secrets that could be is noted before; [`settle`] deletes them later.
fn store(
    key: &AccessKey,
    facts: &SourceFacts,
    replaced: Option<&SourceFacts>,
    outside: &Outside<'_>,
) -> Result<(), Failure> {
    let ids: Vec<&AccessKeyId> = std::iter::once(&key.id).chain(replaced.map(|facts| &facts.access_key_id)).collect();
    let _storing = outside.index.unsettle(&ids)?;
    let keyring = outside.keyring;
    let failed = |error: KeyStoreError| error.failure(&keyring.label());
    let item = Item::AccessKey(key.id.clone());
    let secret = SecretBytes::from(key.secret.expose_secret().as_bytes().to_vec());
    keyring.put(&item, &secret).map_err(failed)?;
    let kept = keyring.get(&item).map_err(failed)?;
    if kept.is_none_or(|kept| kept.expose_secret() != secret.expose_secret()) {
        return Err(Failure::new(Kind::Keyring, format!("{} did not keep the secret", keyring.label()))
            .cause("what was read back is not what was stored")
            .hint("role-helper status"));
    }
    outside.index.put(facts).inspect_err(|_| {
        let known = is_named(&key.id, outside);
        if !known && let Err(error) = keyring.delete(&item) {
            let error = error.failure(&keyring.label());
            log::warn!("the secret of {} stays behind: {}, {:?}", key.id, error.what(), error.cause_text());
        }
    })
}

/// Whether any source still has this key; where that cannot be told, yes.
pub(super) fn is_named(id: &AccessKeyId, outside: &Outside<'_>) -> bool {
    outside.index.all().map_or(true, |all| all.iter().any(|facts| facts.access_key_id == *id))
}

/// Deletes the secret that the name had before. The new one is in place already, so a failure is a warning.
fn forget_replaced(before: &SourceFacts, now: &SourceFacts, outside: &Outside<'_>) -> Option<String> {
    let id = &before.access_key_id;
    if *id == now.access_key_id || is_named(id, outside) {
        return None;
    }
    let error = outside.keyring.delete(&Item::AccessKey(id.clone())).err()?;
    Some(format!(
        "the secret of the replaced key {id} is still there: {}",
        error.failure(&outside.keyring.label()).what()
    ))
}

#[cfg(test)]
mod tests {
    use super::super::rig::{ALICE, Rig, key};
    use super::*;
    use crate::port::{AwsError, MfaDevices};
    use crate::profile::SourceLookup as _;

    fn alice(rig: &Rig) -> Result<Enrolled, Failure> {
        let enrolment =
            Enrolment { name: "alice".into(), key: key("AKIAALICE00000000001"), mfa_serial: None, replace: false };
        enrol(&enrolment, &rig.outside(), &|_| panic!("nothing is to be asked"))
    }

    #[test]
    fn a_key_is_verified_and_kept() {
        let rig = Rig::default();
        let enrolled = alice(&rig).unwrap();
        assert_eq!(enrolled.facts.user_arn.as_str(), ALICE);
        assert_eq!(enrolled.facts.mfa_serial.as_ref().unwrap().as_str(), "arn:aws:iam::111122223333:mfa/alice");
        assert_eq!(enrolled.facts.added, rig.outside().clock.now());
        assert!(enrolled.warnings.is_empty() && enrolled.replaced.is_none());
        assert_eq!(rig.secrets(), ["AKIAALICE00000000001"]);
        assert_eq!(rig.names(), ["alice"]);
    }

    #[test]
    fn what_cannot_be_a_source_is_refused_and_nothing_stored() {
        for (caller, part) in [
            ("arn:aws:iam::111122223333:root", "root user"),
            ("arn:aws:sts::111122223333:assumed-role/Admin/alice", "not a key of an IAM user"),
            ("arn:aws:sts::111122223333:federated-user/alice", "not a key of an IAM user"),
            ("arn:aws:iam::111122223333:user/team/a", "the user name a cannot be the name of a session"),
            ("nonsense", "AWS says"),
        ] {
            let rig = Rig { caller: Ok(caller.into()), ..Rig::default() };
            let failure = alice(&rig).unwrap_err();
            assert!(failure.what().contains(part), "{failure}");
            assert_eq!(failure.kind(), Kind::Configuration);
            assert!(rig.secrets().is_empty() && rig.names().is_empty());
        }
        let rig = Rig::default();
        let enrolment =
            Enrolment { name: "a1".into(), key: key("ASIAALICE00000000001"), mfa_serial: None, replace: false };
        let failure = enrol(&enrolment, &rig.outside(), &|_| Ok(None)).unwrap_err();
        assert!(failure.what().contains("temporary"), "{failure}");
        assert_eq!(rig.aws_calls(), 0);
    }

    #[test]
    fn aws_saying_no_stores_nothing() {
        let error = |code: &str| AwsError::Answered {
            status: 403,
            code: code.into(),
            message: "The security token included in the request is invalid.".into(),
            clock_offset: None,
        };
        for (error, exit) in [
            (error("InvalidClientTokenId"), 1),
            (error("SignatureDoesNotMatch"), 1),
            (AwsError::NotConnected("refused".into()), 6),
        ] {
            let rig = Rig { caller: Err(error), ..Rig::default() };
            let failure = alice(&rig).unwrap_err();
            assert_eq!(failure.kind().exit_code(), exit, "{failure}");
            assert!(rig.secrets().is_empty() && rig.names().is_empty());
        }
    }

    #[test]
    fn several_devices_and_denied_lists_are_the_persons_to_settle() {
        let serials: Vec<MfaSerial> =
            ["phone", "watch"].map(|name| format!("arn:aws:iam::111122223333:mfa/{name}").parse().unwrap()).into();
        let enrolment =
            Enrolment { name: "alice".into(), key: key("AKIAALICE00000000001"), mfa_serial: None, replace: false };

        let devices = MfaDevices { usable: serials.clone(), passed_over: vec!["a FIDO key".into()] };
        let rig = Rig { devices: Ok(devices), ..Rig::default() };
        let chosen = enrol(&enrolment, &rig.outside(), &|question| {
            assert_eq!(*question, DeviceQuestion::Several(serials.clone()));
            Ok(Some(serials[1].clone()))
        });
        let chosen = chosen.unwrap();
        assert_eq!(chosen.facts.mfa_serial, Some(serials[1].clone()));
        assert_eq!(chosen.warnings, ["a FIDO key"]);

        let denied = AwsError::Answered {
            status: 403,
            code: "AccessDenied".into(),
            message: "User: alice is not authorized to perform: iam:ListMFADevices".into(),
            clock_offset: None,
        };
        let rig = Rig { devices: Err(denied), ..Rig::default() };
        let without = enrol(&enrolment, &rig.outside(), &|question| {
            let DeviceQuestion::Unknown(why) = question else { panic!("{question:?}") };
            assert!(why.contains("iam:ListMFADevices"), "{why}");
            Ok(None)
        });
        assert!(without.unwrap().warnings[0].contains("no MFA device is known"));

        let given = Enrolment { mfa_serial: Some(serials[0].clone()), ..enrolment };
        let rig = Rig { devices: Err(AwsError::NotConnected("not to be asked".into())), ..Rig::default() };
        let given = enrol(&given, &rig.outside(), &|_| panic!("not to be asked")).unwrap();
        assert_eq!(given.facts.mfa_serial, Some(serials[0].clone()));
    }

    #[test]
    fn a_replaced_key_goes_only_after_the_new_one_is_known() {
        let rig = Rig::default();
        alice(&rig).unwrap();
        let mut second =
            Enrolment { name: "alice".into(), key: key("AKIAALICE00000000002"), mfa_serial: None, replace: false };
        let failure = enrol(&second, &rig.outside(), &|_| Ok(None)).unwrap_err();
        assert!(failure.hint_text().unwrap().contains("--force"));
        second.replace = true;

        rig.break_index(true);
        enrol(&second, &rig.outside(), &|_| Ok(None)).unwrap_err();
        assert_eq!(rig.secrets(), ["AKIAALICE00000000001"], "the new secret is taken back, the old one stays");

        rig.break_index(false);
        let enrolled = enrol(&second, &rig.outside(), &|_| Ok(None)).unwrap();
        assert_eq!(enrolled.replaced.unwrap().access_key_id.as_str(), "AKIAALICE00000000001");
        assert_eq!(rig.secrets(), ["AKIAALICE00000000002"]);
    }

    #[test]
    fn a_key_that_another_name_has_stays() {
        let rig = Rig::default();
        alice(&rig).unwrap();
        let same =
            Enrolment { name: "work".into(), key: key("AKIAALICE00000000001"), mfa_serial: None, replace: false };
        enrol(&same, &rig.outside(), &|_| Ok(None)).unwrap();
        let other = Enrolment { key: key("AKIAALICE00000000002"), replace: true, ..same };
        enrol(&other, &rig.outside(), &|_| Ok(None)).unwrap();
        assert_eq!(rig.secrets(), ["AKIAALICE00000000001", "AKIAALICE00000000002"]);
    }

    #[test]
    fn a_keyring_that_fails_or_forgets_leaves_no_source() {
        let rig = Rig::default();
        rig.break_keyring(Some(KeyStoreError::Locked("locked".into())));
        assert_eq!(alice(&rig).unwrap_err().kind(), Kind::PersonNeeded);
        let rig = Rig { forgetful: true, ..Rig::default() };
        let failure = alice(&rig).unwrap_err();
        assert!(failure.what().contains("did not keep the secret"), "{failure}");
        assert!(rig.names().is_empty());
    }
}

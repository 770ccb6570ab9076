//! A source is forgotten: its secret first, then its facts.

use super::Outside;
use super::settle::settle;
use crate::identity::{Failure, Kind, SourceFacts};
use crate::port::Item;

/// What became of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// Deleted.
    Deleted,
    /// It was not in the keyring any more.
    WasGone,
    /// Another source has the same key.
    StillNeeded,
}

/// What was removed.
#[derive(Debug, Clone)]
pub struct Removed {
    /// What the index said.
    pub facts: SourceFacts,
    /// What became of the secret.
    pub secret: Secret,
}

/// Deletes the secret from the keyring, then the facts from the index. In this order a keyring that is locked
/// changes nothing, and a failure between the two leaves a name that can be removed again.
///
/// # Errors
/// `Configuration` where there is no such source, else the keyring's or the index's.
pub fn remove(name: &str, outside: &Outside<'_>) -> Result<Removed, Failure> {
    let Some(facts) = outside.index.added(name)? else {
        let names = outside.index.names();
        let failure = Failure::new(Kind::Configuration, format!("there is no source key {name}"));
        return Err(if names.is_empty() {
            failure.cause("none was added")
        } else {
            failure.cause(format!("there are: {}", names.join(", ")))
        });
    };
    let shared =
        outside.index.all()?.iter().any(|other| other.name != facts.name && other.access_key_id == facts.access_key_id);
    let secret = if shared {
        Secret::StillNeeded
    } else {
        let item = Item::AccessKey(facts.access_key_id.clone());
        let deleted = outside.keyring.delete(&item).map_err(|error| error.failure(&outside.keyring.label()))?;
        if deleted { Secret::Deleted } else { Secret::WasGone }
    };
    outside.index.remove(name)?;
    settle(outside);
    Ok(Removed { facts, secret })
}

#[cfg(test)]
mod tests {
    use super::super::rig::{Rig, key};
    use super::super::{Enrolment, enrol};
    use super::*;
    use crate::port::KeyStoreError;
    use crate::profile::SourceLookup as _;

    fn with(names: &[&str]) -> Rig {
        let rig = Rig::default();
        for name in names {
            let key = key("AKIAALICE00000000001");
            let enrolment = Enrolment { name: (*name).into(), key, mfa_serial: None, replace: false };
            enrol(&enrolment, &rig.outside(), &|_| Ok(None)).unwrap();
        }
        rig
    }

    #[test]
    fn secret_and_facts_go() {
        let rig = with(&["alice"]);
        assert_eq!(remove("alice", &rig.outside()).unwrap().secret, Secret::Deleted);
        assert!(rig.secrets().is_empty() && rig.names().is_empty());
        let failure = remove("alice", &rig.outside()).unwrap_err();
        assert_eq!((failure.kind(), failure.cause_text()), (Kind::Configuration, Some("none was added")));
    }

    #[test]
    fn a_locked_keyring_changes_nothing() {
        let rig = with(&["alice"]);
        rig.break_keyring(Some(KeyStoreError::Locked("locked".into())));
        assert_eq!(remove("alice", &rig.outside()).unwrap_err().kind(), Kind::PersonNeeded);
        rig.break_keyring(None);
        assert_eq!((rig.secrets().len(), rig.names().len()), (1, 1));
    }

    #[test]
    fn an_index_that_fails_can_be_tried_again() {
        let rig = with(&["alice"]);
        rig.break_index(true);
        remove("alice", &rig.outside()).unwrap_err();
        assert!(rig.secrets().is_empty());
        rig.break_index(false);
        assert_eq!(remove("alice", &rig.outside()).unwrap().secret, Secret::WasGone);
        assert!(rig.names().is_empty());
    }

    #[test]
    fn a_key_of_two_names_goes_with_the_last() {
        let rig = with(&["alice", "work"]);
        assert_eq!(remove("alice", &rig.outside()).unwrap().secret, Secret::StillNeeded);
        assert_eq!(rig.secrets().len(), 1);
        assert_eq!(remove("work", &rig.outside()).unwrap().secret, Secret::Deleted);
    }
}

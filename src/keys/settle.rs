//! Secrets that nothing names: what a command that was killed on its way left in the keyring.

use super::Outside;
use super::enrol::is_named;
use crate::port::Item;

/// Deletes the secrets of keys that were noted before the keyring was touched and that no source names now. Not
/// while another process stores a key: its source is still to come. A failure is one for the next time.
pub(super) fn settle(outside: &Outside<'_>) {
    let Some((ids, _alone)) = outside.index.unsettled() else { return };
    for id in ids {
        if !is_named(&id, outside)
            && let Err(error) = outside.keyring.delete(&Item::AccessKey(id.clone()))
        {
            let error = error.failure(&outside.keyring.label());
            log::warn!("the secret of {id}, which no source names, stays: {}, {:?}", error.what(), error.cause_text());
            continue;
        }
        outside.index.settle(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rig::{Rig, key};
    use super::super::{Enrolment, enrol, remove};
    use crate::port::KeyStoreError;

    fn left_behind(rig: &Rig, id: &str) {
        rig.keyring.borrow_mut().insert(id.into(), format!("secret-of-{id}").into_bytes().into());
        rig.noted.borrow_mut().insert(id.parse().unwrap());
    }

    fn add(rig: &Rig, name: &str, id: &str) {
        let enrolment = Enrolment { name: name.into(), key: key(id), mfa_serial: None, replace: true };
        enrol(&enrolment, &rig.outside(), &|_| Ok(None)).unwrap();
    }

    #[test]
    fn what_was_left_behind_goes_with_the_next_key() {
        let rig = Rig::default();
        left_behind(&rig, "AKIAALICE00000000009");
        add(&rig, "alice", "AKIAALICE00000000001");
        assert_eq!(rig.secrets(), ["AKIAALICE00000000001"]);
        left_behind(&rig, "AKIAALICE00000000009");
        remove("alice", &rig.outside()).unwrap();
        assert!(rig.secrets().is_empty() && rig.noted.borrow().is_empty());
    }

    #[test]
    fn what_a_source_names_stays_and_so_does_everything_while_another_stores() {
        let rig = Rig::default();
        add(&rig, "alice", "AKIAALICE00000000001");
        rig.noted.borrow_mut().insert("AKIAALICE00000000001".parse().unwrap());
        add(&rig, "bob", "AKIAALICE00000000002");
        assert_eq!(rig.secrets(), ["AKIAALICE00000000001", "AKIAALICE00000000002"]);
        assert!(rig.noted.borrow().is_empty());
        left_behind(&rig, "AKIAALICE00000000009");
        rig.another_stores.set(true);
        add(&rig, "carol", "AKIAALICE00000000003");
        assert_eq!(rig.secrets().len(), 4);
    }

    #[test]
    fn a_key_that_cannot_be_stored_is_noted_until_its_secret_is_gone() {
        let rig = Rig::default();
        rig.break_keyring(Some(KeyStoreError::Locked("locked".into())));
        let enrolment =
            Enrolment { name: "a1".into(), key: key("AKIAALICE00000000001"), mfa_serial: None, replace: false };
        enrol(&enrolment, &rig.outside(), &|_| Ok(None)).unwrap_err();
        assert_eq!(rig.noted.borrow().len(), 1);
        rig.break_keyring(None);
        add(&rig, "bob", "AKIAALICE00000000002");
        assert!(rig.noted.borrow().is_empty());
    }
}

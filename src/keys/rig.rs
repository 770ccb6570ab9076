//! An outside that fails when told to: the real doors cannot be broken between two steps.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::Outside;
use crate::identity::{AccessKey, AccessKeyId, ExposeSecret, Failure, Kind, Lifetime, SourceFacts, Timestamp, UserArn};
use crate::port::{
    AssumeRole, AwsError, CallerIdentity, Clock, Held, Iam, Issued, Item, KeyStore, KeyStoreError, MfaAnswer,
    MfaDevices, SecretBytes, Signer, SourceIndex, Sts,
};
use crate::profile::SourceLookup;

pub(super) const ALICE: &str = "arn:aws:iam::111122223333:user/division/alice";

pub(super) fn key(id: &str) -> AccessKey {
    AccessKey { id: id.parse().unwrap(), secret: format!("secret-of-{id}").into() }
}

pub(super) struct Rig {
    pub(super) caller: Result<String, AwsError>,
    pub(super) devices: Result<MfaDevices, AwsError>,
    /// Stores nothing and says that it did.
    pub(super) forgetful: bool,
    pub(super) calls: Cell<usize>,
    pub(super) keyring: RefCell<BTreeMap<String, SecretBytes>>,
    pub(super) keyring_error: RefCell<Option<KeyStoreError>>,
    pub(super) index: RefCell<BTreeMap<String, SourceFacts>>,
    pub(super) index_broken: Cell<bool>,
    pub(super) noted: RefCell<BTreeSet<AccessKeyId>>,
    pub(super) another_stores: Cell<bool>,
}

impl Default for Rig {
    fn default() -> Self {
        let usable = vec!["arn:aws:iam::111122223333:mfa/alice".parse().unwrap()];
        Rig {
            caller: Ok(ALICE.into()),
            devices: Ok(MfaDevices { usable, passed_over: vec![] }),
            forgetful: false,
            calls: Cell::default(),
            keyring: RefCell::default(),
            keyring_error: RefCell::default(),
            index: RefCell::default(),
            index_broken: Cell::default(),
            noted: RefCell::default(),
            another_stores: Cell::default(),
        }
    }
}

impl Rig {
    pub(super) fn outside(&self) -> Outside<'_> {
        Outside { sts: self, iam: self, keyring: self, index: self, clock: self }
    }
    pub(super) fn secrets(&self) -> Vec<String> {
        for (id, secret) in &*self.keyring.borrow() {
            assert_eq!(secret.expose_secret(), format!("secret-of-{id}").as_bytes());
        }
        self.keyring.borrow().keys().cloned().collect()
    }
    pub(super) fn aws_calls(&self) -> usize {
        self.calls.get()
    }
    pub(super) fn break_index(&self, broken: bool) {
        self.index_broken.set(broken);
    }
    pub(super) fn break_keyring(&self, error: Option<KeyStoreError>) {
        *self.keyring_error.borrow_mut() = error;
    }
    fn keyring_works(&self) -> Result<(), KeyStoreError> {
        self.keyring_error.borrow().clone().map_or(Ok(()), Err)
    }
    fn index_works(&self) -> Result<(), Failure> {
        if self.index_broken.get() { Err(Failure::new(Kind::Configuration, "the disk is full")) } else { Ok(()) }
    }
}

impl Sts for Rig {
    fn caller_identity(&self, _: Signer<'_>) -> Result<CallerIdentity, AwsError> {
        self.calls.set(self.calls.get() + 1);
        self.caller.clone().map(|arn| CallerIdentity { arn, account: "111122223333".into() })
    }
    fn session_token(&self, _: &AccessKey, _: Lifetime, _: MfaAnswer<'_>) -> Result<Issued, AwsError> {
        panic!("no session is needed to enrol a key")
    }
    fn assume_role(&self, _: Signer<'_>, _: AssumeRole<'_>) -> Result<Issued, AwsError> {
        panic!("no role is needed to enrol a key")
    }
}

impl Iam for Rig {
    fn mfa_devices(&self, _: &AccessKey, _: &UserArn) -> Result<MfaDevices, AwsError> {
        self.calls.set(self.calls.get() + 1);
        self.devices.clone()
    }
}

fn id(item: &Item) -> String {
    match item {
        Item::AccessKey(id) => id.to_string(),
        other => panic!("{other:?} is not for a key"),
    }
}

impl KeyStore for Rig {
    fn label(&self) -> String {
        "the keyring".into()
    }
    fn get(&self, item: &Item) -> Result<Option<SecretBytes>, KeyStoreError> {
        self.keyring_works()?;
        Ok(self.keyring.borrow().get(&id(item)).cloned())
    }
    fn put(&self, item: &Item, secret: &SecretBytes) -> Result<(), KeyStoreError> {
        self.keyring_works()?;
        if !self.forgetful {
            self.keyring.borrow_mut().insert(id(item), secret.clone());
        }
        Ok(())
    }
    fn delete(&self, item: &Item) -> Result<bool, KeyStoreError> {
        self.keyring_works()?;
        Ok(self.keyring.borrow_mut().remove(&id(item)).is_some())
    }
}

impl SourceLookup for Rig {
    fn added(&self, name: &str) -> Result<Option<SourceFacts>, Failure> {
        Ok(self.index.borrow().get(name).cloned())
    }
    fn plaintext(&self, _: &AccessKeyId) -> Result<Option<SourceFacts>, Failure> {
        Ok(None)
    }
    fn names(&self) -> Vec<String> {
        self.index.borrow().keys().cloned().collect()
    }
}

impl SourceIndex for Rig {
    fn all(&self) -> Result<Vec<SourceFacts>, Failure> {
        Ok(self.index.borrow().values().cloned().collect())
    }
    fn put(&self, facts: &SourceFacts) -> Result<(), Failure> {
        self.index_works()?;
        self.index.borrow_mut().insert(facts.name.clone(), facts.clone());
        Ok(())
    }
    fn put_plaintext(&self, _: &SourceFacts) -> Result<(), Failure> {
        panic!("this key is not in plain text")
    }
    fn remove(&self, name: &str) -> Result<bool, Failure> {
        self.index_works()?;
        Ok(self.index.borrow_mut().remove(name).is_some())
    }
    fn unsettle(&self, ids: &[&AccessKeyId]) -> Result<Box<dyn Held>, Failure> {
        self.noted.borrow_mut().extend(ids.iter().map(|&id| id.clone()));
        Ok(Box::new(Nothing))
    }
    fn unsettled(&self) -> Option<(Vec<AccessKeyId>, Box<dyn Held>)> {
        let ids = || self.noted.borrow().iter().cloned().collect();
        (!self.another_stores.get()).then(|| (ids(), Box::new(Nothing) as _))
    }
    fn settle(&self, id: &AccessKeyId) {
        self.noted.borrow_mut().remove(id);
    }
}

#[derive(Debug)]
struct Nothing;

impl Held for Nothing {}

impl Clock for Rig {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }
    fn sleep(&self, _: std::time::Duration) {
        panic!("nothing is waited for to enrol a key")
    }
}

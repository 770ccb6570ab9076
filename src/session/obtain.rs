//! Carrying out a plan: a hit, or wait, look again, ask, assume, seal.
//!
//! A plan is a ladder of steps: step 0 is the MFA session where there is one, step n the role session of hop n.
//! Each step has a cache key, a lock and a memory of the last refusal of its own, so any number of processes that
//! need the same step share one question and one call, and whatever a code has paid for is sealed before the next
//! step is tried. A step takes its lock before it asks for the step below, and no step ever waits for one above:
//! there is no circle.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::asking::{self, Asked};
use super::{CallContext, Outside, Request, refusal};
use crate::identity::{AccessKey, ExposeSecret, Failure, Kind, SecretString, TokenCode};
use crate::port::{AssumeRole, AwsError, Confirmation, Issued, Item, MfaAnswer, PromptError, Refusal, Signer};
use crate::profile::{Base, Hop, MfaAt, Plan};
use crate::seal::{CacheKey, Freshness, Header, SealedSession, freshness};

/// How long a refusal answers callers that nobody typed, in seconds.
const REFUSAL_HOLDS: i64 = 10;
/// A session signs the next hop while this much of it is left, in seconds.
const LEAST_TO_SIGN: i64 = 60;
/// How long to wait for another process: its person's time to answer, three tries, and AWS.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(asking::PATIENCE.as_secs() + 90);

/// The session the plan ends in.
///
/// # Errors
/// A [`Failure`] whose kind tells who said no: AWS or the person (`Refused`), nobody there to ask
/// (`PersonNeeded`), the keyring, the network, or Ctrl-C.
pub fn obtain(plan: &Plan, request: &Request, outside: &Outside<'_>) -> Result<SealedSession, Failure> {
    let run = Run {
        plan,
        request,
        outside,
        token_code: RefCell::new(request.token_code.clone()),
        key: RefCell::new(None),
        refusal_is_remembered: Cell::new(false),
    };
    run.step(plan.hops.len(), Purpose::HandOut)
}

/// What a step's session is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    HandOut,
    SignNextHop,
}

struct Run<'a> {
    plan: &'a Plan,
    request: &'a Request,
    outside: &'a Outside<'a>,
    // Taken by the first question: a code is good for one.
    token_code: RefCell<Option<TokenCode>>,
    // Read from the keyring at most once.
    key: RefCell<Option<Rc<AccessKey>>>,
    // A no is remembered by the step that heard it first, and by no step above.
    refusal_is_remembered: Cell<bool>,
}

enum Found {
    Good(SealedSession),
    Ageing(SealedSession),
    Nothing,
}

impl Run<'_> {
    fn step(&self, hops: usize, purpose: Purpose) -> Result<SealedSession, Failure> {
        let key = self.key_of(hops);
        if self.request.no_cache {
            return self.issue(hops);
        }
        // A keyring that has to be unlocked asks a person: that is for whoever holds the lock.
        if let Found::Good(session) = self.judge(self.outside.cache.peek(&key), hops, purpose)
            && self.is_new_enough(&session)
        {
            return Ok(session);
        }

        let what = format!("asking for profile {}", self.plan.profile);
        let waiting = |holder: &str| {
            if self.request.typed_by_person {
                self.outside.person.tell(&format!("waiting for {holder}"));
            }
        };
        let _held = self
            .outside
            .locks
            .acquire(key.as_str(), &what, WAIT_FOR_OTHERS, &waiting)
            .map_err(|error| error.failure())?;

        // Before the keyring is opened: its passphrase is a question too.
        self.heed_refusal(&key)?;
        let sealed = self.outside.cache.get(&key).inspect_err(|failure| self.remember_refusal(&key, failure))?;
        let fallback = match self.judge(sealed, hops, purpose) {
            Found::Good(session) if self.is_new_enough(&session) => return Ok(session),
            Found::Ageing(session) => Some(session),
            Found::Good(_) | Found::Nothing => None,
        };
        match (self.issue(hops), fallback) {
            (Ok(session), _) => {
                if let Err(failure) = self.outside.cache.put(&key, &session) {
                    // Paid for with a code: handed out even if it cannot be kept.
                    log::warn!("the session could not be sealed: {failure}");
                }
                Ok(session)
            }
            (Err(failure), Some(session)) if failure.kind() == Kind::Unreachable => {
                log::warn!("renewal failed, the old session still serves: {failure}");
                Ok(session)
            }
            (Err(failure), _) => {
                self.remember_refusal(&key, &failure);
                Err(failure)
            }
        }
    }

    fn judge(&self, session: Option<SealedSession>, hops: usize, purpose: Purpose) -> Found {
        let Some(session) = session else { return Found::Nothing };
        let now = self.outside.clock.now();
        if purpose == Purpose::SignNextHop {
            let usable = session.header.seconds_left(now) >= LEAST_TO_SIGN;
            return if usable { Found::Good(session) } else { Found::Nothing };
        }
        // Whether somebody would be asked costs a look at the steps below: only where it decides.
        let consumer = self.request.consumer;
        match freshness(&session.header, now, consumer, false) {
            Freshness::Good => Found::Good(session),
            Freshness::Old => Found::Nothing,
            Freshness::Ageing => match freshness(&session.header, now, consumer, self.person_needed(hops)) {
                Freshness::Good => Found::Good(session),
                Freshness::Ageing | Freshness::Old => Found::Ageing(session),
            },
        }
    }

    /// What was issued since a renewal was asked for is as new as what another call would give.
    fn is_new_enough(&self, session: &SealedSession) -> bool {
        self.request.renew.is_none_or(|since| session.header.issued >= since)
    }

    /// Whether renewing this step would ask for a code: no step below it has a session that could sign.
    fn person_needed(&self, hops: usize) -> bool {
        if self.plan.mfa.is_none() {
            return false;
        }
        let signs = |below: usize| {
            let session = self.outside.cache.get(&self.key_of(below)).ok().flatten();
            matches!(self.judge(session, below, Purpose::SignNextHop), Found::Good(_))
        };
        !(self.lowest_step()..hops).any(signs)
    }

    fn lowest_step(&self) -> usize {
        usize::from(self.session_lifetime().is_none())
    }

    fn session_lifetime(&self) -> Option<crate::identity::Lifetime> {
        match self.plan.mfa.as_ref()?.at {
            MfaAt::Session(lifetime) => Some(lifetime),
            MfaAt::FirstHop => None,
        }
    }

    fn key_of(&self, hops: usize) -> CacheKey {
        CacheKey::of_hops(self.plan, hops)
    }

    /// Calls AWS for one step, asking for a code if it carries one.
    fn issue(&self, hops: usize) -> Result<SealedSession, Failure> {
        let Some(hop) = hops.checked_sub(1).map(|at| &self.plan.hops[at]) else { return self.issue_mfa_session() };
        self.confirm(hop)?;
        if hops > self.lowest_step() {
            let signer = self.step(hops - 1, Purpose::SignNextHop)?;
            let call = AssumeRole { hop, duration: hop.duration, mfa: None };
            let issued = self.outside.sts.assume_role(Signer::Session(&signer.credentials), call);
            return self.sealed(issued.map_err(|error| self.said_no(&error, hop))?, Some(hop));
        }
        let key = self.long_term_key()?;
        let assume = |mfa: Option<MfaAnswer<'_>>| {
            self.outside.sts.assume_role(Signer::LongTerm(&key), AssumeRole { hop, duration: hop.duration, mfa })
        };
        let issued = match &self.plan.mfa {
            None => assume(None).map_err(|error| self.said_no(&error, hop))?,
            Some(mfa) => self.with_code(mfa, Some(hop), &|answer| assume(Some(answer)))?,
        };
        self.sealed(issued, Some(hop))
    }

    fn issue_mfa_session(&self) -> Result<SealedSession, Failure> {
        let (Some(mfa), Some(lifetime)) = (&self.plan.mfa, self.session_lifetime()) else {
            // A key's own session without a code would be the key again, only shorter: never handed out.
            return Err(Failure::new(
                Kind::Configuration,
                format!("profile {} has no role and no MFA device", self.plan.profile),
            )
            .hint(format!("role-helper add {} --mfa-serial SERIAL", self.plan.base.name())));
        };
        let key = self.long_term_key()?;
        let issued = self.with_code(mfa, None, &|answer| self.outside.sts.session_token(&key, lifetime, answer))?;
        self.sealed(issued, None)
    }

    fn with_code(
        &self,
        mfa: &crate::profile::Mfa,
        hop: Option<&Hop>,
        send: &dyn Fn(crate::port::MfaAnswer<'_>) -> Result<Issued, AwsError>,
    ) -> Result<Issued, Failure> {
        if !self.request.no_cache {
            self.outside.cache.prepare();
        }
        let given = self.token_code.borrow_mut().take();
        asking::with_code(&Asked { plan: self.plan, mfa, hop, given, outside: self.outside }, send)
    }

    fn said_no(&self, error: &AwsError, hop: &Hop) -> Failure {
        refusal(error, &CallContext { plan: self.plan, hop: Some(hop), with_mfa: false }).1
    }

    fn confirm(&self, hop: &Hop) -> Result<(), Failure> {
        if !self.plan.asking.confirm {
            return Ok(());
        }
        let purpose = asking::purpose(self.plan, Some(hop));
        let question = Confirmation { purpose, mode: self.plan.asking.prompt, deadline: asking::PATIENCE };
        match self.outside.person.confirm(&question) {
            Ok(true) => Ok(()),
            Ok(false) => Err(asking::prompt_failure(self.plan, &PromptError::Declined)),
            Err(error) => Err(asking::prompt_failure(self.plan, &error)),
        }
    }

    fn long_term_key(&self) -> Result<Rc<AccessKey>, Failure> {
        if let Some(key) = &*self.key.borrow() {
            return Ok(Rc::clone(key));
        }
        let key = match &self.plan.base {
            Base::Plaintext { key, .. } => key.clone(),
            Base::Added { name, access_key_id, .. } => self.read_keyring(name, access_key_id)?,
        };
        let key = Rc::new(key);
        *self.key.borrow_mut() = Some(Rc::clone(&key));
        Ok(key)
    }

    fn read_keyring(&self, name: &str, id: &crate::identity::AccessKeyId) -> Result<AccessKey, Failure> {
        let keyring = self.outside.keyring;
        let found = keyring.get(&Item::AccessKey(id.clone())).map_err(|error| error.failure(&keyring.label()))?;
        let damaged = |cause: &str| {
            Failure::new(Kind::Keyring, format!("the secret of source key {name} cannot be used"))
                .cause(cause)
                .hint(format!("role-helper add {name} --force"))
        };
        let bytes = found.ok_or_else(|| damaged(&format!("{} has no item for {id}", keyring.label())))?;
        let secret = std::str::from_utf8(bytes.expose_secret()).map_err(|_| damaged("it is not text"))?;
        let secret = SecretString::from(secret);
        // It stays while a person looks for the code.
        keyring.keep_resident(secret.expose_secret().as_bytes());
        Ok(AccessKey { id: id.clone(), secret })
    }

    fn sealed(&self, issued: Issued, hop: Option<&Hop>) -> Result<SealedSession, Failure> {
        if let Some(percent) = issued.packed_policy_percent {
            log::debug!("session policies and tags fill {percent} % of their room");
        }
        let mut credentials = issued.credentials;
        if credentials.account_id.is_empty() {
            // GetSessionToken does not name the account: it is the user's own.
            self.plan.base.user_arn().account().clone_into(&mut credentials.account_id);
        }
        let header = Header {
            profile: hop.map_or(&self.plan.profile, |hop| &hop.profile).clone(),
            source: self.plan.base.name().to_owned(),
            role_arn: hop.map(|hop| hop.role_arn.as_str().to_owned()),
            session_name: hop.map(|hop| hop.session_name.as_str().to_owned()),
            account_id: credentials.account_id.clone(),
            issued: self.outside.clock.now(),
            expiration: credentials.expiration,
            clock_offset: issued.clock_offset,
        };
        if header.seconds_left(self.outside.clock.now()) <= 0 {
            return Err(Failure::new(Kind::Refused, "AWS issued credentials that have expired already")
                .cause(format!("they ended at {}", header.expiration))
                .hint("check this machine's clock"));
        }
        Ok(SealedSession { header, credentials })
    }

    fn heed_refusal(&self, key: &CacheKey) -> Result<(), Failure> {
        if self.request.typed_by_person || self.request.token_code.is_some() {
            self.outside.locks.clear_refusal(key.as_str());
            return Ok(());
        }
        let Some(refusal) = self.outside.locks.refusal(key.as_str()) else { return Ok(()) };
        let age = self.outside.clock.now().as_second() - refusal.at.as_second();
        if !(0..REFUSAL_HOLDS).contains(&age) {
            return Ok(());
        }
        // Passed on as old as it is, or a stream of callers would keep it alive for ever.
        self.refusal_is_remembered.set(true);
        Err(refusal.reason)
    }

    fn remember_refusal(&self, key: &CacheKey, failure: &Failure) {
        // Under the role's own name, a no to the shared code would outlive a login to another role.
        if !self.refusal_is_remembered.get() && matches!(failure.kind(), Kind::Refused | Kind::Interrupted) {
            self.refusal_is_remembered.set(true);
            let refusal = Refusal { reason: failure.clone(), at: self.outside.clock.now() };
            self.outside.locks.refuse(key.as_str(), &refusal);
        }
    }
}

//! The one place where doors are put behind the ports.
//!
//! Everything is made when it is needed and not before: `list`, `status` and `explain` open neither a keyring nor a
//! connection, because nothing they call asks for one.

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

use zeroize::Zeroizing;

use super::output;
use crate::door::aws::{AwsDoor, AwsSettings};
use crate::door::cache::{self, Cache};
use crate::door::clock::SystemClock;
use crate::door::index::Index;
use crate::door::keyring::{self, Keyring};
use crate::door::locks::Locks;
use crate::door::person::Asker;
use crate::door::places::Places;
use crate::door::surroundings::Surroundings;
use crate::door::{aws_files, log as debug_log, process, prompt};
use crate::identity::{Failure, Kind, SourceFacts, Timestamp};
use crate::keys;
use crate::port::{Clock, Confirmation, Person, PromptError, SourceIndex};
use crate::profile::{self, Config, FileKind, Files, Overrides, Plan, PlanError, PromptMode, UnknownUser};
use crate::seal::{CacheKey, Header, SealedSession};
use crate::session::{self, Outside, Request};
use crate::wire::role_facts::RoleFacts;

/// How long a yes is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// The doors that cost nothing to make, and what the environment said.
pub(super) struct House {
    pub(super) surroundings: Surroundings,
    pub(super) places: Places,
    pub(super) index: Index,
    pub(super) person: Asker,
    locks: Locks,
    clock: SystemClock,
    called_as: OsString,
    config: OnceCell<Zeroizing<String>>,
    credentials: OnceCell<Zeroizing<String>>,
}

impl House {
    /// Reads the environment. `called_as` is what the person typed for us.
    ///
    /// # Errors
    /// Where the environment means nothing, or there is no place for our own files.
    pub(super) fn open(called_as: OsString) -> Result<House, Failure> {
        let surroundings = Surroundings::read()?;
        process::keep_to_ourselves(surroundings.passphrase_file.as_deref());
        debug_log::start(&surroundings)?;
        let places = Places::new(&surroundings)?;
        Ok(House {
            index: Index::new(&places),
            locks: Locks::new(&places),
            person: Asker::here().keeping(places.locks_dir()),
            clock: SystemClock,
            surroundings,
            places,
            called_as,
            config: OnceCell::new(),
            credentials: OnceCell::new(),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn called_as(&self) -> &OsStr {
        &self.called_as
    }

    /// The profile that was named, else the environment's.
    ///
    /// # Errors
    /// Where neither names one.
    pub(super) fn profile_or_environment(&self, given: Option<String>) -> Result<String, Failure> {
        given.or_else(|| self.surroundings.profile.clone()).ok_or_else(|| {
            Failure::new(Kind::Usage, "no profile was named")
                .cause("neither on the command line nor by AWS_PROFILE")
                .hint("name one of those that role-helper list shows, or export AWS_PROFILE=NAME")
        })
    }

    /// The config and credentials files as they are now.
    ///
    /// # Errors
    /// Where one is there and cannot be read.
    pub(super) fn files(&self) -> Result<Files<'_>, Failure> {
        let (config, credentials) = (self.surroundings.config_file()?, self.surroundings.credentials_file()?);
        let parse = |path, text, kind| Config::parse(text, kind, &self.surroundings.tilde(path));
        Ok(Files {
            config: parse(&config, read_once(&self.config, &config)?, FileKind::Config),
            credentials: parse(&credentials, read_once(&self.credentials, &credentials)?, FileKind::Credentials),
        })
    }

    /// What will be called for the profile. A plaintext key whose user nobody has asked for yet is asked for.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub(super) fn plan(&self, profile: &str, overrides: &Overrides) -> Result<Plan, Failure> {
        match self.resolve(profile, overrides)? {
            Err(PlanError::UnknownUser(unknown)) => {
                self.learn_user(&unknown)?;
                Ok(self.resolve(profile, overrides)??)
            }
            result => Ok(result?),
        }
    }

    /// As [`House::plan`], but asks nobody.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub(super) fn plan_without_network(&self, profile: &str, overrides: &Overrides) -> Result<Plan, Failure> {
        match self.resolve(profile, overrides)? {
            Err(PlanError::UnknownUser(unknown)) => Err(Failure::new(
                Kind::Configuration,
                format!("it is not known yet whose key {} of profile `{}` is", unknown.access_key_id, unknown.profile),
            )
            .cause("it lies in plain text, and AWS was not asked yet")
            .hint(format!(
                "role-helper login {profile} asks it, or role-helper add {0} --from-profile {0}",
                unknown.profile
            ))),
            result => Ok(result?),
        }
    }

    fn resolve(&self, profile: &str, overrides: &Overrides) -> Result<Result<Plan, PlanError>, Failure> {
        Ok(profile::resolve(&self.files()?, &self.index, &self.surroundings.plan, profile, overrides))
    }

    fn learn_user(&self, unknown: &UnknownUser) -> Result<(), Failure> {
        let key = crate::identity::AccessKey { id: unknown.access_key_id.clone(), secret: unknown.secret.clone() };
        let user_arn = keys::owner(&unknown.profile, &key, &self.aws(Some(&unknown.profile)))?;
        self.index.put_plaintext(&SourceFacts {
            name: unknown.profile.clone(),
            user_arn,
            access_key_id: key.id,
            mfa_serial: None,
            added: self.now(),
        })
    }

    /// AWS as the settings of a profile want it called, where no plan says more.
    pub(super) fn aws(&self, profile: Option<&str>) -> AwsDoor {
        AwsDoor::new(AwsSettings { profile: profile.map(str::to_owned), ..AwsSettings::default() })
    }

    /// The session the plan ends in.
    ///
    /// # Errors
    /// See [`session::obtain`].
    pub(super) fn session(&self, plan: &Plan, request: &Request) -> Result<SealedSession, Failure> {
        let session = self.with_outside(plan, |outside| session::obtain(plan, request, outside))?;
        self.remember_for_prompts(plan, &session);
        Ok(session)
    }

    /// What a prompt must know of a session.
    pub(super) fn role_facts(&self, plan: &Plan, session: &SealedSession) -> RoleFacts {
        let key = CacheKey::of_plan(plan).to_string();
        RoleFacts {
            account_id: Some(session.header.account_id.clone()),
            alias: plan.look.account_alias.clone(),
            color: plan.look.color,
            session: prompt::is_sealed(&self.places, &key).then_some(key),
        }
    }

    /// Only what AWS clients would get by the profile alone: a session of other options is not what `AWS_PROFILE`
    /// stands for.
    fn remember_for_prompts(&self, plan: &Plan, session: &SealedSession) {
        let facts = self.role_facts(plan, session);
        let plain = self.resolve(&plan.profile, &Overrides::default());
        if facts.session.is_none() || !plain.is_ok_and(|plain| plain.is_ok_and(|p| is_same(&p, plan))) {
            return;
        }
        if let Err(failure) = prompt::remember(&self.places, &plan.profile, &facts) {
            log::debug!("prompts will not show {}: {failure}", plan.profile);
        }
    }

    /// Forgets the sessions of the plan.
    ///
    /// # Errors
    /// See [`session::forget`].
    pub(super) fn forget(&self, plan: &Plan) -> Result<usize, Failure> {
        self.with_outside(plan, |outside| session::forget(plan, outside))
    }

    fn with_outside<T>(&self, plan: &Plan, act: impl FnOnce(&Outside<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let keyring = self.keyring(plan.asking.prompt);
        let sts = AwsDoor::new(AwsSettings::of(plan));
        let cache = Cache::new(&self.places, &keyring, &self.locks);
        act(&Outside {
            keyring: &keyring,
            person: &self.person,
            sts: &sts,
            cache: &cache,
            locks: &self.locks,
            clock: &self.clock,
        })
    }

    /// The sealed sessions, behind no plan.
    ///
    /// # Errors
    /// What `act` returns.
    pub(super) fn with_cache<T>(&self, act: impl FnOnce(&Cache<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        // Sessions are listed and forgotten without their key: nobody is asked for what opens it.
        let keyring = self.keyring(PromptMode::None);
        act(&Cache::new(&self.places, &keyring, &self.locks))
    }

    /// The outside of the use cases of keys.
    ///
    /// # Errors
    /// What `act` returns.
    pub(super) fn with_keys<T>(
        &self,
        act: impl FnOnce(&keys::Outside<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let keyring = self.keyring(self.prompt_mode());
        let aws = self.aws(None);
        act(&keys::Outside { sts: &aws, iam: &aws, keyring: &keyring, index: &self.index, clock: &self.clock })
    }

    /// The keyring, not opened yet.
    pub(super) fn keyring(&self, mode: PromptMode) -> Keyring<'_> {
        keyring::open(&self.places, &self.surroundings, mode, &self.person)
    }

    /// How a person is asked where no profile says.
    pub(super) fn prompt_mode(&self) -> PromptMode {
        match self.surroundings.plan.mfa_prompt.as_deref() {
            Some("tty") => PromptMode::Tty,
            Some("pinentry") => PromptMode::Pinentry,
            Some("gui") => PromptMode::Gui,
            Some("none") => PromptMode::None,
            // A word that means nothing is refused by the plan, which knows where it came from.
            _ => PromptMode::Auto,
        }
    }

    /// The clear headers of the sessions that have not expired, by profile.
    pub(super) fn live_headers(&self) -> Vec<(CacheKey, Header)> {
        let now = self.now();
        let mut headers = cache::headers(&self.places);
        headers.retain(|(_, header)| header.seconds_left(now) > 0);
        headers.sort_by(|(_, a), (_, b)| (&a.profile, a.expiration).cmp(&(&b.profile, b.expiration)));
        headers
    }

    /// The profile with whose credentials this process runs, if it does.
    #[expect(clippy::disallowed_methods, reason = "set by exec for people and prompts; no rule depends on it")]
    pub(super) fn inside_exec(&self) -> Option<String> {
        std::env::var("ROLE_HELPER_PROFILE").ok().filter(|profile| !profile.is_empty())
    }

    /// A yes or a no from the terminal or a dialog. `otherwise` is what to type where nobody can be asked.
    ///
    /// # Errors
    /// Where nobody can be asked, or on Ctrl-C.
    pub(super) fn yes(&self, purpose: &str, otherwise: &str) -> Result<bool, Failure> {
        let question = Confirmation { purpose: purpose.to_owned(), mode: self.prompt_mode(), deadline: PATIENCE };
        match self.person.confirm(&question) {
            Err(PromptError::Declined) => Ok(false),
            Err(error @ (PromptError::Unreachable(_) | PromptError::TimedOut { .. })) => {
                Err(Failure::new(Kind::PersonNeeded, format!("a yes is needed: {purpose}"))
                    .cause(error.to_string())
                    .hint(otherwise))
            }
            answer => answer.map_err(|error| not_answered(&error, otherwise)),
        }
    }

    /// Says what works but should not stay so.
    pub(super) fn warn(&self, plan: &Plan) {
        for warning in &plan.warnings {
            output::say(&format!("role-helper: warning: {warning}"));
        }
    }
}

/// Why a question has no answer, and what to type instead.
pub(super) fn not_answered(error: &PromptError, otherwise: &str) -> Failure {
    match error {
        PromptError::Interrupted => Failure::new(Kind::Interrupted, "interrupted"),
        PromptError::Declined => Failure::new(Kind::Refused, "nothing was given"),
        error => Failure::new(Kind::PersonNeeded, "nobody can be asked").cause(error.to_string()).hint(otherwise),
    }
}

fn is_same(a: &Plan, b: &Plan) -> bool {
    CacheKey::of_plan(a) == CacheKey::of_plan(b)
}

fn read_once<'a>(cell: &'a OnceCell<Zeroizing<String>>, path: &std::path::Path) -> Result<&'a str, Failure> {
    if let Some(text) = cell.get() {
        return Ok(text);
    }
    let text = aws_files::read(path)?;
    Ok(cell.get_or_init(|| text))
}

//! What changes while the simulator runs: its clock, the sessions it gave out, the codes that are used up, the record of calls.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::caller::{Caller, RoleSession, Who};
use super::clock;
use super::encoding;
use super::http::Request;
use super::signin::Token;
use super::sigv4;
use super::totp;
use super::world::{Device, Key, World};
use super::xml::Service;

/// An AWS error: status, code and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl Denial {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    pub fn access(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// `User: … is not authorized to perform: …`.
    pub fn not_authorized(caller: &str, action: &str, resource: &str) -> Self {
        Self::access(format!("User: {caller} is not authorized to perform: {action} on resource: {resource}"))
    }
}

/// One call as it was recorded, when its fate was known.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Milliseconds since 1970 by the machine's clock.
    pub at_ms: i64,
    /// The `Action`, or what stood in its place.
    pub operation: String,
    pub service: String,
    /// Of the credential scope.
    pub region: String,
    pub access_key_id: String,
    /// Empty where authentication failed.
    pub caller_arn: String,
    /// Every parameter but `Action` and `Version`; the code too, this is a test.
    pub params: BTreeMap<String, String>,
    pub connection: u64,
    pub user_agent: String,
    /// 200, an error's status, or 0 where no whole answer was given.
    pub status: u16,
    /// AWS's error code, or the fault's name; empty if all went well.
    pub outcome: String,
    /// Whether the call did what it was to do, even if its answer was lost.
    pub done: bool,
}

impl Call {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }
}

/// Temporary credentials as given out.
#[derive(Clone, Debug)]
pub struct Session {
    pub secret: String,
    pub token: String,
    pub expires: i64,
    pub caller: Caller,
}

/// The members of a Credentials element.
#[derive(Clone, Debug)]
pub struct Issued {
    pub key_id: String,
    pub secret: String,
    pub token: String,
    pub expires: i64,
}

/// Everything under the simulator's one lock.
#[derive(Debug)]
pub struct State {
    pub world: World,
    /// Seconds that the simulated clock is ahead of the machine's.
    pub offset: i64,
    /// Seconds added to the Date header alone.
    pub date_skew: i64,
    pub sessions: HashMap<String, Session>,
    /// Ids of the sessions that a long-term key was given.
    pub direct: HashSet<String>,
    /// Tokens of the console's sign-in that were not spent.
    pub signin_tokens: HashMap<String, Token>,
    pub calls: Vec<Call>,
    used: HashSet<(String, i64)>,
    seed: u64,
    counter: u64,
}

impl State {
    pub fn new(world: World) -> Self {
        let seed = RandomState::new().build_hasher().finish();
        Self {
            world,
            offset: 0,
            date_skew: 0,
            sessions: HashMap::new(),
            direct: HashSet::new(),
            signin_tokens: HashMap::new(),
            calls: Vec::new(),
            used: HashSet::new(),
            seed,
            counter: 0,
        }
    }

    /// Seconds since 1970 by the simulated clock.
    pub fn now(&self) -> i64 {
        clock::machine_millis() / 1000 + self.offset
    }

    /// Bytes that differ at each call and from run to run.
    fn fresh(&mut self) -> [u8; 32] {
        self.counter += 1;
        Sha256::digest([self.seed.to_be_bytes(), self.counter.to_be_bytes()].concat()).into()
    }

    pub fn request_id(&mut self) -> String {
        let h = encoding::hex(&self.fresh());
        format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..32])
    }

    /// A token for the console's sign-in.
    pub fn signin_token(&mut self) -> String {
        letters(&[self.fresh(), self.fresh(), self.fresh()].concat(), BASE64)
    }

    /// A key of the given kind (`AKIA`, `ASIA`) and its secret.
    pub fn new_key(&mut self, kind: &str) -> (String, String) {
        let id = format!("{kind}{}", &letters(&self.fresh(), BASE32)[..16]);
        let secret = letters(&[self.fresh(), self.fresh()].concat(), BASE64)[..40].to_owned();
        (id, secret)
    }

    /// Makes temporary credentials that live for `seconds`, with a token of at least so many bytes.
    pub fn issue(&mut self, caller: Caller, seconds: i64, least: usize) -> Issued {
        let (key_id, secret) = self.new_key("ASIA");
        let mut token = "IQoJb3JpZ2luX2VjE".to_owned();
        let least = least.max(self.world.session_token_bytes);
        while token.len() + 2 < least {
            token.push_str(&letters(&self.fresh(), BASE64));
        }
        token.push_str("==");
        let expires = self.now() + seconds;
        self.sessions.insert(key_id.clone(), Session { secret: secret.clone(), token: token.clone(), expires, caller });
        Issued { key_id, secret, token, expires }
    }

    /// Who signed the request, or AWS's refusal.
    pub fn authenticate(&self, request: &Request, service: Service) -> Result<Caller, Denial> {
        let refuse =
            |r: sigv4::Refusal| Denial::new(if r.code == "IncompleteSignature" { 400 } else { 403 }, r.code, r.message);
        let claim = sigv4::claim(request).map_err(refuse)?;
        let unknown =
            || Denial::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
        let token = request.header("x-amz-security-token");
        let (secret, caller) = match (self.sessions.get(&claim.key_id), token) {
            (Some(session), Some(token)) if session.token == token => {
                if session.expires <= self.now() {
                    return Err(Denial::new(
                        403,
                        "ExpiredToken",
                        "The security token included in the request is expired",
                    ));
                }
                (session.secret.clone(), self.as_of_now(&session.caller).ok_or_else(unknown)?)
            }
            (None, None) => self.long_term(&claim.key_id).ok_or_else(unknown)?,
            _ => return Err(unknown()),
        };
        sigv4::verify(request, &claim, &secret, service.name(), self.now(), self.world.clock_window_seconds)
            .map_err(refuse)?;
        if service == Service::Sts && self.world.disabled_regions.contains(&claim.region) {
            return Err(Denial::new(
                403,
                "RegionDisabledException",
                format!(
                    "STS is not activated in this region for account:{}. Your account administrator can activate STS in this region using the IAM Console.",
                    caller.account()
                ),
            ));
        }
        Ok(caller)
    }

    /// The holder of a session with what it may do by now; nothing if it was deleted.
    fn as_of_now(&self, caller: &Caller) -> Option<Caller> {
        let who = match &caller.who {
            Who::Root { .. } => caller.who.clone(),
            Who::User(then) => {
                let mut users = self.world.users.iter();
                let now = users.find(|u| u.account == then.account && u.name == then.name)?;
                Who::User(now.clone())
            }
            Who::Session(then) => {
                let role = self.world.roles.iter().find(|r| r.arn == then.role.arn)?.clone();
                Who::Session(Box::new(RoleSession { role, ..RoleSession::clone(then) }))
            }
        };
        Some(Caller { who, ..caller.clone() })
    }

    fn long_term(&self, key_id: &str) -> Option<(String, Caller)> {
        let usable = |k: &&Key| k.id == key_id && k.active && k.known_from <= self.now();
        let by = |key: &Key, who| (key.secret.clone(), Caller { who, temporary: false, mfa_at: None });
        self.world.users.iter().find_map(|u| Some(by(u.keys.iter().find(usable)?, Who::User(u.clone())))).or_else(
            || {
                let roots = &self.world.roots;
                roots
                    .iter()
                    .find_map(|r| Some(by(r.keys.iter().find(usable)?, Who::Root { account: r.account.clone() })))
            },
        )
    }

    /// Checks a code against a device of the caller and uses it up.
    pub fn check_code(&mut self, caller: &Caller, serial: Option<&str>, code: Option<&str>) -> Result<(), Denial> {
        let failed = |why: &str| Err(Denial::access(format!("MultiFactorAuthentication failed{why}")));
        let (serial, code) = match (serial, code) {
            (None, None) => return Ok(()),
            (Some(serial), Some(code)) => (serial, code),
            _ => return failed(", must provide both MFA serial number and one time pass code."),
        };
        let device = match &caller.who {
            Who::User(user) => user.mfa.iter().find(|d| d.serial == serial),
            _ => None,
        };
        let Some(Device { seed: Some(seed), .. }) = device else {
            return failed(
                ", unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
            );
        };
        let seed = totp::base32(seed).unwrap_or_default();
        let accepted = self.window().into_iter().find(|step| totp::code(&seed, *step) == code);
        match accepted {
            Some(step) if self.used.insert((serial.to_owned(), step)) => Ok(()),
            _ => failed(" with invalid MFA one time pass code. "),
        }
    }

    /// The steps whose codes are taken now: the present one first, then the nearest.
    fn window(&self) -> Vec<i64> {
        let present = self.now().div_euclid(self.world.totp_step_seconds);
        let mut steps: Vec<i64> = (-self.world.totp_window_steps..=self.world.totp_window_steps).collect();
        steps.sort_by_key(|d| (d.abs(), -d));
        steps.into_iter().map(|d| present + d).collect()
    }

    fn seed_of(&self, serial: &str) -> Option<Vec<u8>> {
        let mut devices = self.world.users.iter().flat_map(|u| &u.mfa);
        totp::base32(devices.find(|d| d.serial == serial)?.seed.as_ref()?).ok()
    }

    /// A code that is taken now and was not used: the present one if possible. Else the seconds until there is one.
    pub fn code_for(&self, serial: &str) -> Result<String, i64> {
        let seed = self.seed_of(serial).ok_or(0)?;
        let free = self.window().into_iter().find(|step| !self.used.contains(&(serial.to_owned(), *step)));
        let length = self.world.totp_step_seconds;
        free.map(|step| totp::code(&seed, step)).ok_or_else(|| length - self.now().rem_euclid(length))
    }

    /// Marks the first unused code of a device as used.
    pub fn pass_over_code(&mut self, serial: &str) {
        let free = self.window().into_iter().find(|step| !self.used.contains(&(serial.to_owned(), *step)));
        self.used.extend(free.map(|step| (serial.to_owned(), step)));
    }

    /// What a phone shows now, used or not.
    pub fn shown_code(&self, serial: &str) -> Option<String> {
        Some(totp::code(&self.seed_of(serial)?, self.now().div_euclid(self.world.totp_step_seconds)))
    }

    /// Six digits that no step near the present one has.
    pub fn wrong_code_for(&self, serial: &str) -> Option<String> {
        let seed = self.seed_of(serial)?;
        let near: Vec<String> =
            self.window().iter().flat_map(|s| s - 2..=s + 2).map(|s| totp::code(&seed, s)).collect();
        (0..1_000_000).map(|n| format!("{n:06}")).find(|c| !near.contains(c))
    }
}

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn letters(bytes: &[u8], of: &[u8]) -> String {
    bytes.iter().map(|b| char::from(of[usize::from(*b) % of.len()])).collect()
}

/// A unique id of IAM's shape (`AIDA…`, `AROA…`, 21 characters), the same for the same ARN.
pub fn unique_id(prefix: &str, arn: &str) -> String {
    format!("{prefix}{}", &letters(&Sha256::digest(arn.as_bytes()), BASE32)[..17])
}

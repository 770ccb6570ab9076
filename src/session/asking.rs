//! The question for a token code: asked of one person at a time, never with a code that was used, three tries.

use std::time::Duration;

use super::Outside;
use super::refusal::{CallContext, RefusalReason, refusal};
use crate::identity::{Failure, Kind, TokenCode};
use crate::port::{AwsError, Issued, MfaAnswer, PromptError, Question};
use crate::profile::{Hop, Mfa, Plan};

/// How long a person has to answer one question.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// How long to wait for one's turn: others may need a code each, and half a minute passes between two.
const TURN: Duration = Duration::from_secs(900);

const TRIES: u32 = 3;
/// A code changes every 30 s (RFC 6238, and AWS's virtual devices).
const CODE_PERIOD: i64 = 30;

/// One person has one pair of eyes and one device: questions of all profiles queue here.
const ASKING_LOCK: &str = "asking";

/// What is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) mfa: &'a Mfa,
    /// The role the code is for; none for the MFA session.
    pub(crate) hop: Option<&'a Hop>,
    /// A code given on the command line.
    pub(crate) given: Option<TokenCode>,
    pub(crate) outside: &'a Outside<'a>,
}

/// Gets a code and sends it, until AWS takes one, says another no, or three were wrong.
pub(crate) fn with_code(
    asked: &Asked<'_>,
    send: &dyn Fn(MfaAnswer<'_>) -> Result<Issued, AwsError>,
) -> Result<Issued, Failure> {
    let Outside { locks, clock, person, .. } = *asked.outside;
    let serial = &asked.mfa.serial;
    let _turn = locks
        .acquire(ASKING_LOCK, &format!("asking for the code of {serial}"), TURN, &|holder| {
            person.tell(&format!("waiting for {holder}"));
        })
        .map_err(|error| error.failure())?;

    let mut notes = just_used(serial, *asked.outside).into_iter().collect::<Vec<_>>();
    let mut last = None;
    for _ in 0..TRIES {
        let code = match &asked.given {
            Some(code) => code.clone(),
            None => ask(asked, &notes)?,
        };
        notes.clear();
        if locks.is_used(serial.as_str(), &code, clock.now()) {
            let wait = seconds_to_next_code(clock.now().as_second());
            let failure = Failure::new(Kind::Refused, format!("that code of {serial} was used already"))
                .cause("AWS takes each code once")
                .hint(format!("wait {wait} s for the next code"));
            if asked.given.is_some() {
                return Err(failure);
            }
            if asked.plan.asking.mfa_process.is_some() {
                // The command would print the same code again.
                person.tell(&format!("next code in {wait} s"));
                clock.sleep(Duration::from_secs(wait.unsigned_abs()));
            }
            notes.push(format!("that code was used already: next code in {wait} s"));
            last = Some(failure);
            continue;
        }
        locks.mark_used(serial.as_str(), &code, clock.now());
        let error = match send(MfaAnswer { serial, code: &code }) {
            Ok(issued) => return Ok(issued),
            Err(error) => error,
        };
        let (reason, failure) = refusal(&error, &CallContext { plan: asked.plan, hop: asked.hop, with_mfa: true });
        if code_is_still_good(&error, reason) {
            locks.unmark_used(serial.as_str(), &code);
        }
        if reason != RefusalReason::WrongCode || asked.given.is_some() {
            return Err(failure);
        }
        let wait = seconds_to_next_code(clock.now().as_second());
        notes.push(format!("AWS did not take that code: it was wrong, or used elsewhere. Next code in {wait} s"));
        last = Some(failure);
    }
    Err(last.unwrap_or_else(|| prompt_failure(asked.plan, &PromptError::Declined)))
}

/// What a person should know whose last code may still be on the device.
fn just_used(serial: &crate::identity::MfaSerial, outside: Outside<'_>) -> Option<String> {
    let now = outside.clock.now();
    outside.locks.last_used(serial.as_str(), now)?;
    Some(format!("the code before was used just now: next code in {} s", seconds_to_next_code(now.as_second())))
}

fn code_is_still_good(error: &AwsError, reason: RefusalReason) -> bool {
    matches!(error, AwsError::NotConnected(_) | AwsError::Endpoint(_)) || reason == RefusalReason::ClockSkew
}

fn ask(asked: &Asked<'_>, notes: &[String]) -> Result<TokenCode, Failure> {
    let plan = asked.plan;
    let mut lines = Vec::new();
    if let Some(endpoint) = &plan.sts_endpoint {
        lines.push(format!("the code goes to {} ({})", endpoint.url, endpoint.origin));
    }
    lines.extend_from_slice(notes);
    let question = Question {
        serial: &asked.mfa.serial,
        purpose: purpose(plan, asked.hop),
        notes: lines,
        mode: plan.asking.prompt,
        mfa_process: plan.asking.mfa_process.as_deref(),
        remedy: remedy(plan),
        deadline: PATIENCE,
    };
    asked.outside.person.token_code(&question).map_err(|error| prompt_failure(plan, &error))
}

/// The line that says what a code or a yes is for.
pub(crate) fn purpose(plan: &Plan, hop: Option<&Hop>) -> String {
    match hop {
        Some(hop) => format!(
            "profile {}: role {} in account {} as {}",
            plan.profile,
            hop.role_arn.role_name(),
            hop.role_arn.account(),
            hop.session_name
        ),
        None => format!("profile {}: MFA session of {}", plan.profile, plan.base.user_arn()),
    }
}

fn remedy(plan: &Plan) -> String {
    format!("role-helper login {}", plan.profile)
}

/// What a person reads when a question has no answer.
pub(crate) fn prompt_failure(plan: &Plan, error: &PromptError) -> Failure {
    let failure = |kind, what: &str| Failure::new(kind, format!("{what} for profile {}", plan.profile));
    match error {
        PromptError::Unreachable(reasons) => {
            failure(Kind::PersonNeeded, "an MFA code is needed").cause(reasons.as_str()).hint(remedy(plan))
        }
        PromptError::Declined => failure(Kind::Refused, "no code was given").hint(remedy(plan)),
        PromptError::Interrupted => failure(Kind::Interrupted, "interrupted while asking"),
        PromptError::TimedOut { seconds } => failure(Kind::PersonNeeded, "an MFA code is needed")
            .cause(format!("nobody answered within {seconds} s"))
            .hint(remedy(plan)),
        PromptError::Failed(cause) => {
            failure(Kind::PersonNeeded, "no code could be read").cause(cause.as_str()).hint(remedy(plan))
        }
    }
}

fn seconds_to_next_code(now: i64) -> i64 {
    CODE_PERIOD - now.rem_euclid(CODE_PERIOD)
}

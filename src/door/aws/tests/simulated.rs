//! The calls against the strict AWS of the tests, which verifies signatures and codes by itself.

use super::*;
use crate::session::{Asked, Circumstances, RefusalReason, explain};

#[path = "../../../../tests/simulator/mod.rs"]
#[allow(unreachable_pub, missing_debug_implementations, reason = "written for a program of its own")]
mod simulator;

use simulator::Simulator;
use simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use simulator::faults::Fault;
use simulator::world::World;

fn start() -> (Simulator, AwsDoor) {
    let simulator = Simulator::start(World::demo());
    let mut door = door(&simulator.endpoint());
    door.time_limit = Duration::from_secs(10);
    (simulator, door)
}

fn alice() -> AccessKey {
    AccessKey { id: DEMO_KEY_ID.parse().unwrap(), secret: DEMO_SECRET.to_owned().into() }
}

fn role(name: &str) -> Hop {
    Hop {
        role_arn: format!("arn:aws:iam::222233334444:role/{name}").parse().unwrap(),
        external_id: None,
        source_identity: None,
        session_policy: None,
        session_policy_arns: vec![],
        tags: vec![],
        transitive_tags: vec![],
        ..hop()
    }
}

fn ask(door: &AwsDoor, hop: &Hop, code: &str) -> Result<Issued, AwsError> {
    let (serial, code) = (DEMO_MFA.parse().unwrap(), code.parse().unwrap());
    let mfa = Some(MfaAnswer { serial: &serial, code: &code });
    door.assume_role(Signer::LongTerm(&alice()), AssumeRole { hop, duration: hop.duration, mfa })
}

fn meaning(error: &AwsError, hop: &Hop) -> RefusalReason {
    let asked = Asked::Role { hop, session: None };
    explain(error, &Circumstances { asked, source: "alice", user_arn: None, mfa_serial: None, profile: None }).0
}

#[test]
fn a_code_then_a_chain_on_one_connection() {
    let (simulator, door) = start();
    assert_eq!(
        door.caller_identity(Signer::LongTerm(&alice())).unwrap().arn,
        "arn:aws:iam::111122223333:user/division/alice"
    );
    let admin = Hop { duration: Lifetime::from_seconds(43_200), ..role("Admin") };
    let first = ask(&door, &admin, &simulator.code_for(DEMO_MFA)).unwrap();
    let left = first.credentials.expiration.as_second() - simulator.now();
    assert!((43_100..=43_200).contains(&left), "{left}");
    let chained = role("Chained");
    let request = AssumeRole { hop: &chained, duration: Lifetime::HOUR, mfa: None };
    let second = door.assume_role(Signer::Session(&first.credentials), request).unwrap();
    let arn = second.assumed_role_arn.unwrap();
    assert_eq!(arn, "arn:aws:sts::222233334444:assumed-role/Chained/alice");
    let credentials = &second.credentials;
    let known = simulator.session_arn(
        credentials.access_key_id.as_str(),
        credentials.secret_access_key.expose_secret(),
        credentials.session_token.expose_secret(),
    );
    assert_eq!(known, Some(arn));
    assert_eq!(simulator.connections().len(), 1);
}

#[test]
fn an_mfa_session_then_a_role_without_a_code() {
    let (simulator, door) = start();
    let (serial, code) = (DEMO_MFA.parse().unwrap(), simulator.code_for(DEMO_MFA).parse().unwrap());
    let mfa = MfaAnswer { serial: &serial, code: &code };
    let session = door.session_token(&alice(), Lifetime::from_seconds(43_200), mfa).unwrap();
    assert_eq!(session.credentials.account_id, "111122223333");
    let hop = role("Admin");
    let request = AssumeRole { hop: &hop, duration: Lifetime::HOUR, mfa: None };
    door.assume_role(Signer::Session(&session.credentials), request).unwrap();
    let long = AssumeRole { hop: &hop, duration: Lifetime::from_seconds(7200), mfa: None };
    let error = door.assume_role(Signer::Session(&session.credentials), long).unwrap_err();
    assert_eq!(meaning(&error, &hop), RefusalReason::ChainedOverHour);
}

#[test]
fn every_no_has_its_meaning() {
    let (simulator, door) = start();
    let hop = role("Admin");
    let code = simulator.code_for(DEMO_MFA);
    ask(&door, &hop, &code).unwrap();
    assert_eq!(meaning(&ask(&door, &hop, &code).unwrap_err(), &hop), RefusalReason::WrongCode);
    let wrong = simulator.wrong_code_for(DEMO_MFA);
    assert_eq!(meaning(&ask(&door, &hop, &wrong).unwrap_err(), &hop), RefusalReason::WrongCode);
    let long = Hop { duration: Lifetime::from_seconds(7200), ..role("ReadOnly") };
    simulator.advance(30);
    let error = ask(&door, &long, &simulator.code_for(DEMO_MFA)).unwrap_err();
    assert_eq!(meaning(&error, &long), RefusalReason::DurationOverRoleMax, "{error}");
    let other_name = Hop { session_name: "bob".parse().unwrap(), ..role("Admin") };
    simulator.advance(30);
    let error = ask(&door, &other_name, &simulator.code_for(DEMO_MFA)).unwrap_err();
    assert_eq!(meaning(&error, &other_name), RefusalReason::Denied, "{error}");
    let unknown = AccessKey { id: "AKIAIOSFODNN7UNKNOWN".parse().unwrap(), ..alice() };
    let error = door.caller_identity(Signer::LongTerm(&unknown)).unwrap_err();
    assert_eq!(meaning(&error, &hop), RefusalReason::UnknownKey);
    let false_secret = AccessKey { secret: "another-secret-of-some-length".to_owned().into(), ..alice() };
    let error = door.caller_identity(Signer::LongTerm(&false_secret)).unwrap_err();
    assert_eq!(meaning(&error, &hop), RefusalReason::WrongSecret);
}

#[test]
fn a_clock_an_hour_off_costs_one_more_request_and_no_code() {
    let (simulator, door) = start();
    simulator.advance(3600);
    let answer = ask(&door, &role("Admin"), &simulator.code_for(DEMO_MFA)).unwrap();
    assert!((answer.clock_offset - 3600).abs() <= 1, "{}", answer.clock_offset);
    assert_eq!(simulator.calls_of("AssumeRole").len(), 2);
}

#[test]
fn a_lost_answer_is_not_asked_for_again_with_the_same_code() {
    for fault in [Fault::ResetAfterReading, Fault::ResetAfterHandling, Fault::HalfBody, Fault::Html, Fault::EmptyResult]
    {
        let (simulator, door) = start();
        simulator.fail_once("AssumeRole", fault.clone());
        let error = ask(&door, &role("Admin"), &simulator.code_for(DEMO_MFA)).unwrap_err();
        assert!(matches!(error, AwsError::NoAnswer(_)), "{fault:?}: {error:?}");
        assert_eq!(simulator.calls_of("AssumeRole").len(), 1, "{fault:?}");
    }
}

//! Many cold callers at once: from shells, from boto3, of one profile and of five that share one code.

use super::{CROWD, answers, crowd, ending, nothing_is_left, roles, sized, two_roles, waiting_line};
use crate::callers::python;
use crate::flows::Stage;
use crate::pty::{Session, Terminal};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The code is typed once all wait, and the crowd goes home.
fn answer(stage: &Stage, mut session: Session) -> f64 {
    session.expect_within(&waiting_line(), Duration::from_secs(60));
    // For the others to be at their locks, if they want to.
    std::thread::sleep(Duration::from_millis(300));
    session.send(&format!("{}\n", stage.code()));
    let typed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs_f64();
    let ended = session.wait_within(Duration::from_secs(120)).restored().exits(0);
    assert_eq!(ended.transcript.matches("MFA code for").count(), 1, "{}", ended.transcript);
    typed
}

fn all_are_served(stage: &Stage, count: usize, typed: f64) {
    let got = answers(stage);
    assert_eq!(got.len(), count);
    let mut each: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in &got {
        assert_eq!((one.code, &*one.stderr), (0, ""), "{}", one.profile);
        assert!(one.stdout.contains("\"SessionToken\""), "{}", one.stdout);
        each.entry(&one.profile).or_default().insert(&one.stdout);
    }
    for (profile, answers) in each {
        assert_eq!(answers.len(), 1, "{profile} got different answers");
    }
    let mut ends: Vec<f64> = got.iter().map(|one| one.at - typed).collect();
    ends.sort_by(f64::total_cmp);
    println!(
        "{count} callers after the code was typed: first {:.2} s, median {:.2} s, last {:.2} s",
        ends[0],
        ends[count / 2],
        ends[count - 1]
    );
    nothing_is_left(stage);
}

#[test]
fn of_one_profile() {
    let stage = two_roles("");
    let count = sized("ROLE_HELPER_CALLERS", 50);
    let session = crowd(&stage, count, &["prod".to_owned()]);
    let typed = answer(&stage, session);
    assert_eq!(stage.assumed(), 1);
    all_are_served(&stage, count, typed);
}

#[test]
fn of_five_profiles_that_share_a_code() {
    let (stage, profiles) = roles(5, "role_helper_mfa_session = 12h");
    let count = sized("ROLE_HELPER_CALLERS", 50);
    let session = crowd(&stage, count, &profiles);
    let typed = answer(&stage, session);
    assert_eq!((stage.aws.calls_of("GetSessionToken").len(), stage.assumed()), (1, 5));
    all_are_served(&stage, count, typed);
}

/// boto3 makes its own processes, each with the time that its imports take, beside a crowd of shells.
#[test]
fn of_boto3_and_shells_together() {
    let (stage, profiles) = roles(5, "role_helper_mfa_session = 12h");
    let count = sized("ROLE_HELPER_CALLERS", 50) / 5;
    let pythons = if count > 10 { 8 } else { 4 };
    let mut command = stage.world.program("/bin/bash");
    command
        .args(["-c", CROWD, "bash", &count.to_string()])
        .args(&profiles)
        .env("FRONT", stage.world.front())
        .env("PYTHONS", pythons.to_string())
        .env("PYTHON", python("python"))
        .env("CALLER", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/callers/boto3_caller.py"));
    let typed = answer(&stage, Terminal::of(command).start());
    assert_eq!((stage.aws.calls_of("GetSessionToken").len(), stage.assumed()), (1, 5));
    for i in 0..pythons {
        let text = std::fs::read_to_string(stage.world.path(format!("work/out/python.{i}"))).expect("an answer");
        let role = i % profiles.len();
        assert!(text.contains(&format!("assumed-role/Team{role}/alice")), "{text}");
    }
    all_are_served(&stage, count, typed);
    assert_eq!(ending(&stage.world.path("work/out"), ".end").len(), count);
}

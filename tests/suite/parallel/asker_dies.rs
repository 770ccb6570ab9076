//! The one who asks is killed: at the prompt, between AWS's answer and the sealed file, and anywhere around it.

use super::{answers, asker, crowd, kill, nothing_is_left, sized, two_roles, waiting_line};
use crate::flows::Stage;
use crate::pty::{Ended, Session};
use crate::run::poll;
use crate::simulator::faults::Fault;
use std::time::Duration;

const CALLERS: usize = 6;

/// Kills whoever asks, and waits until the next one does.
fn kill_the_asker(stage: &Stage) -> i32 {
    let dead = asker(stage);
    kill(dead);
    dead
}

/// Answers whatever is asked from now on, until the crowd has gone home.
fn answer_all(stage: &Stage, mut session: Session) -> Ended {
    for answered in 1.. {
        let over = poll(Duration::from_secs(20), || {
            let over = answers(stage).len() == CALLERS;
            let asked = session.transcript().matches("MFA code for").count() > answered;
            (over || asked).then_some(over)
        });
        if over.unwrap_or_else(|| panic!("neither asked nor over: {}", session.transcript())) {
            break;
        }
        session.expect(&waiting_line());
        session.send(&format!("{}\n", stage.code()));
    }
    session.wait()
}

/// One died, the others got the same.
fn the_others_are_served(stage: &Stage) {
    let got = answers(stage);
    let (dead, served): (Vec<_>, Vec<_>) = got.iter().partition(|one| one.code == 137);
    assert_eq!((dead.len(), served.len()), (1, CALLERS - 1));
    assert!(dead[0].stdout.is_empty(), "a dead one says nothing");
    for one in &served {
        assert_eq!((one.code, &*one.stderr, &one.stdout), (0, "", &served[0].stdout));
    }
    nothing_is_left(stage);
    stage.run("credential-process prod").quiet();
}

#[test]
fn at_the_prompt_another_asks() {
    let stage = two_roles("");
    let mut session = crowd(&stage, CALLERS, &["prod".to_owned()]);
    session.expect(&waiting_line());
    let dead = kill_the_asker(&stage);
    session.expect(&waiting_line());
    assert_ne!(asker(&stage), dead);
    session.send(&format!("{}\n", stage.code()));
    session.wait().restored().exits(0);
    assert_eq!(stage.assumed(), 1, "the one who died had not been told a code");
    the_others_are_served(&stage);
}

#[test]
fn before_the_answer_came_another_asks_and_knows_the_code_as_used() {
    let stage = two_roles("");
    let mut session = crowd(&stage, CALLERS, &["prod".to_owned()]);
    session.expect(&waiting_line());
    stage.aws.fail_once("AssumeRole", Fault::latency(Duration::from_secs(3)));
    let code = stage.code();
    session.send(&format!("{code}\n"));
    assert!(stage.aws.wait_for_calls("AssumeRole", 1, Duration::from_secs(10)));
    kill_the_asker(&stage);
    session.expect(&waiting_line());
    session.send(&format!("{code}\n"));
    session.expect("used already: next code in ");
    session.expect(&waiting_line());
    assert_eq!(stage.assumed(), 1, "a used code is not sent again");
    session.send(&format!("{}\n", stage.code()));
    session.wait().restored().exits(0);
    assert_eq!(stage.assumed(), 2);
    the_others_are_served(&stage);
}

/// The moments around the answer, the sealing and the line on stdout: whoever dies, the others get one session, and a
/// second code is asked for only where the first answer was lost.
#[test]
fn at_any_moment_around_the_answer() {
    let kills = sized("ROLE_HELPER_KILLS", 3);
    let mut asked_twice = 0;
    for round in 0..kills {
        let stage = two_roles("");
        let mut session = crowd(&stage, CALLERS, &["prod".to_owned()]);
        session.expect(&waiting_line());
        let asker = asker(&stage);
        session.send(&format!("{}\n", stage.code()));
        assert!(stage.aws.wait_for_calls("AssumeRole", 1, Duration::from_secs(10)));
        std::thread::sleep(Duration::from_micros(round as u64 * 40_000 / kills as u64));
        kill(asker);
        let ended = answer_all(&stage, session).restored();
        let prompts = ended.transcript.matches("MFA code for").count();
        asked_twice += prompts - 1;
        assert_eq!(prompts, stage.assumed(), "{}", ended.transcript);
        let served: Vec<_> = answers(&stage).into_iter().filter(|one| one.code == 0).collect();
        assert!(served.len() >= CALLERS - 1);
        assert!(served.iter().all(|one| one.stdout == served[0].stdout));
        for one in answers(&stage) {
            assert!(one.stdout.is_empty() || one.stdout.ends_with("}\n"), "half a line: {}", one.stdout);
        }
        stage.run("credential-process prod").quiet();
    }
    println!("{kills} killed within 40 ms of AWS's answer: {asked_twice} answers lost with them");
}

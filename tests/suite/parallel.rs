//! Many callers and one person: one question for all of them, and what becomes of it when the one who asks dies, when
//! the person says no, and when the callers do not wait.
//!
//! The crowds are of 50 callers; `ROLE_HELPER_CALLERS=500` makes them of 500, and `ROLE_HELPER_KILLS=40` tries so
//! many moments of death instead of three. With `--nocapture` each says how long its callers waited.

mod asker_dies;
mod caller_dies;
mod crowd;
mod ladder;
mod passphrase;
mod queue;
mod refused;

use crate::flows::{ADMIN, READ_ONLY, Stage};
use crate::pty::{Session, Terminal};
use crate::run::poll;
use crate::simulator::demo::DEMO_MFA;
use crate::simulator::world::{Role, Trust};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a crowd's callers are started: each by a shell of its own, at once; what they say, and when each ended.
const CROWD: &str = r#"
count=$1; shift
mkdir -p out
for ((i = 0; i < count; i++)); do
    profile=${@:i % $# + 1:1}
    (
        "$FRONT" credential-process "$profile" >"out/$profile.$i.json" 2>"out/$profile.$i.err"
        echo "$? $EPOCHREALTIME" >"out/$profile.$i.end"
    ) &
done
for ((i = 0; i < ${PYTHONS:-0}; i++)); do
    profile=${@:i % $# + 1:1}
    "$PYTHON" "$CALLER" "$profile" >"out/python.$i" 2>&1 &
done
wait
"#;

/// A size from the environment, for a full run.
fn sized(variable: &str, ordinarily: usize) -> usize {
    std::env::var(variable).ok().map_or(ordinarily, |text| text.parse().expect("a number"))
}

/// The line that waits for alice's code.
fn waiting_line() -> String {
    format!("MFA code for {DEMO_MFA}: ")
}

/// A profile as `setup` writes it, the line for clients included.
fn served(stage: &Stage, name: &str, role: &str, more: &str) -> String {
    let line = stage.world.process_line(name);
    format!(
        "[profile {name}]\nregion = ap-northeast-1\n{line}role_helper_role_arn = {role}\n\
         role_helper_source_profile = alice\n{more}\n"
    )
}

/// alice, and profiles `p0`, `p1`, … of as many roles, with `more` in each.
fn roles(count: usize, more: &str) -> (Stage, Vec<String>) {
    let stage = Stage::alice();
    let mut config = String::new();
    let mut names = Vec::new();
    for i in 0..count {
        let name = format!("p{i}");
        let arn = format!("arn:aws:iam::222233334444:role/Team{i}");
        config += &served(&stage, &name, &arn, more);
        stage.aws.change(|world| {
            let trust = Trust::of("111122223333").mfa().session_name("${aws:username}");
            *world = std::mem::take(world).role(Role::new(&arn).trust(trust).may("*", "*"));
        });
        names.push(name);
    }
    stage.world.config(&config);
    (stage, names)
}

/// `prod` and `logs`, a role each.
fn two_roles(more: &str) -> Stage {
    let stage = Stage::alice();
    stage.world.config(&(served(&stage, "prod", ADMIN, more) + &served(&stage, "logs", READ_ONLY, more)));
    stage
}

/// A bash script of the stage's world, at a terminal; `$FRONT` is the product.
fn bash(stage: &Stage, script: &str, args: &[String]) -> Session {
    let mut command = stage.world.program("/bin/bash");
    command.args(["-c", script, "bash"]).args(args).env("FRONT", stage.world.front());
    Terminal::of(command).start()
}

/// So many callers of these profiles, once every one of them is there.
fn crowd(stage: &Stage, count: usize, profiles: &[String]) -> Session {
    let mut args = vec![count.to_string()];
    args.extend_from_slice(profiles);
    let session = bash(stage, CROWD, &args);
    let out = stage.world.path("work/out");
    let all = poll(Duration::from_secs(120), || (ending(&out, ".err").len() == count).then_some(()));
    assert!(all.is_some(), "{} of {count} callers were started", ending(&out, ".err").len());
    session
}

/// The files in `folder` whose names end so.
fn ending(folder: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    found.sort();
    found
}

/// What one caller of a crowd got.
struct Got {
    profile: String,
    code: i32,
    at: f64,
    stdout: String,
    stderr: String,
}

/// What the crowd got, in no order.
fn answers(stage: &Stage) -> Vec<Got> {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    ending(&stage.world.path("work/out"), ".end")
        .iter()
        .filter_map(|end| {
            let text = read(end);
            // Empty while it is being written.
            let (code, at) = text.trim().split_once(' ')?;
            let name = end.file_name().and_then(|name| name.to_str()).expect("a name of ours");
            Some(Got {
                profile: name.split('.').next().unwrap_or_default().to_owned(),
                code: code.parse().expect("a code"),
                at: at.parse().expect("a time"),
                stdout: read(&end.with_extension("json")),
                stderr: read(&end.with_extension("err")),
            })
        })
        .collect()
}

/// Who holds a lock, by what its file says.
fn holder(stage: &Stage, lock: &str) -> Option<i32> {
    let files = stage.world.files();
    let file = files.iter().find(|path| path.file_name().is_some_and(|name| name == lock))?;
    let text = fs::read_to_string(file).ok()?;
    let (_, rest) = text.split_once("(pid ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Whoever asks the person right now.
fn asker(stage: &Stage) -> i32 {
    poll(Duration::from_secs(10), || holder(stage, "asking.lock")).expect("somebody asks")
}

fn kill(pid: i32) {
    // SAFETY: a plain system call on a process of this test.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// No descriptor into this world is open any more, no temporary file is left, and no lock is held.
#[track_caller]
fn nothing_is_left(stage: &Stage) {
    let root = stage.world.path("");
    let root = root.to_string_lossy();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        for open in fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            let target = fs::read_link(open.path()).unwrap_or_default();
            assert!(!target.to_string_lossy().starts_with(&*root), "{} is open", target.display());
        }
    }
    for file in stage.world.files() {
        let name = file.to_string_lossy().into_owned();
        assert!(!name.ends_with(".tmp"), "{name} is left");
        if name.ends_with(".lock") {
            let held = fs::File::open(&file).expect("a lock").try_lock();
            assert!(held.is_ok(), "{name} is held: {held:?}");
        }
    }
}

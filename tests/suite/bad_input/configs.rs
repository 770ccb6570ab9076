//! Broken configurations through the commands that read them, and through the one that writes them.

use super::config_cases::{Case, cases};
use super::rig::{ROLE, Rig, clear, every, full_run, leftovers};
use crate::run::Run;
use std::fs;
use std::path::{Path, PathBuf};

const PARTS: usize = 4;

/// Each part is a test of its own, so that they run side by side.
fn each(part: usize, act: impl Fn(&Rig, &Case, &Path)) {
    let rig = Rig::new();
    every(cases().into_iter().enumerate().filter(|(at, _)| at % PARTS == part), |(at, case)| {
        let folder = rig.world.path(format!("case{at}"));
        fs::create_dir(&folder).unwrap();
        let file = rig.world.secret_file(format!("case{at}/config"), "");
        fs::write(&file, &case.bytes).unwrap();
        act(&rig, &case, &file);
    });
}

fn with(rig: &Rig, file: &Path, args: &[&str]) -> Run {
    rig.world.command(args).env("AWS_CONFIG_FILE", file)
}

fn readers(rig: &Rig, case: &Case, file: &Path) {
    let name = &case.name;
    let before = fs::read(file).unwrap();
    clear(name, with(rig, file, &["explain", "prod"]).run(), case.code);
    // What can be planned needs a person next, and there is none.
    let other = if case.code == 0 { 4 } else { case.code };
    clear(name, with(rig, file, &["credential-process", "prod"]).run(), other);
    if full_run() {
        clear(name, with(rig, file, &["exec", "prod", "--", "true"]).run(), other);
        clear(name, with(rig, file, &["export", "prod", "--format", "json"]).run(), other);
        clear(name, with(rig, file, &["shell", "prod"]).run(), other);
        clear(name, with(rig, file, &["login", "prod"]).run(), other);
    }
    // What `explain` promises is what AWS is then asked for, whatever the SDK thinks of the rest of the file.
    if case.code == 0 {
        let code = rig.code();
        with(rig, file, &["export", "prod", "--format", "json", "--no-session-cache", "--mfa-code", &code]).run().ok();
    }
    // What lists or shows everything is never kept from it by one profile.
    let listed = with(rig, file, &["list", "--json"]).run();
    if case.file_is_read {
        listed.ok().json();
    } else {
        clear(name, listed, 3);
    }
    assert_eq!(fs::read(file).unwrap(), before, "{name}");
}

fn writer(rig: &Rig, case: &Case, file: &Path) {
    let name = &case.name;
    let before = fs::read(file).unwrap();
    let args = ["setup", "prod", "--role-arn", ROLE, "--source-profile", "alice", "--force"];
    let output = with(rig, file, &args).run();
    let folder = file.parent().unwrap();
    assert_eq!(leftovers(folder), Vec::<String>::new(), "{name}");
    let after = fs::read(file).unwrap();
    if output.code() != 0 {
        clear(name, output, 3);
        assert_eq!(after, before, "{name}: the file is as it was");
        return;
    }
    let backup: PathBuf = folder.join("config.role-helper-backup");
    if after != before && !before.is_empty() {
        assert_eq!(fs::read(backup).unwrap(), before, "{name}");
    }
    // Every line that has nothing to do with the profile is still there, byte for byte.
    for line in before.split(|&b| b == b'\n').filter(|line| line.starts_with(b"#")) {
        assert!(after.split(|&b| b == b'\n').any(|kept| kept == line), "{name}: a comment is gone");
    }
    // And what was written can be written again without a change.
    with(rig, file, &args).run().ok();
    assert_eq!(fs::read(file).unwrap(), after, "{name}: the second time changes something");
}

macro_rules! parts {
    ($($part:literal $reads:ident $writes:ident),*) => {$(
        #[test]
        fn $reads() {
            each($part, readers);
        }

        #[test]
        fn $writes() {
            each($part, writer);
        }
    )*};
}

parts!(0 read_0 write_0, 1 read_1 write_1, 2 read_2 write_2, 3 read_3 write_3);

#[test]
fn there_are_two_hundred_of_real_variety() {
    let mut all: Vec<Vec<u8>> = cases().into_iter().map(|case| case.bytes).collect();
    all.sort();
    all.dedup();
    println!("{} configs", all.len());
    assert!(all.len() >= 200, "{}", all.len());
}

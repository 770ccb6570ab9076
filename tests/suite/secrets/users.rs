//! Other users and other sessions of the same one: root in somebody's home writes nothing there; what is not ours
//! alone is refused with the command that mends it; the kernel's copy is found from everywhere the user is.

use super::{add, code, config};
use crate::output::Output;
use crate::run::Run;
use crate::simulator::Simulator;
use crate::simulator::world::World as Aws;
use crate::world::World;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root becomes somebody else");
    }
    root
}

fn stage(ordinary: bool) -> (Simulator, World) {
    let aws = Simulator::start(Aws::demo());
    let world = match ordinary {
        true => World::of_ordinary_user(&aws.endpoint()),
        false => World::new(&aws.endpoint()),
    };
    config(&world);
    add(&world);
    (aws, world)
}

/// Everything below a folder: owner, mode, when it was written, and what is in it.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, u32, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let facts = fs::metadata(&folder).unwrap();
        found.insert(folder.clone(), (facts.uid(), facts.mode(), facts.mtime_nsec(), Vec::new()));
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            match entry.metadata().unwrap() {
                facts if facts.is_dir() => folders.push(entry.path()),
                facts => {
                    let content = fs::read(entry.path()).unwrap_or_default();
                    found.insert(entry.path(), (facts.uid(), facts.mode(), facts.mtime_nsec(), content));
                }
            }
        }
    }
    found
}

#[test]
fn root_in_anothers_home_writes_nothing_there() {
    if !is_root() {
        return;
    }
    let (aws, mut world) = stage(true);
    let login = world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    let log = world.path("home/debug.log");
    let before = snapshot(&world.path(""));
    assert!(before.values().filter(|facts| facts.0 != 0).count() > 5, "{login}");
    let mut codes = vec![code(&aws)];
    for ways in [
        &["env"][..],
        &["sudo", "-E"],
        &["sudo", "--preserve-env=HOME"],
        &["su", "-p", "-s", "/bin/sh", "root", "-c", "exec \"$0\" \"$@\"", "--"],
    ] {
        if !Path::new("/usr/bin").join(ways[0]).exists() {
            eprintln!("skipped: no {}", ways[0]);
            continue;
        }
        aws.advance(30);
        codes.push(code(&aws));
        let code = codes.last().unwrap();
        let json = super::key_json();
        let all = [
            (&["credential-process", "prod"][..], ""),
            (&["login", "again", "--mfa-code", code], ""),
            (&["exec", "prod", "--mfa-code", code, "--", "true"], ""),
            (&["add", "alice", "--stdin", "--force"], &json),
            (&["add", "bob", "--stdin"], &json),
            (&["setup", "new", "--role-arn", "arn:aws:iam::222233334444:role/Admin", "--source-profile", "alice"], ""),
            (&["list"], ""),
            (&["status", "prod"], ""),
            (&["explain", "prod"], ""),
            (&["logout", "prod"], ""),
            (&["logout", "--all"], ""),
            (&["remove", "alice", "--force"], ""),
        ];
        // However root came to be root, it is the same root: the whole list once.
        for (args, input) in all.into_iter().step_by(if ways == ["env"] { 1 } else { 3 }) {
            let mut command = world.wrapped(ways, args);
            command.uid(0).gid(0).env("ROLE_HELPER_MFA_PROMPT", "none");
            Run::new(command).input(input).run();
            let after = snapshot(&world.path(""));
            for (path, facts) in &after {
                assert_eq!(before.get(path), Some(facts), "{ways:?} {args:?} changed {}", path.display());
            }
            assert_eq!(before.len(), after.len(), "{ways:?} {args:?} removed something");
        }
    }
    // What is said would not break that home if it were typed.
    let mut command = world.product(["credential-process", "prod"]);
    command.uid(0).gid(0);
    let output = Run::new(command).run().fails(3).says("hint: run it as that user");
    assert!(!output.stderr.contains("chown"), "{output}");
    let mut command = world.product(["status"]);
    command.uid(0).gid(0);
    let told = Run::new(command).run().quiet().stdout;
    assert!(told.lines().all(|line| line.contains("  ")), "a row is a line\n{told}");
    // A log in another's home is not begun either, and says so.
    world.set_env("ROLE_HELPER_LOG", &log);
    let mut command = world.product(["list"]);
    command.uid(0).gid(0);
    Run::new(command).run().fails(3).says("ROLE_HELPER_LOG");
    assert!(!log.exists());
}

#[test]
fn what_others_could_have_written_is_refused_with_the_fix() {
    let (aws, world) = stage(false);
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    let own = |end: &str| world.files().into_iter().find(|path| path.to_string_lossy().ends_with(end)).unwrap();
    for file in [own("sources/alice.json"), own("role-helper/keyring")] {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let args: &[&str] =
            if file.ends_with("keyring") { &["login", "again", "--mfa-code", "123456"] } else { &["list"] };
        let fix = format!("chmod 600 {}", file.display());
        let refused = world.command(args).run();
        assert_ne!(refused.code(), 0, "{refused}");
        let refused = refused.says(&fix);
        // The fix is what to type, exactly.
        let hint = refused.stderr.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap().to_owned();
        let mut shell = world.program("/bin/sh");
        shell.args(["-c", &hint]);
        Run::new(shell).run().ok();
        world.command(["list"]).run().ok();

        // A link to what is good is not followed.
        let aside = file.with_extension("aside");
        fs::rename(&file, &aside).unwrap();
        symlink(&aside, &file).unwrap();
        let refused = world.command(args).run();
        assert_ne!(refused.code(), 0, "{refused}");
        refused.says("symbolic link");
        fs::remove_file(&file).unwrap();
        fs::rename(&aside, &file).unwrap();
    }
    // A sealed session or a wrapping key with a wrong mode opens nothing and is not used.
    fs::set_permissions(own(".sealed"), fs::Permissions::from_mode(0o666)).unwrap();
    let calls = aws.calls_of("AssumeRole").len();
    world.command(["credential-process", "prod"]).env("ROLE_HELPER_MFA_PROMPT", "none").run().fails(4);
    assert_eq!(aws.calls_of("AssumeRole").len(), calls);
}

/// As a program that ran as root in the user's home leaves it.
#[test]
fn what_root_left_behind_is_refused_with_the_fix() {
    if !is_root() {
        return;
    }
    let (_aws, world) = stage(true);
    let file = world.files().into_iter().find(|path| path.ends_with("sources/alice.json")).unwrap();
    std::os::unix::fs::chown(&file, Some(0), Some(0)).unwrap();
    let owner = fs::metadata(world.home()).unwrap().uid();
    // Its mode keeps the user from reading it at all, and the owner is still what is told.
    let fix = format!("sudo chown {owner} {}", file.display());
    world.command(["list"]).run().fails(3).says(&fix);
}

#[test]
fn the_aws_files_may_be_links() {
    let (aws, world) = stage(false);
    fs::create_dir(world.path("dotfiles")).unwrap();
    fs::rename(world.config_file(), world.path("dotfiles/config")).unwrap();
    symlink("../../dotfiles/config", world.config_file()).unwrap();
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    world.command(["credential-process", "prod"]).run().quiet();
    let role = "arn:aws:iam::222233334444:role/Admin";
    world.command(["setup", "new", "--role-arn", role, "--source-profile", "alice"]).run().ok();
    assert!(fs::symlink_metadata(world.config_file()).unwrap().is_symlink());
    assert!(fs::read_to_string(world.path("dotfiles/config")).unwrap().contains("[profile new]"));
    fs::set_permissions(world.path("dotfiles/config"), fs::Permissions::from_mode(0o666)).unwrap();
    world.command(["explain", "prod"]).run().fails(3).says("chmod go-w");
}

/// A hit by the kernel's copy: nobody gives a passphrase, and AWS is not called.
fn hit(world: &World, aws: &Simulator, before: &[&str]) -> Output {
    let calls = aws.calls().len();
    let mut command = world.wrapped(before, ["credential-process", "prod"]);
    command.env_remove("ROLE_HELPER_PASSPHRASE_FILE").env("ROLE_HELPER_MFA_PROMPT", "none");
    let output = Run::new(command).run();
    assert_eq!(aws.calls().len(), calls);
    output
}

#[test]
fn the_kernels_copy_is_found_in_every_session_of_its_user_only() {
    for ordinary in [false, true] {
        let (aws, world) = stage(ordinary);
        world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
        let mut ways = vec![&["env"][..], &["keyctl", "session", "-"], &["setsid", "-w"]];
        if is_root() && !ordinary {
            ways.push(&["sudo", "-E"]);
            ways.push(&["su", "-p", "-s", "/bin/sh", "root", "-c", "exec \"$0\" \"$@\"", "--"]);
            ways.push(&["setpriv", "--bounding-set=-all", "--inh-caps=-all"]);
        }
        for way in ways {
            if Path::new("/usr/bin").join(way[0]).exists() {
                let output = hit(&world, &aws, way).ok();
                assert!(output.stdout.contains("SessionToken"), "{way:?} {output}");
            }
        }
        if is_root() && ordinary {
            // Somebody else, with all of the files, has no kernel copy and so opens nothing.
            let copy = world.path("copy");
            let mut command = std::process::Command::new("cp");
            command.args(["-a"]).arg(world.home()).arg(&copy);
            Run::new(command).run().ok();
            let mut command = std::process::Command::new("chown");
            command.args(["-R", "65000:65000"]).arg(&copy);
            Run::new(command).run().ok();
            fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).unwrap();
            let mut command = world.product(["credential-process", "prod"]);
            command.uid(65000).gid(65000).env("HOME", &copy).env_remove("ROLE_HELPER_PASSPHRASE_FILE");
            command.env("ROLE_HELPER_MFA_PROMPT", "none").current_dir("/");
            Run::new(command).run().fails(4);
        }
    }
}

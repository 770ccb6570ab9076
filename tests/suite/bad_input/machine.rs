//! Machines without room: a full disk, a home that cannot be written, no descriptors, no memory of who one is. What
//! was paid for with a code is handed out; what was there stays.

use super::rig::{PROD, ROLE, Rig, clear, every, leftovers};
use crate::output::Output;
use crate::run::Run;
use crate::simulator::world::World as Aws;
use crate::world::World;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A small file system of its own, gone when this is dropped.
struct Small(PathBuf);

impl Small {
    fn on(folder: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output();
        if !is_root() || !mounted.is_ok_and(|mounted| mounted.status.success()) {
            println!("skipped: no file system can be mounted here");
            return None;
        }
        Some(Self(folder.to_owned()))
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status().unwrap();
        assert!(done.success());
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        use std::io::Write;
        let mut file = fs::File::create(self.0.join("filler")).unwrap();
        for block in [4096, 1] {
            while file.write_all(&vec![0; block]).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).output());
    }
}

/// A rig whose own folder and home lie on a small file system.
fn small() -> Option<(Rig, Small, Small)> {
    let mut mounts = None;
    let aws = Aws { totp_window_steps: 2000, ..Aws::demo() };
    let aws = crate::simulator::Simulator::start(aws);
    let world = World::new(&aws.endpoint()).with_own_folder();
    if let Some(own) = Small::on(&world.path("own"), "size=256k,mode=0700")
        && let Some(home) = Small::on(&world.path("home/.aws"), "size=64k,mode=0700")
    {
        mounts = Some((own, home));
    }
    let rig = Rig::with(aws, world);
    let (own, home) = mounts?;
    Some((rig, own, home))
}

/// Paid for with a code: handed out.
fn handed_out(name: &str, rig: &Rig) {
    let output = rig.paid().run();
    super::rig::show(name, &output);
    output.credentials();
    rig.exec().run().ok();
}

#[test]
fn a_full_disk_takes_nothing_and_costs_nothing() {
    let Some((rig, own, home)) = small() else { return };
    own.fill();
    handed_out("full", &rig);
    // What cannot be kept is said where keeping is the point.
    let login = rig.world.command(["login", "prod", "--mfa-code", &rig.code()]).run();
    super::rig::show("login on a full disk", &login);
    clear("login", login, 5).says("no space left").says("hint: make room");
    let key = "{\"AccessKey\":{\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPL2\",\"SecretAccessKey\":\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE2\"}}";
    let keyring = fs::read(rig.world.path("own/keyring")).unwrap();
    let added = rig.world.command(["add", "bob", "--stdin"]).input(key).run();
    super::rig::show("add on a full disk", &added);
    assert!([3, 5].contains(&added.code()), "{added}");
    let code = added.code();
    clear("add", added, code).says("no space left");
    assert_eq!(fs::read(rig.world.path("own/keyring")).unwrap(), keyring);
    assert!(!rig.world.path("own/sources/bob.json").exists());
    own.empty();
    assert_eq!(leftovers(&rig.world.path("own")), Vec::<String>::new());

    let before = rig.world.config_text();
    home.fill();
    let args = ["setup", "dev", "--role-arn", ROLE, "--source-profile", "alice"];
    clear("setup", rig.world.command(args).run(), 3).says("no space left");
    assert_eq!(rig.world.config_text(), before);
    home.empty();
    assert_eq!(leftovers(&rig.world.path("home/.aws")), Vec::<String>::new());
    rig.world.command(args).run().ok();
    rig.nothing_lost();
}

#[test]
fn a_read_only_file_system() {
    let Some((rig, own, home)) = small() else { return };
    own.remount("ro");
    home.remount("ro");
    handed_out("read only", &rig);
    for args in
        [&["setup", "dev", "--role-arn", ROLE, "--source-profile", "alice"][..], &["remove", "alice", "--force"]]
    {
        let output = rig.world.command(args).run();
        let code = output.code();
        assert!([3, 5].contains(&code), "{output}");
        clear(args[0], output, code).says("read-only");
    }
    own.remount("rw");
    home.remount("rw");
    rig.nothing_lost();
}

/// The same for somebody who is not root, by modes.
#[test]
fn a_home_that_cannot_be_written() {
    let aws = Aws { totp_window_steps: 2000, ..Aws::demo() };
    let rig = Rig::of(aws, World::of_ordinary_user);
    let folders = ["home/.local", "home/.local/state", "home/.cache", "home/.aws", "home"];
    let chmod = |mode| {
        for folder in folders {
            fs::set_permissions(rig.world.path(folder), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    drop(fs::remove_dir_all(rig.world.path("home/.cache/role-helper")));
    drop(fs::remove_dir_all(rig.world.path("home/.local/state/role-helper")));
    fs::create_dir_all(rig.world.path("home/.cache")).unwrap();
    fs::create_dir_all(rig.world.path("home/.local/state")).unwrap();
    chmod(0o555);
    handed_out("unwritable", &rig);
    let output = rig.world.command(["setup", "dev", "--role-arn", ROLE, "--source-profile", "alice"]).run();
    clear("setup", output, 3).says("permission denied");
    chmod(0o755);
    for folder in folders {
        rig.world.give(&rig.world.path(folder));
    }
    rig.nothing_lost();
}

#[test]
fn files_that_cannot_be_read_by_whom_they_belong_to() {
    let rig = Rig::of(Aws { totp_window_steps: 2000, ..Aws::demo() }, World::of_ordinary_user);
    let config = rig.world.config_file();
    for (name, mode) in [("unreadable", 0o000), ("writable by the group", 0o660), ("writable by all", 0o606)] {
        fs::set_permissions(&config, fs::Permissions::from_mode(mode)).unwrap();
        for args in
            [&["explain", "prod"][..], &["credential-process", "prod"], &["list"], &["exec", "prod", "--", "true"]]
        {
            clear(name, rig.world.command(args).run(), 3).says(".aws/config");
        }
    }
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    rig.nothing_lost();
}

fn limited(rig: &Rig, limits: &str, args: &[&str]) -> Output {
    let script = format!("{limits}; exec \"$@\"");
    Run::new(rig.world.wrapped(&["sh", "-c", &script, "sh"], args)).run()
}

#[test]
fn no_descriptors_left() {
    let rig = Rig::new();
    every(3..=16, |count| {
        let code = rig.code();
        let output = limited(&rig, &format!("ulimit -n {count}"), &["credential-process", "prod", "--mfa-code", &code]);
        let name = format!("{count} descriptors");
        super::rig::show(&name, &output);
        match output.code() {
            0 => drop(output.credentials()),
            // What cannot even be started is the loader's to say.
            127 if output.stderr.contains("error while loading shared libraries") => {}
            exit => {
                assert!([3, 4, 5, 6].contains(&exit), "{name}\n{output}");
                clear(&name, output, exit);
            }
        }
        rig.world.command(["logout", "--all"]).run().ok();
    });
    rig.nothing_lost();
}

/// A quota, as a limit on the size of files: no file can grow, and the signal that says so kills nobody.
#[test]
fn no_file_may_grow() {
    let rig = Rig::new();
    let code = rig.code();
    let output = limited(&rig, "ulimit -f 0", &["credential-process", "prod", "--mfa-code", &code]);
    super::rig::show("ulimit -f 0", &output);
    output.credentials();
    let before = rig.world.config_text();
    let output = limited(&rig, "ulimit -f 0", &["setup", "dev", "--role-arn", ROLE, "--source-profile", "alice"]);
    clear("setup", output, 3);
    assert_eq!(rig.world.config_text(), before);
    rig.nothing_lost();
}

#[test]
fn streams_that_are_closed_or_full() {
    let rig = Rig::new();
    rig.nothing_lost();
    for (name, redirection, code) in [
        ("stdout closed", ">&-", 1),
        ("stdout full", ">/dev/full", 1),
        ("stdin closed", "<&-", 0),
        ("stderr closed", "2>&-", 0),
        ("all closed", "<&- >&- 2>&-", 1),
    ] {
        let script = format!("\"$@\" {redirection}");
        for args in [
            &["credential-process", "prod"][..],
            &["explain", "prod"],
            &["list"],
            &["export", "prod", "--format", "json"],
        ] {
            let output = Run::new(rig.world.wrapped(&["sh", "-c", &script, "sh"], args)).run();
            super::rig::show(&format!("{} {name}", args[0]), &output);
            assert!(!output.stderr.contains("panicked"), "{name}\n{output}");
            if code == 0 {
                assert_eq!(output.code(), 0, "{name} {args:?}\n{output}");
            } else if name == "stdout full" || args[0] == "credential-process" {
                if name.starts_with("stdout") {
                    clear(&format!("{} {name}", args[0]), output.clone(), 3);
                }
                assert_ne!(output.code(), 0, "{name} {args:?}: what was not written was not done\n{output}");
            } else {
                assert!(output.code() < 128, "{name} {args:?}\n{output}");
            }
        }
    }
}

#[test]
fn surroundings_that_are_not_there() {
    let rig = Rig::new();
    let gone = rig.world.path("gone");
    let explain = || rig.world.command(["explain", "prod"]);
    for (name, run) in [
        ("no HOME", explain().without_env("HOME").without_env("ROLE_HELPER_HOME")),
        ("an empty HOME", explain().env("HOME", "").without_env("ROLE_HELPER_HOME")),
        ("a relative HOME", explain().env("HOME", "x").without_env("ROLE_HELPER_HOME")),
        ("a HOME that is not there", explain().env("HOME", "/nonexistent").without_env("ROLE_HELPER_HOME")),
        ("a relative folder of ours", explain().env("ROLE_HELPER_HOME", "x")),
        ("a HOME that is a file", explain().env("HOME", rig.world.path("passphrase")).without_env("ROLE_HELPER_HOME")),
        ("a config file that is a folder", explain().env("AWS_CONFIG_FILE", rig.world.path("home"))),
        ("a config file below a file", explain().env("AWS_CONFIG_FILE", rig.world.path("passphrase/x"))),
        ("a config file with a NUL's place", explain().env("AWS_CONFIG_FILE", "/dev/null")),
        ("a prompt that is none", explain().env("ROLE_HELPER_MFA_PROMPT", "telepathy")),
        ("a region that is none", rig.paid().env("AWS_REGION", "x y").env("AWS_CONFIG_FILE", no_region(&rig))),
    ] {
        let output = run.run();
        super::rig::show(name, &output);
        assert!([2, 3, 5].contains(&output.code()), "{name}\n{output}");
        let code = output.code();
        clear(name, output, code);
    }
    // A log that cannot be written keeps nobody from working.
    for log in ["/nonexistent/log", "/", "/dev/full", "relative"] {
        let output = explain().env("ROLE_HELPER_LOG", log).run();
        super::rig::show(log, &output);
        assert!([0, 3].contains(&output.code()), "{log}\n{output}");
    }
    // The working folder was deleted.
    fs::create_dir(&gone).unwrap();
    let script = format!("cd {} && rmdir {0} && exec \"$@\"", gone.display());
    let output = Run::new(rig.world.wrapped(&["sh", "-c", &script, "sh"], ["explain", "prod"])).run();
    assert_eq!(output.code(), 0, "{output}");
    rig.nothing_lost();
}

fn no_region(rig: &Rig) -> PathBuf {
    rig.world.secret_file("no-region", &PROD.replace("region = eu-west-1\n", ""))
}

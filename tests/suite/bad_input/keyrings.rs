//! Keyrings that are damaged, locked, silent, gone, or opened with another passphrase: exit code 5 (4 where a person
//! could open it and none can be asked), nothing overwritten, no code sent.

use super::rig::{Rig, clear, every};
use crate::run::Run;
use crate::secret_service::{NO_BUS, SecretService};
use crate::simulator::world::World as Aws;
use crate::world::World;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// A code, and no copy of any key in the kernel to help out.
fn cold(rig: &Rig) -> Run {
    rig.world.command(["logout", "--all"]).run();
    rig.paid()
}

type Damage = Box<dyn Fn(&str) -> Vec<u8>>;

fn to_the_file() -> Vec<(String, Damage)> {
    let mut all: Vec<(String, Damage)> = Vec::new();
    let mut add = |name: &str, act: Damage| all.push((name.to_owned(), act));
    add("empty", Box::new(|_| Vec::new()));
    for share in [1, 5, 10, 25, 50, 75, 90, 99] {
        add(&format!("cut at {share} %"), Box::new(move |good| good.as_bytes()[..good.len() * share / 100].to_vec()));
    }
    for share in [2, 8, 15, 30, 45, 60, 75, 90, 97] {
        add(
            &format!("changed at {share} %"),
            Box::new(move |good| {
                let mut bytes = good.as_bytes().to_vec();
                let at = bytes.len() * share / 100;
                bytes[at] = if bytes[at] == b'7' { b'8' } else { b'7' };
                bytes
            }),
        );
    }
    let replaced = |find: &'static str, with: &'static str| -> Damage {
        Box::new(move |good| {
            assert!(good.contains(find), "{find} is not in {good}");
            good.replacen(find, with, 1).into()
        })
    };
    add("a newer form", replaced("\"role_helper_keyring\":1", "\"role_helper_keyring\":2"));
    add("form 0", replaced("\"role_helper_keyring\":1", "\"role_helper_keyring\":0"));
    add("a negative form", replaced("\"role_helper_keyring\":1", "\"role_helper_keyring\":-1"));
    add("gigabytes of memory", replaced("\"memory_kib\":19456", "\"memory_kib\":4194304"));
    add("hours of passes", replaced("\"passes\":2", "\"passes\":4000000"));
    add("no memory", replaced("\"memory_kib\":19456", "\"memory_kib\":0"));
    add("no lanes", replaced("\"lanes\":1", "\"lanes\":0"));
    add("a word for a number", replaced("\"passes\":2", "\"passes\":\"two\""));
    add("no salt", replaced("\"salt\"", "\"pepper\""));
    add("no checksum", replaced("\"sha256\"", "\"sha1\""));
    add("another program's", Box::new(|_| b"{\"version\":1,\"keys\":[]}".to_vec()));
    add("a config file", Box::new(|_| b"[default]\nregion = x\n".to_vec()));
    add("NULs", Box::new(|good| vec![0; good.len()]));
    add("a byte order mark", Box::new(|good| format!("\u{feff}{good}").into()));
    add("UTF-16", Box::new(|good| good.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    add("twice", Box::new(|good| format!("{good}{good}").into()));
    add("a megabyte of brackets", Box::new(|_| vec![b'['; 1_000_000]));
    all
}

#[test]
fn a_damaged_file_is_an_error_and_is_never_overwritten() {
    let rig = Rig::new();
    let file = rig.world.path("own/keyring");
    let good = fs::read_to_string(&file).unwrap();
    every(to_the_file(), |(name, act)| {
        let bad = act(&good);
        fs::write(&file, &bad).unwrap();
        rig.aws.forget_calls();
        clear(&name, cold(&rig).run(), 5);
        assert!(rig.aws.calls().is_empty(), "{name}: a code was sent for a key that is not there");
        // Adding a key again would be the end of those that are in it.
        let key = "{\"AccessKey\":{\"AccessKeyId\":\"AKIAIOSFODNN7EXAMPL2\",\"SecretAccessKey\":\"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE2\"}}";
        clear(&name, rig.world.command(["add", "bob", "--stdin"]).input(key).run(), 5);
        clear(&name, rig.world.command(["remove", "alice", "--force"]).run(), 5);
        assert_eq!(fs::read(&file).unwrap(), bad, "{name}: it was overwritten");
        fs::write(&file, &good).unwrap();
    });
    rig.nothing_lost();
}

/// Modes, owners, links and folders where the keyring should be.
#[test]
fn a_keyring_file_that_is_not_ours_alone_is_refused_with_the_remedy() {
    let rig = Rig::new();
    let file = rig.world.path("own/keyring");
    let aside = rig.world.path("aside");
    let chmod = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o644, 0o660, 0o606] {
        chmod(mode);
        clear(&format!("mode {mode:o}"), cold(&rig).run(), 5).says("chmod");
    }
    chmod(0o600);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&file, Some(12345), None).unwrap();
        clear("another's", cold(&rig).run(), 5);
        std::os::unix::fs::chown(&file, Some(0), None).unwrap();
    } else {
        println!("skipped: only root can give a file away");
    }
    fs::rename(&file, &aside).unwrap();
    for (name, act) in [
        ("a folder", Box::new(|| fs::create_dir(&file).unwrap()) as Box<dyn Fn()>),
        ("a link", Box::new(|| symlink(&aside, &file).unwrap())),
        ("a link to nowhere", Box::new(|| symlink("/nonexistent", &file).unwrap())),
    ] {
        act();
        clear(name, cold(&rig).run(), 5);
        drop(fs::remove_dir(&file));
        drop(fs::remove_file(&file));
    }
    // Gone: the key is not in it, and nothing is made up in its place.
    clear("gone", cold(&rig).run(), 5).says("alice");
    fs::rename(&aside, &file).unwrap();
    rig.nothing_lost();
}

#[test]
fn a_passphrase_that_does_not_open_it_is_told_from_one_that_cannot_be_read() {
    let rig = Rig::new();
    let passphrase =
        |name: &str, run: Run, file: &Path| clear(name, run.env("ROLE_HELPER_PASSPHRASE_FILE", file).run(), 5);
    for (name, text) in [
        ("wrong", "wrong"),
        ("another case", "Correct horse battery staple"),
        ("two line ends", "correct horse battery staple\n\n"),
        ("a blank more", "correct horse battery staple "),
    ] {
        let file = rig.world.secret_file("other", text);
        passphrase(name, cold(&rig), &file).says("passphrase");
    }
    for (name, text) in [("empty", ""), ("a line end", "\n"), ("a megabyte", &"x".repeat(1_000_000) as &str)] {
        let file = rig.world.secret_file("other", text);
        passphrase(name, cold(&rig), &file);
    }
    passphrase("not there", cold(&rig), &rig.world.path("nowhere"));
    passphrase("a folder", cold(&rig), &rig.world.path("home"));
    let open = rig.world.secret_file("open", "correct horse battery staple\n");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    passphrase("readable by all", cold(&rig), &open).says("chmod");
    for descriptor in ["99", "fd:99", "fd:x", "-1"] {
        let output = cold(&rig).env("ROLE_HELPER_PASSPHRASE_FILE", descriptor).run();
        assert!([2, 3, 5].contains(&output.code()), "{descriptor}\n{output}");
        let code = output.code();
        clear(descriptor, output, code);
    }
    // Nobody to ask: a person is needed.
    clear("none given", cold(&rig).without_env("ROLE_HELPER_PASSPHRASE_FILE").run(), 4);
    for choice in ["", "keychain", "OS", "file,os"] {
        let output = cold(&rig).env("ROLE_HELPER_KEYRING", choice).run();
        super::rig::show(choice, &output);
        if output.code() != 0 {
            let code = output.code();
            assert!([2, 3].contains(&code), "{choice}\n{output}");
            clear(choice, output, code);
        }
    }
    rig.nothing_lost();
}

fn with_service(service: &SecretService) -> Rig {
    Rig::of(Aws { totp_window_steps: 2000, ..Aws::demo() }, |endpoint| {
        let mut world = World::new(endpoint).with_own_folder();
        service.serve(&mut world);
        world
    })
}

#[test]
fn the_desktops_keyring_locked_gone_and_without_a_bus() {
    let mut service = SecretService::unlocked();
    let rig = with_service(&service);
    rig.nothing_lost();
    service.lock();
    // Somebody could unlock it, and here is nobody.
    clear("locked", cold(&rig).run(), 4).says("locked");
    service.restart_unlocked();
    rig.nothing_lost();
    service.leave();
    clear("gone", cold(&rig).run(), 5);
    clear("no bus", cold(&rig).env("DBUS_SESSION_BUS_ADDRESS", NO_BUS).run(), 5);
    clear("a bus that is none", cold(&rig).env("DBUS_SESSION_BUS_ADDRESS", "nonsense").run(), 5);
    clear("no address", cold(&rig).without_env("DBUS_SESSION_BUS_ADDRESS").run(), 5);
    // A keyring that is away is no reason to begin another one.
    clear("auto", cold(&rig).env("ROLE_HELPER_KEYRING", "auto").run(), 5);
    service.restart_unlocked();
    rig.nothing_lost();
}

/// A session in the cache needs no keyring at all: the copy of its key in the kernel opens it.
#[test]
fn a_hit_needs_no_keyring() {
    let mut service = SecretService::unlocked();
    let rig = with_service(&service);
    rig.nothing_lost();
    service.leave();
    let hit = rig.unpaid().run();
    if hit.code() != 0 {
        println!("skipped: the kernel keeps no keys here");
        return;
    }
    hit.credentials();
}

/// A keyring that takes the call and never answers: bounded, and Ctrl-C ends it at once.
#[test]
fn a_silent_keyring_can_be_interrupted() {
    let service = SecretService::unlocked();
    let rig = with_service(&service);
    service.never_answer();
    let running = cold(&rig).start();
    std::thread::sleep(std::time::Duration::from_millis(700));
    running.signal(libc::SIGINT);
    let output = running.wait();
    super::rig::show("interrupted", &output);
    assert_eq!(output.code(), 130, "{output}");
    assert!(output.took < std::time::Duration::from_secs(5), "{output}");
    if super::rig::full_run() {
        clear("silent", cold(&rig).deadline(std::time::Duration::from_secs(120)).run(), 5);
    }
    service.answer();
    rig.nothing_lost();
}

/// The service goes while we wait for it.
#[test]
fn a_keyring_that_goes_in_the_middle() {
    let mut service = SecretService::unlocked();
    let rig = with_service(&service);
    service.never_answer();
    let running = cold(&rig).start();
    std::thread::sleep(std::time::Duration::from_millis(700));
    service.leave();
    clear("gone in the middle", running.wait(), 5);
    service.restart_unlocked();
    rig.nothing_lost();
}

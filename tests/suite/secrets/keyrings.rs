//! The keyrings through every command: which one it is, a real Secret Service in each of its states, nothing in two
//! places, and a logout that leaves nothing.

use super::{add, code, config, key_json};
use crate::run::{Run, poll};
use crate::secret_service::{NO_BUS, SecretService};
use crate::simulator::Simulator;
use crate::simulator::demo::DEMO_SECRET;
use crate::simulator::world::World as Aws;
use crate::world::World;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

fn stage(keyring: &str) -> (Simulator, SecretService, World) {
    let aws = Simulator::start(Aws::demo());
    let service = SecretService::unlocked();
    let mut world = World::new(&aws.endpoint());
    service.serve(&mut world);
    world.set_env("ROLE_HELPER_KEYRING", keyring);
    config(&world);
    (aws, service, world)
}

fn items(service: &SecretService) -> Vec<String> {
    let found = service.secret_tool(&["search", "--all", "service", "role-helper"]).run();
    let all = format!("{}{}", found.stdout, found.stderr);
    all.lines().filter_map(|line| line.strip_prefix("attribute.username = ")).map(str::to_owned).collect()
}

fn keyring_file(world: &World) -> bool {
    world.path("home/.local/share/role-helper/keyring").exists()
}

/// The line of `/proc/keys` for the copy of a home's data key. One that was invalidated is listed, with an `i` among its
/// flags, until the kernel comes to collect it.
fn kernel_copy(home: &str) -> Option<String> {
    let name = format!("role-helper:{home}:data-key");
    let text = fs::read_to_string("/proc/keys").unwrap();
    text.lines().find(|line| line.contains(&name) && !column(line, 1).contains('i')).map(str::to_owned)
}

fn column(line: &str, at: usize) -> &str {
    line.split_whitespace().nth(at).unwrap()
}

/// The id of the home whose data key is in the service.
fn home(service: &SecretService) -> String {
    items(service).iter().find_map(|item| item.strip_prefix("data-key:").map(str::to_owned)).expect("a data key")
}

fn status(world: &World) -> serde_json::Value {
    world.command(["status", "--json"]).run().quiet().json()
}

#[test]
fn auto_takes_what_answers_and_stays_with_it() {
    let (aws, mut service, mut world) = stage("auto");
    assert_eq!(status(&world)["keyring"]["kind"], serde_json::Value::Null);
    add(&world);
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    assert_eq!(status(&world)["keyring"]["kind"], "os");
    assert!(!keyring_file(&world));
    let mut kept = items(&service);
    kept.sort();
    assert!(kept.len() == 2 && kept[0].starts_with("data-key:") && kept[1].starts_with("key:AKIA"), "{kept:?}");

    // A second store is not begun, whether the first one is gone or the environment says so.
    service.leave();
    world
        .command(["login", "again", "--mfa-code", "123456"])
        .run()
        .fails(5)
        .says("Secret Service is not there")
        .says("hint: start it, then");
    world.command(["credential-process", "prod"]).run().quiet();
    world.set_env("ROLE_HELPER_KEYRING", "file");
    let passphrase = world.path("passphrase");
    world.set_env("ROLE_HELPER_PASSPHRASE_FILE", passphrase);
    world.command(["add", "bob", "--stdin"]).input(key_json()).run().fails(5).says("ROLE_HELPER_KEYRING=os");
    assert!(!keyring_file(&world));
}

#[test]
fn auto_falls_back_to_the_file_and_says_why() {
    let aws = Simulator::start(Aws::demo());
    let mut world = World::new(&aws.endpoint());
    world.set_env("ROLE_HELPER_KEYRING", "auto").set_env("DBUS_SESSION_BUS_ADDRESS", NO_BUS);
    config(&world);
    add(&world);
    assert!(keyring_file(&world));
    assert_eq!(status(&world)["keyring"]["kind"], "file");
    // One that comes later does not change it.
    let service = SecretService::unlocked();
    world.set_env("DBUS_SESSION_BUS_ADDRESS", service.address());
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    assert!(items(&service).is_empty());
}

#[test]
fn locked_silent_and_gone_are_three_errors_and_no_hit_needs_it() {
    let (aws, mut service, world) = stage("os");
    add(&world);
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    let hit = || world.command(["credential-process", "prod"]).run().quiet();
    let miss = || world.command(["credential-process", "again"]).env("ROLE_HELPER_MFA_PROMPT", "none");

    service.lock();
    hit();
    // Many at once: no dialog, no waiting, each its answer.
    let many: Vec<_> = (0..8).map(|_| miss().start()).collect();
    for one in many {
        let output = one.wait();
        assert!(output.took < Duration::from_secs(10));
        output.fails(4).says("Secret Service is locked");
    }
    service.restart_unlocked();
    service.never_answer();
    hit();
    let output = miss().run();
    assert!(output.took < Duration::from_secs(15), "{output}");
    output.fails(5).says("does not answer");
    service.answer();
    service.leave();
    hit();
    miss().run().fails(5).says("Secret Service is not there");
}

/// A person who closes the dialog is not shown it again for each of those who waited.
#[test]
fn one_dialog_for_any_number_of_callers() {
    let (_aws, service, world) = stage("os");
    add(&world);
    service.lock();
    let dialog = service.unattended_dialog();
    let profiles = ["prod", "again", "wide", "read", "prod", "again"];
    let asks = |profile| world.command(["credential-process", profile]).env("DISPLAY", ":4711");
    let callers: Vec<_> = profiles.map(|profile| asks(profile).start()).into();
    poll(Duration::from_secs(10), || (dialog.asked() > 0).then_some(())).expect("a dialog");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(dialog.asked(), 1);
    drop(dialog);
    let next = service.unattended_dialog();
    for caller in callers {
        caller.wait().fails(4).says("Secret Service is locked");
    }
    assert_eq!(next.asked(), 0);
}

#[test]
fn what_a_code_paid_for_is_handed_out_when_the_service_goes_meanwhile() {
    let (aws, mut service, world) = stage("os");
    add(&world);
    let mut session = world.called(["credential-process", "prod"]).start();
    session.expect("MFA code for");
    service.leave();
    session.send(&format!("{}\n", code(&aws)));
    let ended = session.wait().restored().exits(0);
    assert!(ended.output.stdout.contains("SessionToken"), "{ended}");

    // The same with the whole bus.
    let (aws, service, world) = stage("os");
    add(&world);
    let mut session = world.called(["credential-process", "prod"]).start();
    session.expect("MFA code for");
    drop(service);
    session.send(&format!("{}\n", code(&aws)));
    let ended = session.wait().restored().exits(0);
    assert!(ended.output.stdout.contains("SessionToken"), "{ended}");
}

#[test]
fn logout_leaves_nothing_that_could_serve() {
    let (aws, service, world) = stage("os");
    add(&world);
    let sealed = || world.files().iter().filter(|path| path.extension().is_some_and(|e| e == "sealed")).count();
    world.command(["login", "wide", "--mfa-code", &code(&aws)]).run().ok();
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    assert_eq!(sealed(), 3);
    // The role's session and the MFA session it came from, and no other profile's.
    world.command(["logout", "wide"]).run().ok();
    assert_eq!(sealed(), 1);
    let none =
        |profile: &str| world.command(["credential-process", profile]).env("ROLE_HELPER_MFA_PROMPT", "none").run();
    none("wide").fails(4);
    none("read").fails(4);
    none("prod").quiet();

    let home = home(&service);
    assert!(kernel_copy(&home).is_some());
    world.command(["logout", "--all"]).run().ok();
    assert!(sealed() == 0 && kernel_copy(&home).is_none());
    assert_eq!(items(&service).len(), 1, "the key that sealed them is gone, the long-term key is not");
    none("prod").fails(4);
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    none("prod").quiet();

    // Also where the keyring is locked, and nobody is asked then.
    service.lock();
    world.command(["logout", "--all"]).run().ok();
    assert!(sealed() == 0 && kernel_copy(&home).is_none());
}

#[test]
fn logout_all_also_locks_the_file_keyring_again() {
    let aws = Simulator::start(Aws::demo());
    let world = World::new(&aws.endpoint());
    config(&world);
    add(&world);
    let login = || {
        world
            .command(["login", "prod", "--force", "--mfa-code", &code(&aws)])
            .without_env("ROLE_HELPER_PASSPHRASE_FILE")
    };
    login().run().ok();
    // Without a passphrase, and without one on the way to forgetting.
    world.command(["logout", "--all"]).without_env("ROLE_HELPER_PASSPHRASE_FILE").run().ok();
    login().run().fails(4).says("passphrase");
}

/// The timeout is the first one, however often the copy is used.
#[test]
fn the_kernels_copy_ends_when_it_was_to_end() {
    let (aws, service, world) = stage("os");
    add(&world);
    world.command(["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    let home = home(&service);
    let first = kernel_copy(&home).unwrap();
    assert!(["7h", "8h"].contains(&column(&first, 3)), "{first}");
    let mut command = Command::new("keyctl");
    let number = i64::from_str_radix(column(&first, 0), 16).unwrap();
    command.args(["session", "-", "sh", "-c", &format!("keyctl link @u @s && keyctl timeout {number} 20")]);
    Run::new(command).run().ok();
    world.command(["credential-process", "prod"]).run().quiet();
    world.command(["login", "prod"]).run().ok();
    world.command(["login", "prod", "--force", "--mfa-code", &code(&aws)]).run().ok();
    let last = kernel_copy(&home).unwrap();
    assert!(column(&last, 3).ends_with('s'), "{last}");
}

#[test]
fn without_a_kernel_keyring_everything_works_and_status_tells_the_cost() {
    let (aws, service, world) = stage("os");
    let refused = |args: &[&str]| {
        let mut command = world.product(args);
        // SAFETY: two system calls on memory of this closure.
        unsafe { command.pre_exec(refuse_kernel_keyring) };
        Run::new(command)
    };
    refused(&["add", "alice", "--stdin"]).input(key_json()).run().ok().hides(&[DEMO_SECRET]);
    refused(&["login", "prod", "--mfa-code", &code(&aws)]).run().ok();
    let calls = aws.calls().len();
    refused(&["credential-process", "prod"]).run().quiet().prints("SessionToken");
    refused(&["exec", "prod", "--", "true"]).run().quiet();
    assert_eq!(aws.calls().len(), calls, "sealed sessions are opened by the keyring's key");
    let told = refused(&["status"]).run().quiet().stdout;
    let line = told.lines().find(|line| line.starts_with("kernel keyring")).unwrap().to_owned();
    assert!(line.contains("not permitted") && line.contains("keyring"), "{line}");
    refused(&["logout", "--all"]).run().ok();
    assert_eq!(items(&service).len(), 1);
}

/// As container runtimes do it.
fn refuse_kernel_keyring() -> std::io::Result<()> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let mut filter = [
        step(LOAD, 0, 0, 0),
        step(EQUAL, 3, 0, libc::SYS_add_key as u32),
        step(EQUAL, 2, 0, libc::SYS_request_key as u32),
        step(EQUAL, 1, 0, libc::SYS_keyctl as u32),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
        step(RETURN, 0, 0, refused),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program outlives the call, which copies it.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

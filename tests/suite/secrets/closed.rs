//! While we hold secrets nobody looks inside: no core file, no debugger, no `/proc` for other users; and the long-term
//! key's pages stay in memory.

use super::search::Known;
use super::{add, code, config};
use crate::pty::{Session, Terminal};
use crate::run::Run;
use crate::simulator::Simulator;
use crate::simulator::demo::DEMO_SECRET;
use crate::simulator::world::World as Aws;
use crate::world::{PASSPHRASE, World};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

const PROMPT: &str = "MFA code for";

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

/// `args` of the product, started by a shell that said `before`, at the line that waits for the code.
fn at_the_prompt(world: &World, before: &str, args: &[&str]) -> Session {
    let mut command = world.program("/bin/sh");
    command.args(["-c", &format!("{before}; exec \"$@\""), "sh"]).arg(world.front()).args(args);
    let mut session = Terminal::of(command).piped().start();
    session.expect(PROMPT);
    session
}

/// A field of `/proc/PID/status`.
fn status(pid: i32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_once(':').unwrap().1.trim().to_owned()
}

#[test]
fn no_core_file_where_every_other_program_leaves_one() {
    let (_aws, world) = stage(false);
    let cores = || fs::read_dir(world.path("work")).unwrap().count();
    let mut control = world.program("/bin/sh");
    control.args(["-c", "ulimit -c unlimited || exit 9; kill -QUIT $$"]);
    let control = Run::new(control).run();
    let dumps = control.status.core_dumped() && cores() == 1;
    if !dumps {
        eprintln!("no core files here (core_pattern, limits): only the flag is tried: {control}");
    }
    let before = cores();
    for signal in [libc::SIGQUIT, libc::SIGSEGV, libc::SIGABRT] {
        let session = at_the_prompt(&world, "ulimit -c unlimited || true", &["login", "prod"]);
        let pid = session.pid();
        assert_eq!(status(pid, "CoreDumping"), "0");
        session.signal(signal);
        let ended = session.wait();
        assert!(!ended.output.status.core_dumped(), "{ended}");
        assert_ne!(ended.code(), 0);
    }
    assert_eq!(cores(), before);
}

#[test]
fn nobody_else_attaches_or_reads() {
    let (_aws, world) = stage(true);
    let session = at_the_prompt(&world, ":", &["login", "prod"]);
    let pid = session.pid().to_string();
    let owner = fs::metadata(format!("/proc/{pid}/environ")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&owner), 0, "what is not dumpable is root's in /proc");
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (same, other) = (status(session.pid(), "Uid"), "65534".to_owned());
    let same = same.split_whitespace().next().unwrap().to_owned();
    assert_ne!(same, "0");
    for uid in [same, other] {
        let as_user = |program: &str, args: &[&str]| {
            let mut command = world.program("setpriv");
            command.args(["--reuid", &uid, "--regid", &uid, "--clear-groups", program]).args(args).current_dir("/");
            // The world's programs run as its user already; root changes to one or the other.
            std::os::unix::process::CommandExt::uid(&mut command, 0);
            std::os::unix::process::CommandExt::gid(&mut command, 0);
            Run::new(command).run()
        };
        for file in ["environ", "mem", "maps", "auxv"] {
            let output = as_user("cat", &[&format!("/proc/{pid}/{file}")]);
            assert_ne!(output.code(), 0, "{output}");
        }
        if Path::new("/usr/bin/gdb").exists() {
            let output = as_user("gdb", &["-n", "-batch", "-p", &pid, "-ex", "info proc"]);
            assert!(output.stderr.contains("Operation not permitted"), "{output}");
        }
    }
    session.ctrl_c();
    session.wait().restored().exits(130);
}

#[test]
fn the_long_term_key_is_not_swapped_out() {
    for ordinary in [false, true] {
        let (_aws, world) = stage(ordinary);
        let session = at_the_prompt(&world, ":", &["login", "prod"]);
        let locked = status(session.pid(), "VmLck");
        let kilobytes: u64 = locked.trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes >= 4, "{locked}");
        session.ctrl_c();
        session.wait().exits(130);
    }
    // Where it is not allowed it works all the same.
    let (aws, world) = stage(true);
    let session = at_the_prompt(&world, "ulimit -l 0", &["login", "prod"]);
    if !rustix::process::geteuid().is_root() || status(session.pid(), "CapEff").ends_with("00000000") {
        assert_eq!(status(session.pid(), "VmLck"), "0 kB");
    }
    session.send(&format!("{}\n", code(&aws)));
    session.wait().exits(0);
}

/// Looked at from outside, as root can: while a person looks for the code there is no passphrase any more and the
/// long-term key once, on its locked page. What was signed with it later leaves copies of the SDK's, which are not ours
/// to promise about.
#[test]
fn what_is_done_with_is_wiped() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root reads another process's memory");
        return;
    }
    let (aws, world) = stage(false);
    let mut session = at_the_prompt(&world, ":", &["login", "prod", "again"]);
    let copies = |memory: &[u8], secret: &str| memchr::memmem::find_iter(memory, secret.as_bytes()).count();
    let mut passphrase = Known::default();
    passphrase.secret("the passphrase", PASSPHRASE.as_bytes());
    let memory = memory_of(session.pid());
    assert!(memory.len() > 1 << 20, "{} bytes of memory were read", memory.len());
    assert_eq!(passphrase.within(&memory, &[]), Vec::<&str>::new());
    assert_eq!(copies(&memory, DEMO_SECRET), 1);
    let code = code(&aws);
    session.send(&format!("{code}\n"));
    session.expect(PROMPT);
    let memory = memory_of(session.pid());
    assert_eq!(passphrase.within(&memory, &[]), Vec::<&str>::new());
    assert!(copies(&memory, DEMO_SECRET) >= 1, "the search does not find what is there");
    eprintln!(
        "at the second question: the key {}, the first code {}",
        copies(&memory, DEMO_SECRET),
        copies(&memory, &code)
    );
    for (secret, token) in aws.secrets_issued() {
        eprintln!("the first session's secret {}, token {}", copies(&memory, &secret), copies(&memory, &token));
    }
    session.ctrl_c();
    session.wait().exits(130);
}

/// All that can be written to.
fn memory_of(pid: i32) -> Vec<u8> {
    use std::os::unix::fs::FileExt;
    let memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (start, end) = line.split_whitespace().next().unwrap().split_once('-').unwrap();
        let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        let mut piece = vec![0; usize::try_from(end - start).unwrap()];
        if memory.read_exact_at(&mut piece, start).is_ok() {
            all.append(&mut piece);
        }
    }
    all
}

//! Sealed sessions, the facts of source keys, locks and folders that were damaged, moved, opened to others or put in
//! the way. A cache is never an error: what does not open is a miss. Nobody's key is lost by any of it.

use super::rig::{Rig, clear, every, full_run};
use crate::world::World;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The one sealed session of `prod`.
fn session(world: &World) -> PathBuf {
    let folder = world.path("own/sessions");
    let mut sealed: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(sealed.len(), 1, "{sealed:?}");
    sealed.pop().unwrap()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What is done to a file that was good.
type Damage = Box<dyn Fn(&Path, &[u8])>;

fn damage(name: impl Into<String>, act: impl Fn(&Path, &[u8]) + 'static) -> (String, Damage) {
    (name.into(), Box::new(act))
}

fn bytes(name: impl Into<String>, change: impl Fn(&[u8]) -> Vec<u8> + 'static) -> (String, Damage) {
    damage(name, move |path, good| fs::write(path, change(good)).unwrap())
}

/// Damage that any file of ours may meet.
fn to_any_file() -> Vec<(String, Damage)> {
    vec![
        bytes("empty", |_| Vec::new()),
        bytes("one byte", |good| good[..1].to_vec()),
        bytes("half of it", |good| good[..good.len() / 2].to_vec()),
        bytes("the last byte gone", |good| good[..good.len() - 1].to_vec()),
        bytes("a byte more", |good| [good, b"x"].concat()),
        bytes("twice", |good| [good, good].concat()),
        bytes("NULs of its length", |good| vec![0; good.len()]),
        bytes("zeros behind the first block", |good| {
            good.iter().enumerate().map(|(at, &byte)| if at < 64 { byte } else { 0 }).collect()
        }),
        bytes("noise", |good| (0..good.len() as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect()),
        bytes("another program's", |_| b"{\"Credentials\":{\"AccessKeyId\":\"ASIA\"}}\n".to_vec()),
        bytes("ten megabytes", |_| vec![b'x'; 10_000_000]),
        damage("a folder", |path, _| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        damage("a pipe", |path, _| {
            fs::remove_file(path).unwrap();
            rustix::fs::mknodat(
                rustix::fs::CWD,
                path,
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::from_raw_mode(0o600),
                0,
            )
            .unwrap();
        }),
        damage("a link to nowhere", |path, _| {
            fs::remove_file(path).unwrap();
            symlink("/nonexistent/x", path).unwrap();
        }),
        damage("a link to itself", |path, _| {
            fs::remove_file(path).unwrap();
            symlink(path, path).unwrap();
        }),
        damage("a link to another's file", |path, good| {
            let elsewhere = path.with_extension("elsewhere");
            fs::rename(path, &elsewhere).unwrap();
            assert_eq!(fs::read(&elsewhere).unwrap(), good);
            symlink(elsewhere, path).unwrap();
        }),
        damage("readable by all", |path, _| chmod(path, 0o644)),
        damage("writable by all", |path, _| chmod(path, 0o666)),
        damage("no mode at all", |path, _| chmod(path, 0)),
        damage("another's", |path, _| {
            if rustix::process::geteuid().is_root() {
                std::os::unix::fs::lchown(path, Some(12345), Some(12345)).unwrap();
            } else {
                println!("skipped: only root can give a file away");
                chmod(path, 0o644);
            }
        }),
        damage("two names", |path, _| fs::hard_link(path, path.with_extension("second")).unwrap()),
    ]
}

fn to_sessions() -> Vec<(String, Damage)> {
    let mut all = to_any_file();
    let at = |share: usize| {
        bytes(format!("a bit flipped at {share} %"), move |good| {
            let mut bytes = good.to_vec();
            let at = (bytes.len() - 1) * share / 100;
            bytes[at] ^= 1;
            bytes
        })
    };
    all.extend([0, 3, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map(at));
    let text = |find: &'static str, replace: &'static str| {
        bytes(format!("{find} for {replace}"), move |good| {
            let at = good.windows(find.len()).position(|part| part == find.as_bytes()).expect("it is in the header");
            [&good[..at], replace.as_bytes(), &good[at + find.len()..]].concat()
        })
    };
    all.extend([
        text("session 1", "session 2"),
        text("\"profile\":\"prod\"", "\"profile\":\"dev\""),
        text("\"expiration\":\"20", "\"expiration\":\"29"),
        text("role/Admin", "role/ReadOnly"),
        text("\"clock_offset\":0", "\"clock_offset\":-99999999999999999"),
        text("\n", "\r\n"),
    ]);
    all
}

/// Whatever lies in the cache, a code gives credentials; where nobody can be asked the error says so. A session that
/// was damaged is not taken for one.
#[test]
fn a_damaged_session_is_a_miss_and_no_code_is_lost() {
    let rig = Rig::new();
    rig.nothing_lost();
    let file = session(&rig.world);
    let good = fs::read(&file).unwrap();
    let still_good = |name: &str| name == "two names" || unread_by_root_alone(name);
    every(to_sessions(), |(name, act)| {
        act(&file, &good);
        let hit = rig.unpaid().run();
        let listed = rig.world.command(["list", "--json"]).run().ok();
        listed.json();
        rig.world.command(["status"]).run().ok();
        if still_good(&name) {
            hit.credentials();
        } else {
            clear(&name, hit, 4);
            // Paid for: handed out, whether or not it can be put where the damage is.
            let paid = rig.paid().run();
            super::rig::show(&name, &paid);
            paid.credentials();
        }
        // The person's way out, whatever it is that lies there.
        let out = rig.world.command(["logout", "prod"]).run();
        if out.code() != 0 {
            clear(&format!("logout, {name}"), out, 3);
        }
        restore(&file, &good);
    });
    // The same for all at once, which takes the key along: what was sealed before opens nothing from then on.
    every(to_any_file(), |(name, act)| {
        act(&file, &good);
        let out = rig.world.command(["logout", "--all"]).run();
        if out.code() != 0 {
            clear(&format!("logout --all, {name}"), out, 3);
        }
        restore(&file, &good);
        clear(&name, rig.unpaid().run(), 4);
    });
    rig.nothing_lost();
}

/// Root reads what nobody may.
fn unread_by_root_alone(name: &str) -> bool {
    name == "no mode at all" && rustix::process::geteuid().is_root()
}

/// One that cannot be removed keeps none of the others, nor the key in the kernel that opens them.
#[test]
fn forgetting_all_forgets_all_it_can() {
    let rig = Rig::new();
    rig.nothing_lost();
    let stubborn = rig.world.path("own/sessions").join(format!("{}.sealed", "0".repeat(64)));
    fs::create_dir(&stubborn).unwrap();
    clear("a folder", rig.world.command(["logout", "--all"]).run(), 3).says("is a directory").says("hint: ls -ld");
    assert_eq!(session(&rig.world), stubborn);
    fs::remove_dir(&stubborn).unwrap();
    rig.nothing_lost();
}

fn restore(file: &Path, good: &[u8]) {
    let folder = file.parent().unwrap();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        } else {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    let new = file.with_extension("new");
    fs::write(&new, good).unwrap();
    chmod(&new, 0o600);
    fs::rename(new, file).unwrap();
}

/// The facts of a source key: without them nothing can be planned, and the file is named. The key itself stays.
#[test]
fn damaged_facts_are_named_and_the_key_is_kept() {
    let rig = Rig::new();
    let file = rig.world.path("own/sources/alice.json");
    let good = fs::read(&file).unwrap();
    let mut all = to_any_file();
    all.extend([
        bytes("a newer form", |good| String::from_utf8_lossy(good).replace("\"version\":1", "\"version\":2").into()),
        bytes("another name", |good| String::from_utf8_lossy(good).replace("\"alice\"", "\"bob\"").into()),
        bytes("a bad ARN", |good| String::from_utf8_lossy(good).replace("arn:aws:iam", "x").into()),
        bytes("UTF-16", |good| good.iter().flat_map(|&byte| [byte, 0]).collect()),
    ]);
    let harmless = |name: &str| ["two names", "the last byte gone"].contains(&name) || unread_by_root_alone(name);
    every(all, |(name, act)| {
        act(&file, &good);
        if harmless(&name) {
            rig.world.command(["explain", "prod"]).run().ok();
        } else {
            clear(&name, rig.world.command(["explain", "prod"]).run(), 3);
            clear(&name, rig.unpaid().run(), 3);
            clear(&name, rig.paid().run(), 3);
        }
        restore(&file, &good);
    });
    rig.nothing_lost();
    if full_run() {
        rig.world.command(["remove", "alice", "--force"]).run().ok();
    }
}

/// Files in place of folders, folders that others can write, folders that are links.
#[test]
fn folders_that_are_not_ours_are_refused_and_named() {
    let rig = Rig::new();
    rig.nothing_lost();
    let own = rig.world.path("own");
    for part in ["", "sources", "sessions", "locks"] {
        // Without a slash at the end, which would stand for what a link leads to.
        let folder = if part.is_empty() { own.clone() } else { own.join(part) };
        assert!(folder.is_dir(), "{part}");
        let aside = rig.world.path("aside");
        let kinds: [(&str, &dyn Fn()); 4] = [
            ("open to all", &|| chmod(&folder, 0o777)),
            ("a file", &|| {
                fs::rename(&folder, &aside).unwrap();
                fs::write(&folder, "").unwrap();
            }),
            ("a link", &|| {
                fs::rename(&folder, &aside).unwrap();
                symlink(&aside, &folder).unwrap();
            }),
            ("a link to itself", &|| {
                fs::rename(&folder, &aside).unwrap();
                symlink(&folder, &folder).unwrap();
            }),
        ];
        for (kind, act) in kinds {
            let name = format!("{part:?} {kind}");
            for file in fs::read_dir(own.join("sessions")).unwrap() {
                fs::remove_file(file.unwrap().path()).unwrap();
            }
            act();
            let output = rig.paid().run();
            super::rig::show(&name, &output);
            match output.code() {
                // Handed out although it cannot be kept: paid for.
                0 => drop(output.credentials()),
                code => {
                    assert!([3, 5].contains(&code), "{name}\n{output}");
                    clear(&name, output, code);
                }
            }
            if aside.exists() {
                fs::remove_file(&folder).unwrap();
                fs::rename(&aside, &folder).unwrap();
            }
            chmod(&folder, 0o700);
        }
    }
    rig.nothing_lost();
}

//! The state before a command, put back before each kill, and what has to hold after it whatever was killed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::output::Output;
use crate::secret_service::SecretService;
use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::world::{Key, World as Aws};
use crate::world::World;

pub const NEW_KEY_ID: &str = "AKIAIOSFODNN7EXAMPL3";
const NEW_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE3";

/// A role by its own code, roles by a shared session, and a role behind a role.
pub const CONFIG: &str = "\
# mine
[profile prod]
region = ap-northeast-1
role_helper_role_arn = arn:aws:iam::222233334444:role/Admin
role_helper_source_profile = alice

[profile shared] ; all of them
role_helper_role_arn = arn:aws:iam::222233334444:role/ReadOnly
role_helper_source_profile = alice
role_helper_mfa_session = 12h

[profile chained]
role_arn = arn:aws:iam::222233334444:role/Chained
source_profile = prod
";

pub struct Rig {
    pub world: World,
    pub aws: Simulator,
    service: Option<SecretService>,
    base: Option<(TempDir, Vec<(String, String)>)>,
}

impl Rig {
    pub fn new(os_keyring: bool) -> Self {
        let mut aws = Aws::demo();
        aws.users[0].keys.push(Key::new(NEW_KEY_ID, NEW_SECRET));
        // So many codes that none has to be waited for, and clocks that may be hours apart.
        aws.totp_window_steps = 3000;
        aws.clock_window_seconds = 1_000_000;
        let aws = Simulator::start(aws);
        let mut world = World::new(&aws.endpoint());
        let service = os_keyring.then(SecretService::unlocked);
        if let Some(service) = &service {
            service.serve(&mut world);
        }
        Rig { world, aws, service, base: None }
    }

    /// `args`, with each `CODE` a code that AWS will take.
    pub fn arguments(&self, args: &[&str]) -> Vec<String> {
        let word = |arg: &&str| if *arg == "CODE" { self.aws.code_for(DEMO_MFA) } else { (*arg).to_owned() };
        args.iter().map(word).collect()
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.world.command(self.arguments(args)).input(input(args)).run()
    }

    pub fn ok(&self, args: &[&str]) -> Output {
        self.run(args).ok()
    }

    /// A session of a profile that has so many seconds to live, by AWS's clock and ours.
    pub fn short_lived(&self, args: &[&str], seconds: i64) {
        self.aws.advance(seconds - 3600);
        self.aws.skew_date(3600 - seconds);
        self.ok(args);
        self.aws.skew_date(0);
        self.aws.advance(3600 - seconds);
    }

    /// The state as it is now is the one that [`Rig::restore`] puts back.
    pub fn keep(&mut self) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        copy(&self.world.home(), &folder.path().join("home"));
        self.base = Some((folder, self.items()));
    }

    pub fn restore(&self) {
        let (folder, items) = self.base.as_ref().expect("a state was kept");
        // The kernel's copies are not in the home.
        self.run(&["logout", "--all"]);
        fs::remove_dir_all(self.world.home()).expect("the home can be removed");
        copy(&folder.path().join("home"), &self.world.home());
        if let Some(service) = &self.service
            && self.items() != *items
        {
            service.secret_tool(&["clear", "service", "role-helper"]).run();
            for (user, secret) in items {
                let store = ["store", "--label=role-helper", "service", "role-helper", "username", user];
                service.secret_tool(&store).input(secret.as_str()).run().ok();
            }
        }
    }

    /// What the Secret Service holds of ours: user name and secret.
    pub fn items(&self) -> Vec<(String, String)> {
        let Some(service) = &self.service else { return Vec::new() };
        let found = service.secret_tool(&["search", "--all", "--unlock", "service", "role-helper"]).run();
        let part = |line: &str, key: &str| line.strip_prefix(key).map(str::to_owned);
        let secrets = found.stdout.lines().filter_map(|line| part(line, "secret = "));
        let all = format!("{}{}", found.stderr, found.stdout);
        let users = all.lines().filter_map(|line| part(line, "attribute.username = "));
        let mut items: Vec<_> = users.zip(secrets).collect();
        items.sort();
        items
    }

    pub fn has_service(&self) -> bool {
        self.service.is_some()
    }

    /// What holds wherever the command was killed: every file of ours is whole, the config is one of `configs`, and
    /// what only reads says what is there.
    pub fn whole(&self, configs: &[&str]) {
        let config = self.world.config_text();
        assert!(configs.contains(&config.as_str()), "the config is neither old nor new: {config:?}");
        let backup = self.world.path("home/.aws/config.role-helper-backup");
        if let Ok(backup) = fs::read_to_string(backup) {
            assert!(configs.contains(&backup.as_str()), "the backup is torn: {backup:?}");
        }
        for path in self.own_files() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name} has mode {mode:o}");
            if name.ends_with(".tmp") || name.ends_with(".lock") {
                continue;
            }
            let bytes = fs::read(&path).expect("a file");
            let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
            let good = match name.as_str() {
                "keyring" => json(&bytes),
                "wrap" => bytes.len() == 32,
                "keyring-choice" => bytes.ends_with(b"\n"),
                _ if name.ends_with(".json") => json(&bytes),
                _ if name.ends_with(".sealed") => bytes.split(|&b| b == b'\n').nth(1).is_some_and(json),
                _ if path.to_string_lossy().contains("/unsettled/") => bytes.is_empty(),
                _ if name.starts_with("used-") => {
                    String::from_utf8(bytes.clone()).is_ok_and(|text| text.lines().all(|line| line.len() == 43))
                }
                _ => panic!("nobody knows what {} is", path.display()),
            };
            assert!(good, "{name} is torn: {:?}", String::from_utf8_lossy(&bytes));
        }
        self.ok(&["list", "--json"]);
        self.ok(&["status", "--json"]);
    }

    /// The product's own files.
    pub fn own_files(&self) -> Vec<PathBuf> {
        let aws = self.world.path("home/.aws");
        self.world
            .files()
            .into_iter()
            .filter(|path| path.starts_with(self.world.home()) && !path.starts_with(&aws))
            .collect()
    }

    /// Makes every temporary file one of yesterday's.
    pub fn age_leftovers(&self) -> usize {
        let old = SystemTime::now() - Duration::from_secs(86_400);
        let leftovers = self.leftovers();
        for path in &leftovers {
            fs::File::open(path).and_then(|file| file.set_modified(old)).expect("the time of a file");
        }
        leftovers.len()
    }

    pub fn leftovers(&self) -> Vec<PathBuf> {
        self.world.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "tmp")).collect()
    }
}

/// What the command finds on stdin: `add` the key that its name asks for.
pub fn input(args: &[&str]) -> String {
    let (id, secret) = match args {
        ["add", .., "--force"] => (NEW_KEY_ID, NEW_SECRET),
        ["add", ..] => (DEMO_KEY_ID, DEMO_SECRET),
        _ => return String::new(),
    };
    format!(r#"{{"AccessKeyId":"{id}","SecretAccessKey":"{secret}"}}"#)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    fs::set_permissions(to, fs::metadata(from).expect("a folder").permissions()).expect("a mode");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("a file");
        }
    }
}

//! A world with alice's key added and the role `Admin` in `prod`, and what is asserted of every failure in it.

use crate::output::Output;
use crate::run::Run;
use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_SECRET, DEMO_SEED};
use crate::simulator::totp;
use crate::simulator::world::World as Aws;
use crate::world::World;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

pub const ROLE: &str = "arn:aws:iam::222233334444:role/Admin";

/// The profile that most cases begin with.
pub const PROD: &str = "[profile prod]\nregion = eu-west-1\nrole_arn = arn:aws:iam::222233334444:role/Admin\n\
                        source_profile = alice\n";

pub struct Rig {
    pub aws: Simulator,
    pub world: World,
    codes: RefCell<Vec<String>>,
}

impl Rig {
    /// Codes of many hours are taken, so that every case has one of its own.
    pub fn new() -> Self {
        Self::of(Aws { totp_window_steps: 2000, ..Aws::demo() }, |aws| World::new(aws).with_own_folder())
    }

    pub fn of(aws: Aws, world: impl FnOnce(&str) -> World) -> Self {
        let aws = Simulator::start(aws);
        let world = world(&aws.endpoint());
        Self::with(aws, world)
    }

    pub fn with(aws: Simulator, world: World) -> Self {
        let rig = Self { aws, world, codes: RefCell::default() };
        rig.world.config(PROD);
        rig.add();
        rig
    }

    /// Adds alice's key to whatever keyring the world has.
    pub fn add(&self) {
        let key =
            format!("{{\"AccessKey\":{{\"AccessKeyId\":\"{DEMO_KEY_ID}\",\"SecretAccessKey\":\"{DEMO_SECRET}\"}}}}");
        self.world.command(["add", "alice", "--stdin"]).input(key).run().ok();
    }

    /// A code that AWS takes and that nobody was given before, of a far-off time where the world takes such.
    pub fn code(&self) -> String {
        let seed = totp::base32(DEMO_SEED).unwrap();
        let mut given = self.codes.borrow_mut();
        let step = self.aws.now() / 30;
        let new = (step..).map(|step| totp::code(&seed, step)).find(|code| !given.contains(code)).unwrap();
        given.push(new.clone());
        new
    }

    /// `credential-process prod` with a code that AWS has not seen.
    pub fn paid(&self) -> Run {
        self.world.command(["credential-process", "prod", "--mfa-code", &self.code()])
    }

    /// `credential-process prod` where nobody can be asked.
    pub fn unpaid(&self) -> Run {
        self.world.command(["credential-process", "prod"])
    }

    /// `exec prod -- true`, with a code.
    pub fn exec(&self) -> Run {
        self.world.command(["exec", "prod", "--mfa-code", &self.code(), "--", "true"])
    }

    /// The key is still there and the role can still be had.
    #[track_caller]
    pub fn nothing_lost(&self) {
        self.world.command(["login", "prod", "--mfa-code", &self.code()]).run().ok();
        self.unpaid().run().credentials();
    }
}

pub fn full_run() -> bool {
    std::env::var_os("ROLE_HELPER_FULL_RUN").is_some_and(|value| !value.is_empty())
}

/// Prints a case where that was asked for.
pub fn show(case: &str, output: &Output) {
    if std::env::var_os("ROLE_HELPER_SHOW").is_some() {
        println!("--- {case}: {} in {:?}\n{}{}", output.code(), output.took, output.stdout, output.stderr);
    }
}

/// Whether anything of a secret is in what was printed; a case that is to fail prints none.
#[track_caller]
pub fn clear(case: &str, output: Output, code: i32) -> Output {
    show(case, &output);
    assert_eq!(output.code(), code, "{case}\n{output}");
    if code == 0 {
        return output;
    }
    assert_eq!(output.stdout, "", "{case}\n{output}");
    if let Err(fault) = crate::output::clear_error(&output.stderr) {
        panic!("{case}: {fault}\n{output}");
    }
    // A line that no terminal shows whole helps nobody.
    for line in output.stderr.lines() {
        assert!(line.chars().count() <= 1020, "{case}: a line of {} characters\n{output}", line.chars().count());
    }
    output.hides(&[DEMO_SECRET])
}

impl Output {
    /// Asserts credentials on stdout and nothing on stderr.
    #[track_caller]
    pub fn credentials(self) -> Self {
        let this = self.quiet();
        let json = this.json();
        assert_eq!(json["Version"], 1, "{this}");
        assert!(json["SessionToken"].as_str().is_some_and(|token| !token.is_empty()), "{this}");
        this
    }
}

/// Whether a folder holds anything of a writer that was cut off.
pub fn leftovers(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".tmp") || name.contains("temporary"))
        .collect()
}

/// Runs every case, and tells of all that failed instead of the first.
#[track_caller]
pub fn every<T>(cases: impl IntoIterator<Item = T>, act: impl Fn(T)) {
    let mut faults = Vec::new();
    for case in cases {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| act(case))) {
            faults.push(panic.downcast_ref::<String>().cloned().unwrap_or_default());
        }
    }
    assert!(faults.is_empty(), "{} cases fail:\n{}", faults.len(), faults.join("\n\n"));
}

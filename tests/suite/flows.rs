//! What people do with role-helper from the first key to the last logout, step by step on the real programs.

mod add;
mod add_device;
mod chains;
mod commands;
mod day;
mod exec;
mod mfa;
mod peer;
mod process;
mod setup;
mod setup_wizard;

use crate::output::Output;
use crate::simulator::Simulator;
use crate::simulator::demo::{DEMO_KEY_ID, DEMO_MFA, DEMO_SECRET};
use crate::simulator::world::{Role, Trust, User, World as Aws};
use crate::world::World;

pub const ADMIN: &str = "arn:aws:iam::222233334444:role/Admin";
pub const READ_ONLY: &str = "arn:aws:iam::222233334444:role/ReadOnly";
pub const CHAINED: &str = "arn:aws:iam::222233334444:role/Chained";

/// Key and secret of [`plain`]'s user.
pub const BOB_KEY: &str = "AKIAIOSFODNN7EXAMPL3";
pub const BOB_SECRET: &str = "bJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE3";

/// A person's machine, and the AWS it talks to.
pub struct Stage {
    pub aws: Simulator,
    pub world: World,
}

impl Stage {
    /// Nothing was added yet.
    pub fn new(aws: Aws) -> Self {
        let aws = Simulator::start(aws);
        let world = World::new(&aws.endpoint());
        Self { aws, world }
    }

    /// alice of the demo, her key added.
    pub fn alice() -> Self {
        let stage = Self::new(Aws::demo());
        stage.add("alice", DEMO_KEY_ID, DEMO_SECRET);
        stage
    }

    /// bob of [`plain`], his key added.
    pub fn bob() -> Self {
        let stage = Self::new(plain());
        stage.add("bob", BOB_KEY, BOB_SECRET);
        stage
    }

    pub fn add(&self, name: &str, id: &str, secret: &str) {
        self.world.command(["add", name, "--stdin"]).input(created(id, secret)).run().ok();
        self.aws.forget_calls();
    }

    /// The product with `args`, blanks between them.
    pub fn run(&self, args: &str) -> Output {
        self.world.command(args.split_whitespace()).run()
    }

    /// The same, with alice's code of now behind the first two words.
    pub fn run_with_code(&self, args: &str) -> Output {
        let code = self.code();
        let words: Vec<&str> = args.split_whitespace().collect();
        let (command, rest) = words.split_at(2);
        self.world.command(command.iter().chain(&["--mfa-code", &code]).chain(rest)).run()
    }

    /// A code of alice's device that nobody has used. The device moves on where all of now are used.
    pub fn code(&self) -> String {
        if let Err(seconds) = self.aws.try_code_for(DEMO_MFA) {
            self.aws.advance(seconds);
        }
        self.aws.code_for(DEMO_MFA)
    }

    /// How often roles were assumed so far.
    pub fn assumed(&self) -> usize {
        self.aws.calls_of("AssumeRole").len()
    }
}

/// What `aws iam create-access-key` prints.
pub fn created(id: &str, secret: &str) -> String {
    format!(
        r#"{{
    "AccessKey": {{
        "UserName": "alice",
        "AccessKeyId": "{id}",
        "Status": "Active",
        "SecretAccessKey": "{secret}",
        "CreateDate": "2026-11-23T10:00:00+00:00"
    }}
}}
"#
    )
}

/// An AWS where bob has no device and `Open` wants none; `Next` trusts `Open`, `Last` trusts `Next`.
pub fn plain() -> Aws {
    let role = |name: &str| Role::new(&format!("arn:aws:iam::222233334444:role/{name}")).may("*", "*");
    let trust = |who: &str| Trust::of(who).tag_session().set_source_identity();
    Aws::default()
        .user(User::new("111122223333", "bob").key(BOB_KEY, BOB_SECRET).may("iam:*", "*").may("sts:*", "*"))
        .role(role("Open").max_hours(12).trust(trust("111122223333")))
        .role(role("Next").trust(trust("arn:aws:iam::222233334444:role/Open")))
        .role(role("Last").trust(trust("arn:aws:iam::222233334444:role/Next")))
}

/// A profile as `setup` writes it, but for the command, which nobody calls here.
pub fn profile(name: &str, role: &str, source: &str, more: &str) -> String {
    format!("[profile {name}]\nrole_helper_role_arn = {role}\nrole_helper_source_profile = {source}\n{more}\n")
}

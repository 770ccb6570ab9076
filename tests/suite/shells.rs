//! `prompt` and `init` in real shells at a terminal: the segment comes, counts down and goes; `assume` switches this
//! very shell and goes back; what the person had set up stays as it was.

mod assume;
mod segment;

use crate::practice::{ADMIN, alice};
use crate::pty::{Session, Terminal};
use crate::simulator::Simulator;
use crate::simulator::demo::DEMO_MFA;
use crate::world::World;
use std::path::Path;

/// A shell, and how it says what the tests say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

impl Shell {
    fn path(self) -> &'static str {
        match self {
            Shell::Bash => "/usr/bin/bash",
            Shell::Zsh => "/usr/bin/zsh",
            Shell::Fish => "/usr/bin/fish",
        }
    }

    pub fn name(self) -> &'static str {
        self.path().rsplit('/').next().unwrap()
    }

    /// Where it is not installed, it is not tried.
    pub fn is_here(self) -> bool {
        let here = Path::new(self.path()).exists();
        if !here {
            eprintln!("{} is not here: not tried", self.path());
        }
        here
    }

    /// A person's own start-up file: a prompt that shows the last status, and a hook that counts prompts.
    fn own(self) -> &'static str {
        match self {
            Shell::Bash => "PS1='<$hooks:$?> '\nhooks=0; hook() { ((hooks++)); return 0; }\nPROMPT_COMMAND=hook;\n",
            Shell::Zsh => {
                "unsetopt prompt_cr prompt_sp zle\nsetopt promptsubst\nhooks=0; hook() { ((hooks++)) }\n\
                 precmd_functions=(hook)\nPROMPT='<$hooks:%?> '\n"
            }
            Shell::Fish => {
                "set -g fish_greeting\nset -g hooks 0\nfunction hook --on-event fish_prompt; set hooks (math $hooks + 1); end\n\
                 function fish_prompt; echo -n \"<$hooks:$status> \"; end\n"
            }
        }
    }

    /// The line that a person adds.
    pub fn line(self, world: &World, options: &str) -> String {
        let front = world.front();
        let front = front.display();
        match self {
            Shell::Fish => format!("{front} init fish {options} | source\n"),
            _ => format!("eval \"$({front} init {} {options})\"\n", self.name()),
        }
    }

    /// The shell at a terminal, with the person's own settings and then `more` in its start-up file.
    pub fn start(self, world: &World, more: &str) -> Session {
        let text = format!("{}{more}", self.own());
        let mut command = world.program(self.path());
        command.env("NO_COLOR", "1").env("TERM", "dumb").env("SHELL", self.path());
        match self {
            Shell::Bash => {
                let file = world.secret_file("home/.bashrc", &text);
                command.args(["--noprofile", "--rcfile"]).arg(file).arg("-i");
            }
            Shell::Zsh => {
                world.secret_file("home/.zshrc", &text);
                command.args(["-d", "-i"]);
            }
            Shell::Fish => {
                world.secret_file("home/.config/fish/config.fish", &text);
                command.arg("-i");
            }
        }
        Terminal::of(command).start()
    }

    /// The statement that sets an environment variable.
    pub fn export(self, name: &str, value: &str) -> String {
        match self {
            Shell::Fish => format!("set -gx {name} '{value}'\r"),
            _ => format!("export {name}='{value}'\r"),
        }
    }

    pub fn unset(self, name: &str) -> String {
        match self {
            Shell::Fish => format!("set -e {name}\r"),
            _ => format!("unset {name}\r"),
        }
    }
}

/// Two roles behind one code; the sessions are there already.
pub fn signed_in() -> (Simulator, World) {
    let (aws, world) = two_roles();
    world.command(["login", "prod", "dev", "--mfa-code", &aws.code_for(DEMO_MFA)]).run().ok();
    (aws, world)
}

pub fn two_roles() -> (Simulator, World) {
    let (aws, world) = alice();
    let role = |name: &str, more: &str| {
        format!("[profile {name}]\nrole_arn = {ADMIN}\nsource_profile = alice\nrole_helper_mfa_session = 12h\n{more}\n")
    };
    world.config(&(role("prod", "") + &role("dev", "role_helper_account_alias = acme\nrole_helper_session_policy = {\"Version\":\"2012-10-17\",\"Statement\":[]}\n")));
    (aws, world)
}

/// An instant so many seconds from now, as AWS writes it.
pub fn in_seconds(seconds: i64) -> String {
    let at = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + seconds).unwrap();
    at.to_string()
}

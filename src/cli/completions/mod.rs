//! `completions`: what the shells do at Tab. The scripts in `completions/` are written from the tree of commands by a
//! test, are what packages install, and are what this prints; names of profiles and the like they ask the front for.

#[cfg(test)]
mod generated;
#[cfg(test)]
mod tree;

#[cfg(test)]
pub(super) use generated::same_or_written;

use clap::{Args, ValueEnum};

use super::output;
use crate::identity::Failure;

const EXAMPLES: &str = "\
`role-helper init SHELL` brings them too; packages install them. Tab then completes commands, options, profiles, \
source keys, live sessions, regions and services; behind `exec PROFILE --` it completes as the command itself does.

Examples:
  eval \"$(role-helper completions bash)\"                          in ~/.bashrc
  eval \"$(role-helper completions zsh)\"                           in ~/.zshrc, after compinit
  role-helper completions fish > ~/.config/fish/completions/role-helper.fish
  role-helper completions powershell | Out-String | Invoke-Expression";

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    output::data(match arguments.shell {
        Shell::Bash => include_str!("../../../completions/role-helper.bash"),
        Shell::Zsh => include_str!("../../../completions/_role-helper"),
        Shell::Fish => include_str!("../../../completions/role-helper.fish"),
        Shell::Powershell => include_str!("../../../completions/role-helper.ps1"),
    })
}

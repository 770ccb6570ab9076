//! `init`: what one line in a shell's start-up file brings: the segment, completions, and `assume`.
//!
//! The texts are the shells' own, in files beside this one; here they learn where we are. They start nothing while no
//! role is active: whether one may be is seen from the environment, and from whether a profile's small file is there.

use clap::{Args, CommandFactory, ValueEnum};

use super::house::House;
use super::{our_command, output};
use crate::identity::Failure;
use crate::wire::{environment, shell_words};

const EXAMPLES: &str = "\
One line in the shell's start-up file:
  bash, ~/.bashrc                   eval \"$(role-helper init bash)\"
  zsh, ~/.zshrc                     eval \"$(role-helper init zsh)\"
  fish, ~/.config/fish/config.fish  role-helper init fish | source
  PowerShell, $PROFILE              role-helper init powershell | Out-String | Invoke-Expression

Then the prompt begins with [prod 4444 52m] while a role is active, and
  assume prod                       switches this shell to prod's role
  assume prod --duration 15m        with options of `role-helper export`
  assume -                          goes back to what was before";

/// Print the integration of a shell: prompt segment, completions, `assume`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
    /// The segment at the right edge
    #[arg(long)]
    right: bool,
    /// No segment: for those who show it by starship, powerlevel10k and the like
    #[arg(long, conflicts_with = "right")]
    no_prompt: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

pub(super) fn run(arguments: Arguments, house: &House) -> Result<(), Failure> {
    let command = match our_command::find(house.called_as())?.word {
        // Shells quote: no path is too strange for them, and a bare name could be anybody's.
        bare if !bare.contains(['/', '\\']) => our_command::installed_front()?.to_string_lossy().into_owned(),
        path => path,
    };
    let place = match (arguments.no_prompt, arguments.right) {
        (true, _) => "none",
        (false, true) => "right",
        (false, false) => "left",
    };
    let folder = house.places.prompt_dir();
    output::data(&script(arguments.shell, &command, &folder.to_string_lossy(), place))
}

/// Characters of names that are their own file's names, for the shells' patterns.
const PLAIN: &str = if cfg!(any(windows, target_os = "macos")) { "a-z0-9_.-" } else { "a-zA-Z0-9_.-" };

fn script(shell: Shell, command: &str, folder: &str, place: &str) -> String {
    let (text, quote): (&str, shell_words::Quote) = match shell {
        Shell::Bash => (include_str!("bash.sh"), shell_words::posix),
        Shell::Zsh => (include_str!("zsh.zsh"), shell_words::posix),
        Shell::Fish => (include_str!("fish.fish"), shell_words::fish),
        Shell::Powershell => (include_str!("powershell.ps1"), shell_words::powershell),
    };
    let word = |value: &str| {
        let mut word = String::new();
        quote(value, &mut |part| word.push_str(part));
        word
    };
    let names: Vec<&str> = environment::changed().collect();
    let names = match shell {
        Shell::Powershell => names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "),
        _ => names.join(" "),
    };
    let mut script = text
        .replace("@WHERE@", place)
        .replace("@PLAIN@", PLAIN)
        .replace("@NAMES@", &names)
        .replace("@PICK@", pick(shell))
        .replace("@PROMPTS@", &word(folder))
        .replace("@BINARY@", &word(command));
    if has_command("completions") {
        script.push_str(match shell {
            Shell::Bash => "eval \"$(\"$__role_helper_bin\" completions bash)\"\n",
            Shell::Zsh => {
                "if (( $+functions[compdef] )); then eval \"$(\"$__role_helper_bin\" completions zsh)\"; fi\n"
            }
            Shell::Fish => "$__role_helper_bin completions fish | source\n",
            Shell::Powershell => "& $global:RoleHelperBin completions powershell | Out-String | Invoke-Expression\n",
        });
    }
    script
}

/// What `assume` does without a profile.
fn pick(shell: Shell) -> &'static str {
    match shell {
        Shell::Powershell => {
            "Write-Error 'assume: name one of the profiles that role-helper list shows, or - to go back'; return"
        }
        Shell::Fish => "set argv ($__role_helper_bin pick); or return",
        Shell::Bash | Shell::Zsh => "text=$(\"$__role_helper_bin\" pick) || return; set -- \"$text\"",
    }
}

fn has_command(name: &str) -> bool {
    super::arguments::Arguments::command().find_subcommand(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_open_and_every_path_is_a_word() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Powershell] {
            let script = script(shell, "/opt/it's here/role-helper", "/home/本 'x'/prompt", "left");
            for open in ["@BINARY@", "@PROMPTS@", "@WHERE@", "@NAMES@", "@PLAIN@", "@PICK@"] {
                assert!(!script.contains(open), "{shell:?} {open}");
            }
            assert!(script.contains("AWS_SESSION_TOKEN") && script.contains("AWS_PROFILE"));
            let doubled = matches!(shell, Shell::Powershell).then_some("'/opt/it''s here/role-helper'");
            let escaped = if matches!(shell, Shell::Fish) {
                r"'/opt/it\'s here/role-helper'"
            } else {
                r"'/opt/it'\''s here/role-helper'"
            };
            assert!(script.contains(doubled.unwrap_or(escaped)), "{script}");
        }
    }
}

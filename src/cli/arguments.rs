//! The command line as a tree: every command, its help, and how a usage error reads.

use std::ffi::{OsStr, OsString};

use clap::{CommandFactory, Parser, Subcommand};

use super::{
    add, completions, console, credential_process, exec, explain, export, init, list, login, logout, man, pick, prompt,
    remove, setup, shell, status,
};
use crate::identity::{Failure, Kind};

const FIRST_STEPS: &str = "\
First steps:
  role-helper add alice                    store alice's access key in the OS keyring
  role-helper setup prod                   write a role profile into ~/.aws/config
  aws sts get-caller-identity --profile prod
  role-helper exec prod -- terraform plan

Exit codes: 0 done, 1 AWS or you said no, 2 usage, 3 configuration, 4 a person is needed and none can be reached, \
5 keyring, 6 AWS unreachable, 130 interrupted; exec gives the command's own.

Configuration is ~/.aws/config (AWS_CONFIG_FILE). ROLE_HELPER_HOME, if it is set, holds all of our own files; \
ROLE_HELPER_KEYRING is auto, os or file.";

/// AWS roles with MFA from a minimal key in the OS keyring.
#[derive(Debug, Parser)]
#[command(
    name = "role-helper",
    bin_name = "role-helper",
    version,
    after_help = FIRST_STEPS,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = false,
    max_term_width = 100
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Add(add::Arguments),
    Setup(setup::Arguments),
    Exec(exec::Arguments),
    Shell(shell::Arguments),
    Export(export::Arguments),
    Console(console::Arguments),
    Login(login::Arguments),
    Logout(logout::Arguments),
    List(list::Arguments),
    Status(status::Arguments),
    Explain(explain::Arguments),
    Remove(remove::Arguments),
    Prompt(prompt::Arguments),
    Init(init::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    #[command(hide = true)]
    Pick(pick::Arguments),
    CredentialProcess(credential_process::Arguments),
}

/// What the command line means.
pub(super) enum Parsed {
    /// A command to run.
    Run(Box<Command>),
    /// Help or the version: a text for stdout.
    Show(String),
}

/// Reads the command line, program name first.
///
/// # Errors
/// A usage error.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, Failure> {
    let arguments = with_separator(arguments.into_iter().collect());
    let tree = Arguments::command();
    let command = arguments.get(1).and_then(|word| tree.find_subcommand(word)).map(clap::Command::get_name);
    match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => Ok(Parsed::Run(Box::new(parsed.command))),
        Err(error) => match error.kind() {
            clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => {
                Ok(Parsed::Show(format!("{}\n", error.render().to_string().trim_end())))
            }
            clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Err(Failure::new(Kind::Usage, "no command was given").hint("role-helper --help"))
            }
            _ => Err(usage(&error, command)),
        },
    }
}

/// In `exec prod cmd …` everything from `cmd` on belongs to the command, whatever it looks like: puts in the `--`
/// that was left out.
fn with_separator(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).map(OsString::as_os_str) != Some(OsStr::new("exec")) {
        return arguments;
    }
    let tree = Arguments::command();
    let Some(exec) = tree.find_subcommand("exec") else { return arguments };
    let takes_value = |option: &str| {
        exec.get_arguments()
            .any(|argument| argument.get_long() == option.strip_prefix("--") && argument.get_action().takes_values())
    };
    let mut positionals = 0;
    let mut at = 2;
    while let Some(argument) = arguments.get(at) {
        match argument.to_str() {
            Some("--") => break,
            Some(option) if option.starts_with("--") => at += usize::from(takes_value(option)),
            Some(option) if option.len() > 1 && option.starts_with('-') => {}
            _ if positionals == 1 => {
                arguments.insert(at, "--".into());
                break;
            }
            _ => positionals += 1,
        }
        at += 1;
    }
    arguments
}

/// clap's error in our three lines: its first paragraph, and what to type.
fn usage(error: &clap::Error, command: Option<&str>) -> Failure {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let what: Vec<&str> = first.trim_start_matches("error: ").lines().map(str::trim).collect();
    Failure::new(Kind::Usage, what.join(" ")).hint(to_type(error, command, &text))
}

fn to_type(error: &clap::Error, command: Option<&str>, text: &str) -> String {
    use clap::error::{ContextKind, ContextValue, ErrorKind};
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(one)) => Some(one.as_str()),
        Some(ContextValue::Strings(several)) => several.first().map(String::as_str),
        _ => None,
    };
    match (error.kind(), command) {
        (ErrorKind::InvalidSubcommand, _) => {
            let word = said(ContextKind::InvalidSubcommand).unwrap_or_default();
            match known_elsewhere(word).or_else(|| said(ContextKind::SuggestedSubcommand)) {
                Some(near) => format!("did you mean `role-helper {near}`?"),
                None => "role-helper --help".to_owned(),
            }
        }
        (ErrorKind::MissingRequiredArgument, Some(_)) => {
            let usage = text.lines().find_map(|line| line.strip_prefix("Usage: "));
            usage.unwrap_or("role-helper --help").to_owned()
        }
        (ErrorKind::UnknownArgument, Some(command)) => match said(ContextKind::InvalidArg) {
            // As with the AWS CLI.
            Some("--profile" | "-p") if !matches!(command, "list" | "add" | "remove") => {
                format!("the profile goes without it: role-helper {command} PROFILE")
            }
            _ => match said(ContextKind::SuggestedArg) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("role-helper {command} --help"),
            },
        },
        (_, Some(command)) => format!("role-helper {command} --help"),
        (_, None) => "role-helper --help".to_owned(),
    }
}

/// Our word for what other tools of this kind call something else.
fn known_elsewhere(word: &str) -> Option<&'static str> {
    Some(match word {
        "version" => "--version",
        "configure" | "config" => "setup",
        "run" => "exec",
        "env" => "export",
        "whoami" => "status",
        "clear" => "logout",
        "delete" | "rm" => "remove",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn separated(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        with_separator(words).iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_tree_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_follows_the_profile_is_the_command() {
        for (given, expected) in [
            ("r exec prod aws s3 ls", "r exec prod -- aws s3 ls"),
            ("r exec prod -- aws -- x", "r exec prod -- aws -- x"),
            ("r exec -- aws s3", "r exec -- aws s3"),
            ("r exec --region eu-west-1 prod aws --region x", "r exec --region eu-west-1 prod -- aws --region x"),
            ("r exec --region=eu-west-1 prod aws", "r exec --region=eu-west-1 prod -- aws"),
            ("r exec prod --duration 1h aws --help", "r exec prod --duration 1h -- aws --help"),
            ("r exec prod --no-session-cache aws", "r exec prod --no-session-cache -- aws"),
            ("r exec prod --mfa-code - cat -", "r exec prod --mfa-code - -- cat -"),
            ("r exec prod", "r exec prod"),
            ("r login prod dev", "r login prod dev"),
        ] {
            assert_eq!(separated(given), expected);
        }
    }

    #[test]
    fn usage_errors_are_three_lines_with_a_hint() {
        for (line, part, hint) in [
            ("r", "no command", "role-helper --help"),
            ("r exce prod", "unrecognized subcommand 'exce'", "did you mean `role-helper exec`?"),
            ("r add", "required arguments were not provided: <NAME>", "role-helper add <NAME>"),
            (
                "r exec --profile prod -- x",
                "unexpected argument",
                "the profile goes without it: role-helper exec PROFILE",
            ),
            ("r setup prod --role x", "unexpected argument", "did you mean `--role-arn`?"),
            ("r list --all", "unexpected argument", "role-helper list --help"),
            ("r whoami", "unrecognized subcommand", "did you mean `role-helper status`?"),
            ("r frobnicate", "unrecognized subcommand", "role-helper --help"),
            ("r exec prod --duration 1y -- x", "is not a duration", "role-helper exec --help"),
            ("r export prod", "--format", "role-helper export --format <FORMAT> <PROFILE>"),
            ("r logout --all prod", "cannot be used with", "role-helper logout --help"),
        ] {
            let Err(failure) = parse(line.split(' ').map(OsString::from)) else { panic!("{line} was taken") };
            let text = failure.to_string();
            assert!(failure.kind() == Kind::Usage && text.lines().count() <= 3, "{text}");
            assert!(text.contains(part) && failure.hint_text() == Some(hint), "{line}: {text}");
        }
    }

    #[test]
    fn later_commands_are_not_in_the_help() {
        let Ok(Parsed::Show(help)) = parse(["r", "--help"].map(OsString::from)) else { panic!("no help") };
        for command in ["add", "setup", "exec", "credential-process", "First steps"] {
            assert!(help.contains(command), "{command}");
        }
        for command in ["serve", "record"] {
            assert!(!help.contains(&format!("  {command} ")), "{command}");
        }
    }
}

//! The command line: arguments and output, one file a command, no rules.

mod add;
mod arguments;
mod completions;
mod console;
mod credential_process;
mod dialogs;
mod exec;
mod explain;
mod export;
pub mod front;
mod house;
mod init;
mod input;
mod list;
mod login;
mod logout;
mod man;
mod options;
mod our_command;
mod output;
mod pick;
mod prompt;
mod regions;
mod remove;
mod segment;
mod setup;
mod shell;
mod status;
mod values;

use std::ffi::OsString;

use arguments::{Command, Parsed};
use house::House;

use crate::door::process::{self, CallerState};
use crate::identity::Failure;

/// The companion: every command, in full. The first argument is what the person called.
/// Returns the exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    let caller = process::harden();
    match dispatch(arguments, &caller) {
        Ok(()) => 0,
        Err(ended) => {
            output::say(&ended.failure.to_string());
            ended.code
        }
    }
}

/// How a command ended badly: what is said, and the exit code, which is the failure's own unless a command of the
/// person's could not be run.
struct Ended {
    failure: Failure,
    code: u8,
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Ended { code: failure.kind().exit_code(), failure }
    }
}

fn dispatch(arguments: Vec<OsString>, caller: &CallerState) -> Result<(), Ended> {
    let called_as = arguments.first().cloned().unwrap_or_default();
    let command = match arguments::parse(arguments)? {
        Parsed::Show(text) => return Ok(output::data(&text)?),
        Parsed::Run(command) => *command,
    };
    if let Command::Prompt(arguments) = command {
        // Whatever is wrong with the environment, a prompt is no place to say so.
        return Ok(prompt::run(arguments)?);
    }
    let house = House::open(called_as)?;
    match command {
        Command::Exec(arguments) => return exec::run(arguments, &house, caller),
        Command::Shell(arguments) => return shell::run(arguments, &house, caller),
        Command::Prompt(arguments) => prompt::run(arguments),
        Command::Init(arguments) => init::run(arguments, &house),
        Command::Add(arguments) => add::run(arguments, &house),
        Command::Setup(arguments) => setup::run(arguments, &house),
        Command::Console(arguments) => console::run(arguments, &house, caller),
        Command::Export(arguments) => export::run(arguments, &house),
        Command::Login(arguments) => login::run(arguments, &house),
        Command::Logout(arguments) => logout::run(arguments, &house),
        Command::List(arguments) => list::run(arguments, &house),
        Command::Status(arguments) => status::run(arguments, &house),
        Command::Explain(arguments) => explain::run(arguments, &house),
        Command::Remove(arguments) => remove::run(arguments, &house),
        Command::Man(arguments) => man::run(&arguments),
        Command::Pick(arguments) => pick::run(arguments, &house),
        Command::Completions(arguments) => completions::run(arguments),
        Command::CredentialProcess(arguments) => credential_process::run(arguments, &house),
    }?;
    Ok(())
}

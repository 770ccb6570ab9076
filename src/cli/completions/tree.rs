//! The tree of commands as completion sees it: what may stand where.

use clap::{ArgAction, CommandFactory};

use crate::cli::arguments::Arguments;

/// What completes a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Names that the front gives: `profiles`, `sources`, `sessions`, `regions`, `services`.
    Names(&'static str),
    Files,
    /// One of our commands.
    Commands,
    Words(Vec<String>),
    Nothing,
}

impl Kind {
    fn of(command: &str, argument: &clap::Arg) -> Kind {
        let words: Vec<String> =
            argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        if !words.is_empty() {
            return Kind::Words(words);
        }
        match (command, argument.get_id().as_str()) {
            ("logout", "profiles") => Kind::Names("sessions"),
            (_, "profile" | "profiles" | "from_profile") => Kind::Names("profiles"),
            ("remove" | "rotate", "name") | (_, "source_profile") => Kind::Names("sources"),
            (_, "region") => Kind::Names("regions"),
            ("console", "service") => Kind::Names("services"),
            (_, "csv" | "session_policy" | "file") => Kind::Files,
            ("man", "command") => Kind::Commands,
            _ => Kind::Nothing,
        }
    }

    /// As the tables of bash and PowerShell write it.
    pub(super) fn word(&self) -> String {
        match self {
            Kind::Names(name) => (*name).to_owned(),
            Kind::Files => "files".to_owned(),
            Kind::Commands => "commands".to_owned(),
            Kind::Words(words) => format!("words:{}", words.join(",")),
            Kind::Nothing => "nothing".to_owned(),
        }
    }
}

pub(super) struct Opt {
    pub(super) long: String,
    pub(super) help: String,
    /// None for a switch.
    pub(super) value: Option<Kind>,
    pub(super) repeatable: bool,
}

pub(super) struct Entry {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) options: Vec<Opt>,
    pub(super) operands: Vec<Kind>,
    /// The last operand may be there many times.
    pub(super) many: bool,
}

/// Every command that the help shows, in its order.
pub(super) fn entries() -> Vec<Entry> {
    let tree = Arguments::command();
    let mut entries: Vec<Entry> = tree.get_subcommands().filter(|command| !command.is_hide_set()).map(entry).collect();
    entries.push(Entry {
        name: "help".to_owned(),
        about: "Print the help of a command".to_owned(),
        options: Vec::new(),
        operands: vec![Kind::Commands],
        many: false,
    });
    entries
}

fn entry(command: &clap::Command) -> Entry {
    let name = command.get_name();
    let shown = || command.get_arguments().filter(|argument| !argument.is_hide_set());
    let help = |argument: &clap::Arg| argument.get_help().map(ToString::to_string).unwrap_or_default();
    let mut options: Vec<Opt> = shown()
        .filter_map(|argument| {
            Some(Opt {
                long: argument.get_long()?.to_owned(),
                help: help(argument),
                value: argument.get_action().takes_values().then(|| Kind::of(name, argument)),
                repeatable: matches!(argument.get_action(), ArgAction::Append),
            })
        })
        .collect();
    options.push(Opt { long: "help".into(), help: "Print help".into(), value: None, repeatable: false });
    let operands = || shown().filter(|argument| argument.is_positional() && !argument.is_last_set());
    Entry {
        name: name.to_owned(),
        about: command.get_about().map(ToString::to_string).unwrap_or_default(),
        options,
        operands: operands().map(|argument| Kind::of(name, argument)).collect(),
        many: operands().any(|argument| matches!(argument.get_action(), ArgAction::Append)),
    }
}

//! `prompt`: the active role, for a shell's prompt. The front answers it; this is its help, its errors, and the way
//! where the companion is called by itself.

use clap::builder::PossibleValuesParser;
use clap::{Args, builder::TypedValueParser};

use super::output;
use super::segment::{self, READERS, Wanted};
use crate::identity::Failure;
use crate::wire::segment::{Markup, Template};

const EXAMPLES: &str = "\
Prints [prod 4444 52m]: the profile, the account (role_helper_account_alias, or its last four digits) and the time that \
is left, marked with ! from ten minutes on and with !! from two. Production is red, other accounts have a colour each; \
role_helper_color chooses one. Nothing is printed where no role is active. Nothing is asked: no config is read, no \
keyring opened, nothing called.

FORMAT is text with {profile} {account} {account_id} {left} {seconds} {state} {color} {reset}; {{ is a brace.

NO_COLOR, CLICOLOR_FORCE, TERM=dumb and the locale are heeded.

Examples:
  eval \"$(role-helper init bash)\"            does all this for bash, see role-helper init --help
  role-helper prompt --format '{profile} {left}'
  set -g status-right '#(AWS_PROFILE=prod role-helper prompt --for tmux)'";

/// Print the active role for a shell's prompt
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Your own form, instead of [{profile} {account} {left}]
    #[arg(long, conflicts_with = "json")]
    format: Option<Template>,
    /// As JSON; null where no role is active
    #[arg(long)]
    json: bool,
    /// Who shows it
    #[arg(long = "for", value_name = "READER", default_value = "plain", value_parser = reader())]
    markup: Markup,
    /// The terminal's width: the segment takes half of it at most
    #[arg(long)]
    columns: Option<usize>,
    /// At the right edge of so many columns, the cursor back where it was
    #[arg(long, requires = "columns")]
    right: bool,
}

fn reader() -> impl TypedValueParser<Value = Markup> {
    PossibleValuesParser::new(READERS.map(|(name, _)| name))
        .map(|name| READERS.iter().find(|(known, _)| *known == name).map(|(_, markup)| *markup).unwrap_or_default())
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { format, json, markup, columns, right } = arguments;
    output::data(&segment::line(&Wanted { template: format, json, markup, columns, right }))
}

//! `man`: the manual pages, which are in the program too. A test writes `docs/man/` from the tree of commands.

use std::io::{self, IsTerminal};

use clap::Args;

use super::output;
use crate::door::manual;
use crate::identity::{Failure, Kind};

const EXAMPLES: &str = "\
On a terminal the page is shown by man; where stdout is a file or a pipe, or there is no man, its source is printed.

Examples:
  role-helper man
  role-helper man exec
  role-helper man exec > role-helper-exec.1";

/// Show a manual page
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The command whose page is shown, instead of the first page
    command: Option<String>,
}

macro_rules! pages {
    ($($name:literal),+ $(,)?) => {
        /// Every command's name, and its page.
        const PAGES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../docs/man/role-helper-", $name, ".1")))),+];
    };
}

const FIRST: &str = include_str!("../../docs/man/role-helper.1");

pages![
    "add",
    "setup",
    "exec",
    "shell",
    "export",
    "console",
    "login",
    "logout",
    "list",
    "status",
    "explain",
    "remove",
    "prompt",
    "init",
    "completions",
    "man",
    "credential-process",
];

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let page = match arguments.command.as_deref() {
        None => FIRST,
        Some(name) => PAGES.iter().find(|(command, _)| *command == name).map(|(_, page)| *page).ok_or_else(|| {
            Failure::new(Kind::Usage, format!("there is no page of {name:?}")).hint("role-helper --help")
        })?,
    };
    if io::stdout().is_terminal() && manual::show(page) {
        return Ok(());
    }
    output::data(page)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::arguments::Arguments as Everything;
    use super::super::completions::same_or_written;
    use super::*;

    const EXIT: &str = "\
.SH \"EXIT STATUS\"
0 done; 1 AWS or the person said no; 2 usage; 3 configuration; 4 a person is needed and none can be reached; 5 keyring
absent, broken, or wrong passphrase; 6 AWS unreachable; 130 interrupted.
";
    const EXIT_OF_COMMAND: &str = "\
The command's own, once it runs; 126 where it cannot be run, 127 where there is none of that name.
";
    const FILES: &str = "\
.SH FILES
.TP
\\fI~/.aws/config\\fR, \\fI~/.aws/credentials\\fR
profiles, and keys in plain text if there are any
.TP
\\fI~/.local/share/role\\-helper\\fR, \\fI~/.cache/role\\-helper\\fR, \\fI~/.local/state/role\\-helper\\fR
facts of the source keys, sealed sessions, locks; all under \\fBROLE_HELPER_HOME\\fR where that is set
";
    const ENVIRONMENT: &str = "\
.SH ENVIRONMENT
.TP
\\fBAWS_PROFILE\\fR
the profile, where none is named
.TP
\\fBAWS_CONFIG_FILE\\fR, \\fBAWS_SHARED_CREDENTIALS_FILE\\fR
the two files of profiles
.TP
\\fBAWS_REGION\\fR, \\fBAWS_ENDPOINT_URL_STS\\fR, \\fBHTTPS_PROXY\\fR, \\fBAWS_CA_BUNDLE\\fR and the other standard settings
as AWS SDKs read them
.TP
\\fBROLE_HELPER_HOME\\fR
one folder for all files of role\\-helper's own
.TP
\\fBROLE_HELPER_KEYRING\\fR
auto, os or file
.TP
\\fBROLE_HELPER_PASSPHRASE_FILE\\fR
file or descriptor with the passphrase of the file keyring
.TP
\\fBROLE_HELPER_MFA_PROMPT\\fR
auto, tty, pinentry, gui or none
.TP
\\fBROLE_HELPER_LOG\\fR
a debug log is written there; never a secret
";

    fn roff(text: &str) -> String {
        let plain = text.replace('\\', "\\e").replace('-', "\\-");
        plain
            .lines()
            .map(|line| if line.starts_with(['.', '\'']) { format!("\\&{line}\n") } else { format!("{line}\n") })
            .collect()
    }

    /// What the help says behind the options: paragraphs, and examples as they stand.
    fn after(text: &str) -> String {
        let mut page = String::new();
        for part in text.split("\n\n") {
            match part.split_once('\n') {
                Some((title @ ("Examples:" | "Example:" | "First steps:"), lines)) => {
                    let title = title.trim_end_matches(':').to_uppercase();
                    page.push_str(&format!(".SH \"{title}\"\n.nf\n{}.fi\n", roff(lines)));
                }
                _ => page.push_str(&format!(".PP\n{}", roff(part))),
            }
        }
        if page.starts_with(".SH") { page } else { format!(".SH NOTES\n{page}") }
    }

    fn page(command: &clap::Command, name: &str, commands: &[String]) -> String {
        let shown =
            command.clone().name(&*name.to_owned().leak()).bin_name(name.replacen("role-helper-", "role-helper ", 1));
        let shown = shown.disable_help_subcommand(true).version(None::<&str>);
        let man = clap_mangen::Man::new(shown).title(name.to_uppercase()).source("role-helper").manual("role-helper");
        let mut bytes = Vec::new();
        man.render_title(&mut bytes).unwrap();
        man.render_name_section(&mut bytes).unwrap();
        man.render_synopsis_section(&mut bytes).unwrap();
        man.render_description_section(&mut bytes).unwrap();
        man.render_options_section(&mut bytes).unwrap();
        let mut text = String::from_utf8(bytes).unwrap();
        if command.has_subcommands() {
            text.push_str(".SH COMMANDS\n");
            for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
                let (name, about) = (inner.get_name(), inner.get_about().unwrap().to_string());
                text.push_str(&format!(".TP\n\\fB{}\\fR\n{}", roff(name).trim_end(), roff(&about)));
            }
        }
        text.push_str(&command.get_after_help().map(|text| after(&text.to_string())).unwrap_or_default());
        text.push_str(EXIT);
        if name.ends_with("exec") || name.ends_with("shell") {
            text.push_str(EXIT_OF_COMMAND);
        }
        text.push_str(FILES);
        text.push_str(ENVIRONMENT);
        let others = commands.iter().map(|other| format!("role-helper-{other}")).chain(["role-helper".to_owned()]);
        let others: Vec<String> = others
            .filter(|other| other != name)
            .map(|other| format!("\\fB{}\\fR(1)", roff(&other).trim_end()))
            .collect();
        text.push_str(&format!(".SH \"SEE ALSO\"\n{}\n", others.join(",\n")));
        text
    }

    #[test]
    fn pages_are_as_written() {
        let mut tree = Everything::command();
        tree.build();
        let commands: Vec<&clap::Command> =
            tree.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help").collect();
        let names: Vec<String> = commands.iter().map(|command| command.get_name().to_owned()).collect();
        same_or_written("docs/man/role-helper.1", &page(&tree, "role-helper", &names));
        for command in &commands {
            let name = format!("role-helper-{}", command.get_name());
            same_or_written(&format!("docs/man/{name}.1"), &page(command, &name, &names));
        }
        let embedded: Vec<&str> = PAGES.iter().map(|(name, _)| *name).collect();
        assert_eq!(embedded, names, "the list of PAGES, in the order of the commands");
    }
}

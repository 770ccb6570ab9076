//! Writes the scripts: a shell's own part (`bash.sh` and its kin, by hand), with the table of commands put in.

use std::fmt::Write;

use super::tree::{Entry, Kind, entries};
use crate::wire::shell_words::{self, Quote};

/// Compares what is in the repository with what the tree of commands gives; with `ROLE_HELPER_REGENERATE` set, writes
/// it instead.
pub(in crate::cli) fn same_or_written(name: &str, text: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("ROLE_HELPER_REGENERATE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == text,
        "{name} is not what the commands are now: ROLE_HELPER_REGENERATE=1 cargo test --lib as_written"
    );
}

fn quoted(quote: Quote, text: &str) -> String {
    let mut word = String::new();
    quote(text, &mut |part| word.push_str(part));
    word
}

fn operands(entry: &Entry) -> String {
    let words: Vec<String> = entry.operands.iter().map(Kind::word).collect();
    words.join(" ") + if entry.many { "..." } else { "" }
}

fn names(entries: &[Entry]) -> String {
    entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(" ")
}

/// Options that take a value, of all commands: no two commands disagree about one.
fn valued(entries: &[Entry]) -> Vec<String> {
    let options = entries.iter().flat_map(|entry| &entry.options);
    let mut names: Vec<String> =
        options.filter(|option| option.value.is_some()).map(|option| format!("--{}", option.long)).collect();
    names.sort();
    names.dedup();
    names
}

fn bash(entries: &[Entry]) -> String {
    let (mut commands, mut values) = (String::new(), String::new());
    for entry in entries {
        let options: Vec<String> = entry.options.iter().map(|option| format!("--{}", option.long)).collect();
        let _ = writeln!(commands, "        {})", entry.name);
        let _ = writeln!(commands, "            options='{}'", options.join(" "));
        let _ = writeln!(commands, "            operands='{}'", operands(entry));
        let _ = writeln!(commands, "            ;;");
        for option in &entry.options {
            if let Some(kind) = &option.value {
                let _ = writeln!(values, "        {}:--{}) kind='{}' ;;", entry.name, option.long, kind.word());
            }
        }
    }
    include_str!("bash.sh")
        .replace("@NAMES@", &names(entries).replace(" ", "\\n"))
        .replace("@COMMANDS@", commands.trim_end())
        .replace("@VALUES@", values.trim_end())
}

fn zsh(entries: &[Entry]) -> String {
    let action = |kind: &Kind| match kind {
        Kind::Names(kind) => format!("{kind}:_role_helper_names {kind}"),
        Kind::Files => "file:_files".to_owned(),
        Kind::Commands => "command:_role_helper_commands".to_owned(),
        Kind::Words(words) => format!("word:({})", words.join(" ")),
        Kind::Nothing => "value: ".to_owned(),
    };
    // `[`, `]`, `:` and `\` mean something in a specification.
    let plain = |text: &str| text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
    let (mut abouts, mut commands) = (String::new(), String::new());
    for entry in entries {
        let _ = writeln!(
            abouts,
            "        {}",
            quoted(shell_words::posix, &format!("{}:{}", entry.name, plain(&entry.about)))
        );
        let _ = writeln!(commands, "        {})\n            _arguments -s -S \\", entry.name);
        for option in &entry.options {
            let value = option.value.as_ref().map(|kind| format!(":{}", action(kind))).unwrap_or_default();
            let (star, equals) =
                (if option.repeatable { "*" } else { "" }, if option.value.is_some() { "=" } else { "" });
            let spec = format!("{star}--{}{equals}[{}]{value}", option.long, plain(&option.help));
            let _ = writeln!(commands, "                {} \\", quoted(shell_words::posix, &spec));
        }
        for (at, kind) in entry.operands.iter().enumerate() {
            let place = if entry.many { "*".to_owned() } else { (at + 1).to_string() };
            let spec = format!("{place}:{}", action(kind));
            let _ = writeln!(commands, "                {} \\", quoted(shell_words::posix, &spec));
        }
        commands.truncate(commands.trim_end_matches(" \\\n").len());
        commands.push_str("\n            ;;\n");
    }
    include_str!("zsh.zsh").replace("@ABOUTS@", abouts.trim_end()).replace("@COMMANDS@", commands.trim_end())
}

fn fish(entries: &[Entry]) -> String {
    let word = |text: &str| quoted(shell_words::fish, text);
    let values = |kind: &Kind| match kind {
        Kind::Names(kind) => Some(format!("'(__role_helper_names {kind})'")),
        Kind::Commands => Some("'(__role_helper_commands)'".to_owned()),
        Kind::Words(words) => Some(word(&words.join(" "))),
        Kind::Files | Kind::Nothing => None,
    };
    let (mut abouts, mut lines) = (String::new(), String::new());
    for entry in entries {
        let name = &entry.name;
        let _ = writeln!(abouts, "    echo {}\\t{}", name, word(&entry.about));
        for option in &entry.options {
            let value = match &option.value {
                None => String::new(),
                Some(Kind::Files) => " -r -F".to_owned(),
                Some(kind) => values(kind).map_or(" -x".to_owned(), |values| format!(" -x -a {values}")),
            };
            let _ = writeln!(
                lines,
                "complete -c role-helper -n '__role_helper_in {name}' -l {}{value} -d {}",
                option.long,
                word(&option.help)
            );
        }
        for (at, kind) in entry.operands.iter().enumerate() {
            let place = if entry.many { "any".to_owned() } else { at.to_string() };
            if let Some(values) = values(kind) {
                let _ =
                    writeln!(lines, "complete -c role-helper -n '__role_helper_operand {name} {place}' -k -a {values}");
            }
        }
    }
    include_str!("fish.fish")
        .replace("@ABOUTS@", abouts.trim_end())
        .replace("@VALUED@", &valued(entries).join(" "))
        .replace("@COMMANDS@", lines.trim_end())
}

fn powershell(entries: &[Entry]) -> String {
    let word = |text: &str| quoted(shell_words::powershell, text);
    let mut table = String::new();
    for entry in entries {
        let list = entry.operands.iter().map(|kind| word(&kind.word())).collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            table,
            "        {} = @{{ about = {}; many = ${}; operands = @({list}); options = [ordered]@{{",
            word(&entry.name),
            word(&entry.about),
            entry.many
        );
        for option in &entry.options {
            let kind = option.value.as_ref().map_or("''".to_owned(), |kind| word(&kind.word()));
            let _ = writeln!(table, "            '--{}' = @({kind}, {})", option.long, word(&option.help));
        }
        table.push_str("        } }\n");
    }
    include_str!("powershell.ps1").replace("@COMMANDS@", table.trim_end())
}

#[test]
fn scripts_are_as_written() {
    let entries = entries();
    same_or_written("completions/role-helper.bash", &bash(&entries));
    same_or_written("completions/_role-helper", &zsh(&entries));
    same_or_written("completions/role-helper.fish", &fish(&entries));
    same_or_written("completions/role-helper.ps1", &powershell(&entries));
}

#[test]
fn every_command_has_what_it_is_about_and_every_option_its_help() {
    for entry in entries() {
        assert!(!entry.about.is_empty(), "{}", entry.name);
        for option in &entry.options {
            assert!(!option.help.is_empty() && !option.help.contains('\n'), "{} --{}", entry.name, option.long);
        }
    }
}

//! `prompt` as the front answers it: no clap, no config, no keyring, no network. The companion takes the same way.

use std::ffi::OsString;

use crate::door::clock::SystemClock;
use crate::door::places::Places;
use crate::door::prompt::{self, PromptEnvironment};
use crate::door::surroundings::Surroundings;
use crate::port::Clock;
use crate::wire::segment::{self, Markup, Role, Surface, Template};

/// Who shows the segment, as it is said on the command line.
pub(super) const READERS: [(&str, Markup); 6] = [
    ("plain", Markup::Plain),
    ("bash", Markup::Bash),
    ("zsh", Markup::Zsh),
    ("fish", Markup::Plain),
    ("powershell", Markup::Plain),
    ("tmux", Markup::Tmux),
];

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Wanted {
    pub(super) template: Option<Template>,
    pub(super) json: bool,
    pub(super) markup: Markup,
    /// The terminal's; the segment takes half of them at most.
    pub(super) columns: Option<usize>,
    /// At the right edge, the cursor where it was: for shells without a right prompt of their own.
    pub(super) right: bool,
}

/// Reads the words behind `prompt`; none for what the companion has to explain.
pub(super) fn read(words: &[OsString]) -> Option<Wanted> {
    let mut wanted = Wanted::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let word = word.to_str()?;
        let (name, mut value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        if matches!(name, "--for" | "--format" | "--columns") && value.is_none() {
            value = Some(words.next()?.to_str()?);
        }
        match (name, value) {
            ("--json", None) => wanted.json = true,
            ("--right", None) => wanted.right = true,
            ("--format", Some(form)) => wanted.template = Some(form.parse().ok()?),
            ("--columns", Some(number)) => wanted.columns = Some(number.parse().ok()?),
            ("--for", Some(reader)) => wanted.markup = READERS.iter().find(|(name, _)| *name == reader)?.1,
            _ => return None,
        }
    }
    Some(wanted)
}

/// What is printed: a line, or nothing where no role is active. A prompt is no place for errors: what cannot be read
/// is not there.
pub(super) fn line(wanted: &Wanted) -> String {
    // A shell that does not know its terminal's width says 0.
    let wanted = &Wanted { columns: wanted.columns.filter(|columns| *columns > 0), ..wanted.clone() };
    let environment = PromptEnvironment::read();
    let role = here(&environment);
    if wanted.json {
        return segment::json(role.as_ref()) + "\n";
    }
    let Some(role) = role else { return String::new() };
    let text = shown(wanted, &environment, &role);
    if text.is_empty() { text } else { text + "\n" }
}

fn here(environment: &PromptEnvironment) -> Option<Role> {
    if environment.active.is_none() && environment.profile.is_none() {
        return None;
    }
    let places = Places::new(&Surroundings::read().ok()?).ok()?;
    prompt::active(environment, &places, SystemClock.now())
}

fn shown(wanted: &Wanted, environment: &PromptEnvironment, role: &Role) -> String {
    let surface = Surface {
        color: environment.color,
        unicode: environment.unicode,
        markup: wanted.markup,
        room: wanted.columns.map(|columns| columns / 2),
    };
    let template = wanted.template.as_ref();
    let (true, Some(columns)) = (wanted.right, wanted.columns) else { return segment::text(role, template, &surface) };
    let (before, after) = match wanted.markup {
        Markup::Bash => ("\x01", "\x02"),
        Markup::Plain | Markup::Zsh | Markup::Tmux => ("", ""),
    };
    let surface = Surface { markup: Markup::Plain, ..surface };
    let text = segment::text(role, template, &surface);
    if text.is_empty() {
        return text;
    }
    // One column is left free: a terminal that has written into its last one wraps at the next character.
    let start = columns.saturating_sub(segment::columns(role, template, &surface) + 1);
    format!("{before}\x1b7\r\x1b[{start}C{text}\x1b8{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Wanted> {
        let words: Vec<OsString> = line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
        read(&words)
    }

    #[test]
    fn what_the_front_knows_it_reads_and_all_else_is_the_companions() {
        assert_eq!(of(""), Some(Wanted::default()));
        let wanted = of("--for zsh --columns=80 --right --format {profile}").unwrap();
        assert_eq!((wanted.markup, wanted.columns, wanted.right), (Markup::Zsh, Some(80), true));
        assert_eq!(wanted.template, Some("{profile}".parse().unwrap()));
        for other in ["--help", "prod", "--for", "--for ksh", "--columns x", "--format {x}", "--json=1", "-j"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}

//! The desktop's own dialog, for those who have no pinentry: zenity (GNOME), kdialog (KDE), osascript (macOS).
//! The answer comes on its stdout; nothing secret is in its arguments.

use std::ffi::OsStr;
use std::process::Command;

use secrecy::SecretString;

use super::Rung;
use super::child::{Unfinished, run};
use super::dialog::Window;
use super::signals::Signals;
use crate::door::process::find;
use crate::port::PromptError;

/// The programs, in the order in which they are looked for.
const PROGRAMS: [&str; 3] = ["zenity", "kdialog", "osascript"];
/// AppleScript takes the texts as arguments: nothing is pasted into a script.
const ASK: &str = "on run argv\nreturn text returned of (display dialog (item 1 of argv) with title \"role-helper\" \
                   default answer \"\" with hidden answer)\nend run";
const AGREE: &str = "on run argv\ndisplay dialog (item 1 of argv) with title \"role-helper\" buttons {\"No\", \"Yes\"} \
                     default button \"No\" cancel button \"No\"\nend run";

/// A secret typed in a window.
pub(super) fn secret(window: &Window, path: &OsStr) -> Result<SecretString, Rung> {
    let first = ask(window, path, None)?;
    if window.twice {
        let again = ask(window, path, Some("The same again"))?;
        if !same(&first, &again) {
            return Err(Rung::End(PromptError::Failed("the two are different".to_owned())));
        }
    }
    Ok(first)
}

/// A yes or a no in a window.
pub(super) fn confirm(window: &Window, path: &OsStr) -> Result<bool, Rung> {
    match show(window, path, &window.description(), true) {
        Ok(_) => Ok(true),
        Err(Rung::End(PromptError::Declined)) => Ok(false),
        Err(other) => Err(other),
    }
}

fn ask(window: &Window, path: &OsStr, note: Option<&str>) -> Result<SecretString, Rung> {
    let mut lines = vec![window.description()];
    lines.extend(note.map(str::to_owned).or_else(|| window.error.clone()));
    show(window, path, &lines.join("\n"), false)
}

fn show(window: &Window, path: &OsStr, text: &str, yes_or_no: bool) -> Result<SecretString, Rung> {
    let found = PROGRAMS.iter().find_map(|name| Some((*name, find(OsStr::new(name), path)?)));
    let Some((name, program)) = found else { return Err(Rung::Next(format!("none of {}", PROGRAMS.join(", ")))) };
    let mut command = Command::new(program);
    // Texts are plain in all three, but for the mark of a mnemonic in zenity's labels.
    let _ = match (name, yes_or_no) {
        ("zenity", true) => {
            command.args(["--question", "--no-markup", "--title=role-helper"]).arg(format!("--text={text}"))
        }
        ("zenity", false) => {
            let text = text.replace('_', "__");
            command.args(["--entry", "--hide-text", "--title=role-helper"]).arg(format!("--text={text}"))
        }
        ("kdialog", true) => command.args(["--title", "role-helper", "--yesno", text]),
        ("kdialog", false) => command.args(["--title", "role-helper", "--password", text]),
        (_, true) => command.args(["-e", AGREE, "--", text]),
        (_, false) => command.args(["-e", ASK, "--", text]),
    };
    let signals = Signals::catch().map_err(|error| Rung::Next(format!("{name}: {error}")))?;
    match run(command, &signals, window.until, |_| ()) {
        Ok(finished) if finished.status.success() => match finished.answer() {
            Some(answer) => Ok(answer.to_owned().into()),
            None => Err(Rung::End(PromptError::Failed(format!("{name} gave an answer that is no text")))),
        },
        // 1 is the closed window in all three; a toolkit that cannot open its display says so on stderr.
        Ok(finished) if finished.status.code() == Some(1) && !finished.complaint.contains("isplay") => {
            Err(Rung::End(PromptError::Declined))
        }
        Ok(finished) => Err(Rung::Next(format!("{name}: {} {}", finished.status, finished.complaint))),
        Err(Unfinished::Late) => Err(Rung::End(PromptError::TimedOut { seconds: window.seconds })),
        Err(Unfinished::Interrupted) => Err(Rung::End(PromptError::Interrupted)),
        Err(Unfinished::NotRun(error)) => Err(Rung::Next(format!("{name}: {error}"))),
    }
}

fn same(a: &SecretString, b: &SecretString) -> bool {
    use secrecy::ExposeSecret;
    a.expose_secret() == b.expose_secret()
}

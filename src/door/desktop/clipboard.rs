//! The clipboard: a program that reads it from stdin, else the terminal's own by its escape sequence.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::variable;
use crate::door::process::{self, CallerState};
use crate::identity::{Failure, Kind};
use crate::wire::SecretText;

/// Programs, the variable without which each is of no use, and its arguments.
const PROGRAMS: [(&str, Option<&str>, &[&str]); 5] = [
    ("pbcopy", None, &[]),
    ("wl-copy", Some("WAYLAND_DISPLAY"), &[]),
    ("xclip", Some("DISPLAY"), &["-selection", "clipboard"]),
    ("xsel", Some("DISPLAY"), &["--input", "--clipboard"]),
    ("clip.exe", None, &[]),
];

/// A way to the clipboard.
#[derive(Debug)]
pub enum Clipboard {
    /// A program's stdin.
    Program(PathBuf, &'static [&'static str]),
    /// OSC 52: the terminal puts it into the clipboard of whoever sits before it, also over SSH. Terminals that do
    /// not know it ignore it and do not say so.
    Terminal,
}

impl Clipboard {
    /// The first way that there is.
    ///
    /// # Errors
    /// Where there is neither program nor terminal.
    pub fn find() -> Result<Self, Failure> {
        let path = variable("PATH").unwrap_or_default();
        let program = PROGRAMS.iter().find_map(|(name, needs, arguments)| {
            needs.is_none_or(|needs| variable(needs).is_some()).then_some(())?;
            Some(Clipboard::Program(process::find(name.as_ref(), &path)?, arguments))
        });
        match program {
            Some(program) => Ok(program),
            None if cfg!(unix) && OpenOptions::new().write(true).open("/dev/tty").is_ok() => Ok(Clipboard::Terminal),
            None => Err(Failure::new(Kind::PersonNeeded, "there is no clipboard to copy to")
                .cause("neither pbcopy, clip.exe, nor wl-copy, xclip or xsel for a display, nor a terminal")
                .hint("--print instead of --copy")),
        }
    }

    /// Puts the text there. What was done, for the person.
    ///
    /// # Errors
    /// Where the program or the terminal does not take it.
    pub fn put(&self, text: &SecretText, caller: &CallerState) -> Result<String, Failure> {
        let failed = |cause: String| {
            Failure::new(Kind::PersonNeeded, "the address could not be copied").cause(cause).hint("--print instead")
        };
        match self {
            Clipboard::Program(program, arguments) => {
                let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let mut command = Command::new(program);
                // These programs stay behind to serve the clipboard: they get no pipe of ours that would not end.
                command.args(*arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
                let mut child = process::restore_and_start(caller, &mut command)
                    .map_err(|error| failed(format!("{name}: {error}")))?;
                let written = child.stdin.take().map(|mut stdin| stdin.write_all(text.expose().as_bytes()));
                match (written, child.wait()) {
                    (Some(Ok(())), Ok(status)) if status.success() => Ok("copied to the clipboard".to_owned()),
                    (Some(Err(error)), _) | (_, Err(error)) => Err(failed(format!("{name}: {error}"))),
                    (_, Ok(status)) => Err(failed(format!("{name}: {status}"))),
                }
            }
            Clipboard::Terminal => {
                let mut sequence = Zeroizing::new(String::with_capacity(text.expose().len() * 2 + 16));
                sequence.push_str("\x1b]52;c;");
                STANDARD.encode_string(text.expose(), &mut sequence);
                sequence.push('\x07');
                OpenOptions::new()
                    .write(true)
                    .open("/dev/tty")
                    .and_then(|mut terminal| terminal.write_all(sequence.as_bytes()))
                    .map_err(|error| failed(format!("the terminal: {error}")))?;
                Ok("given to the terminal for its clipboard (some terminals do not take it)".to_owned())
            }
        }
    }
}

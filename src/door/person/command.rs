//! `mfa_process`: a command of the person's own that prints a code, such as `ykman oath accounts code -s aws`.

use std::process::Command;
use std::time::{Duration, Instant};

use super::child::{Unfinished, run};
use super::reading::tell;
use super::signals::Signals;
use crate::identity::TokenCode;
use crate::port::PromptError;

/// How long it may take: a key that waits to be touched gives up sooner.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many lines of its stderr are passed on.
const LINES: usize = 5;

/// Runs it as AWS's clients run a `credential_process`, in a shell. What it says on stderr (`Touch your YubiKey…`)
/// is shown at the terminal. The inner error says why there is no code.
pub(super) fn code_of(command: &str, deadline: Duration) -> Result<Result<TokenCode, String>, PromptError> {
    let signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => return Ok(Err(format!("mfa_process cannot be run: {error}"))),
    };
    let bound = deadline.min(PATIENCE);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    let mut said = 0;
    let finished = run(shell, &signals, Instant::now() + bound, |line| {
        said += 1;
        if said <= LINES {
            tell(&format!("mfa_process says: {line}"));
        }
    });
    Ok(match finished {
        Err(Unfinished::Interrupted) => return Err(PromptError::Interrupted),
        Err(Unfinished::Late) => Err(format!("mfa_process gave no code within {} s", bound.as_secs())),
        Err(Unfinished::NotRun(error)) => Err(format!("mfa_process cannot be run: {error}")),
        Ok(finished) if !finished.status.success() => {
            let colon = if finished.complaint.is_empty() { "" } else { ": " };
            Err(format!("mfa_process failed ({}){colon}{}", finished.status, finished.complaint))
        }
        // What it printed instead is not repeated: it may be a secret of another kind.
        Ok(finished) => finished
            .answer()
            .and_then(|answer| answer.parse().ok())
            .ok_or_else(|| "mfa_process printed no code of six digits".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(command: &str) -> Result<TokenCode, String> {
        code_of(command, Duration::from_millis(700)).unwrap()
    }

    #[test]
    fn a_code_is_six_digits_on_stdout() {
        assert_eq!(code("echo 123456").unwrap().expose(), "123456");
        assert_eq!(code("echo touch your key >&2; printf '123 456'").unwrap().expose(), "123456");
    }

    #[test]
    fn what_is_no_code_is_not_repeated() {
        for command in ["echo hunter2", "true", "printf '\\377\\377'", "yes 1 | head -c 100000"] {
            assert_eq!(code(command).unwrap_err(), "mfa_process printed no code of six digits", "{command}");
        }
    }

    #[test]
    fn failures_give_the_first_line_of_stderr() {
        let error = code("printf 'no \\033[31mdevice\\nmore\\n' >&2; exit 3").unwrap_err();
        assert_eq!(error, "mfa_process failed (exit status: 3): no [31mdevice");
        assert!(code("/nonexistent/ykman").unwrap_err().contains("exit status: 127"));
    }

    #[test]
    fn it_is_killed_at_its_deadline_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("alive");
        let before = Instant::now();
        let error = code(&format!("(sleep 2; touch '{}') & sleep 60", mark.display())).unwrap_err();
        assert!(error.contains("gave no code within"), "{error}");
        assert!(before.elapsed() < Duration::from_secs(2));
        std::thread::sleep(Duration::from_millis(2500).saturating_sub(before.elapsed()));
        assert!(!mark.exists());
    }

    #[test]
    fn stdin_is_empty() {
        assert!(code("read line || echo 654321").is_ok());
    }
}

//! The texts of `export`: for a shell's eval, for a `.env` file, or as JSON.

use thiserror::Error;

use super::environment::Environment;
use super::process_json::{self, TooLong};
use super::role_facts::RoleFacts;
use super::shell_words::{self, Quote};
use super::{SecretText, environment};
use crate::identity::{ExposeSecret, SessionCredentials};

/// Who reads the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// sh, bash, zsh, …: `eval "$(role-helper export prod --format posix)"`.
    Posix,
    /// fish: `role-helper export prod --format fish | source`.
    Fish,
    /// PowerShell: `… | Out-String | Invoke-Expression`.
    Powershell,
    /// A `.env` file: bare words only.
    Dotenv,
    /// The credential_process JSON.
    Json,
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExportError {
    /// Longer than clients read.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A value that readers of `.env` files would not read alike.
    #[error("{0} has characters that programs reading .env files take in different ways")]
    NotForDotenv(&'static str),
}

/// The credentials of `profile` for one kind of reader.
///
/// The texts for shells also remove what would contradict the credentials; a `.env` file and JSON cannot.
///
/// # Errors
/// See [`ExportError`].
pub fn text(
    format: Format,
    credentials: &SessionCredentials,
    region: Option<&str>,
    profile: &str,
    facts: &RoleFacts,
) -> Result<SecretText, ExportError> {
    let environment = environment::of(credentials, region, profile, facts);
    Ok(match format {
        Format::Json => process_json::line(credentials)?,
        Format::Posix => script(&environment, shell_words::posix, ["export ", "=", "\n"], ["unset ", "\n"]),
        Format::Fish => script(&environment, shell_words::fish, ["set -gx ", " ", "\n"], ["set -e ", "\n"]),
        Format::Powershell => script(
            &environment,
            shell_words::powershell,
            ["$Env:", " = ", "\n"],
            ["Remove-Item Env:", " -ErrorAction SilentlyContinue\n"],
        ),
        Format::Dotenv => {
            if let Some((name, _)) =
                environment.set.iter().find(|(_, value)| !shell_words::is_dotenv_word(value.expose_secret()))
            {
                return Err(ExportError::NotForDotenv(name));
            }
            let bare: Quote = |value, out| out(value);
            script(&Environment { removed: &[], ..environment }, bare, ["", "=", "\n"], ["", ""])
        }
    })
}

fn script(environment: &Environment, quote: Quote, set: [&str; 3], removed: [&str; 2]) -> SecretText {
    let write = |out: &mut dyn FnMut(&str)| {
        for name in environment.removed {
            out(removed[0]);
            out(name);
            out(removed[1]);
        }
        for (name, value) in &environment.set {
            out(set[0]);
            out(name);
            out(set[1]);
            quote(value.expose_secret(), out);
            out(set[2]);
        }
    };
    let mut length = 0;
    write(&mut |part| length += part.len());
    let mut text = SecretText::with_room(length);
    write(&mut |part| text.push(part));
    text
}

#[cfg(test)]
mod tests {
    use super::super::process_json::tests::credentials;
    use super::*;
    use std::process::Command;

    const PROFILE: &str = "pr'od; $(id) \\";

    fn said(shell: &str, format: Format, read: &str) -> Option<String> {
        let script =
            text(format, &credentials("se/cr+et=", "to/ken"), Some("eu-west-1"), PROFILE, &RoleFacts::default())
                .unwrap();
        let script = format!("{}\n{read}", script.expose());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut command = Command::new(shell);
        command.arg("-c").arg(script).env_clear().env("PATH", path).env("AWS_PROFILE", "other");
        match command.output() {
            Ok(output) => {
                assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
                Some(String::from_utf8(output.stdout).unwrap())
            }
            Err(_) => {
                eprintln!("{shell} is not here: not tried");
                None
            }
        }
    }

    #[test]
    fn shells_take_it_and_lose_what_contradicts() {
        let read = "env | grep -E '^(AWS|ROLE_HELPER)_' | sort";
        let expected = format!(
            "AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE\nAWS_CREDENTIAL_EXPIRATION=2026-11-23T20:01:02Z\n\
             AWS_DEFAULT_REGION=eu-west-1\nAWS_REGION=eu-west-1\nAWS_SECRET_ACCESS_KEY=se/cr+et=\n\
             AWS_SESSION_TOKEN=to/ken\nROLE_HELPER_PROFILE={PROFILE}\nROLE_HELPER_PROMPT=\n"
        );
        for (shell, format) in
            [("sh", Format::Posix), ("bash", Format::Posix), ("zsh", Format::Posix), ("fish", Format::Fish)]
        {
            if let Some(said) = said(shell, format, read) {
                assert_eq!(said, expected, "{shell}");
            }
        }
    }

    #[test]
    fn dotenv_holds_bare_words_or_is_refused() {
        let credentials = credentials("se/cr+et=", "to/ken");
        let good = text(Format::Dotenv, &credentials, None, "prod", &RoleFacts::default()).unwrap();
        assert!(good.expose().contains("AWS_SECRET_ACCESS_KEY=se/cr+et=\n") && !good.expose().contains("AWS_PROFILE"));
        assert_eq!(
            text(Format::Dotenv, &credentials, None, PROFILE, &RoleFacts::default()).unwrap_err(),
            ExportError::NotForDotenv("ROLE_HELPER_PROFILE")
        );
    }

    #[test]
    fn powershell_sets_and_removes() {
        let script = text(Format::Powershell, &credentials("s", "t"), None, "it's", &RoleFacts::default()).unwrap();
        assert!(script.expose().contains("$Env:ROLE_HELPER_PROFILE = 'it''s'\n"));
        assert!(script.expose().contains("Remove-Item Env:AWS_PROFILE -ErrorAction SilentlyContinue\n"));
    }
}

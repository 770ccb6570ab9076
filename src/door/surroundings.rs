//! The environment, read once: where files are, which profile is meant, what is to be done differently.
//!
//! An empty variable counts as unset. Everything else in the program is handed the result, so that what a run
//! depends on can be seen in one place and `explain` can name it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::identity::{Failure, Kind};
use crate::profile::PlanEnvironment;

/// Which keyring is used: `ROLE_HELPER_KEYRING`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyringChoice {
    /// The platform's if it answers, else the file.
    #[default]
    Auto,
    /// The platform's only.
    Os,
    /// The file only.
    File,
}

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// HOME (USERPROFILE on Windows), else what the user database says; always absolute.
    pub home: Option<PathBuf>,
    /// `ROLE_HELPER_HOME`, absolute.
    pub own_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`, where it is absolute, as its specification wants it.
    pub data_home: Option<PathBuf>,
    /// `XDG_CACHE_HOME`, likewise.
    pub cache_home: Option<PathBuf>,
    /// `XDG_STATE_HOME`, likewise.
    pub state_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, likewise.
    pub runtime_dir: Option<PathBuf>,
    /// `AWS_PROFILE`, else `AWS_DEFAULT_PROFILE`.
    pub profile: Option<String>,
    /// What plans must know.
    pub plan: PlanEnvironment,
    /// `ROLE_HELPER_KEYRING`.
    pub keyring: KeyringChoice,
    /// `ROLE_HELPER_PASSPHRASE_FILE`: a path, or a descriptor (`3`, `fd:3`).
    pub passphrase_file: Option<OsString>,
    /// `ROLE_HELPER_LOG`.
    pub log: Option<PathBuf>,
    config: Option<PathBuf>,
    credentials: Option<PathBuf>,
}

impl Surroundings {
    /// Of this process.
    ///
    /// # Errors
    /// A value that cannot be meant: each named with its variable.
    pub fn read() -> Result<Self, Failure> {
        let mut surroundings = Self::of(&|name| std::env::var_os(name))?;
        #[cfg(unix)]
        if surroundings.home.is_none() {
            surroundings.home =
                super::owner::account(super::owner::us()).map(|(_, home)| home).filter(|h| h.is_absolute());
        }
        Ok(surroundings)
    }

    /// Of an environment that is looked up name by name.
    ///
    /// # Errors
    /// See [`Surroundings::read`].
    pub fn of(look_up: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        let raw = |name: &str| look_up(name).filter(|value| !value.is_empty());
        let text = |name: &'static str| match raw(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(usage(format!("{name} is not UTF-8 text"), format!("unset {name}"))),
        };
        let first = |names: [&'static str; 2]| {
            for name in names {
                if let Some(value) = text(name)? {
                    return Ok(Some((value, name)));
                }
            }
            Ok::<_, Failure>(None)
        };
        let absolute = |name: &str| raw(name).map(PathBuf::from).filter(|path| path.is_absolute());

        let home = absolute(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        let own_home = raw("ROLE_HELPER_HOME").map(|value| expand(value, home.as_deref()));
        if let Some(path) = own_home.as_ref().filter(|path| !path.is_absolute()) {
            return Err(usage(
                format!("ROLE_HELPER_HOME is not an absolute path: {}", path.display()),
                "export ROLE_HELPER_HOME=/an/absolute/path",
            ));
        }
        let keyring = match text("ROLE_HELPER_KEYRING")?.as_deref() {
            None | Some("auto") => KeyringChoice::Auto,
            Some("os") => KeyringChoice::Os,
            Some("file") => KeyringChoice::File,
            Some(other) => {
                return Err(usage(
                    format!("ROLE_HELPER_KEYRING={other} names no keyring"),
                    "export ROLE_HELPER_KEYRING=auto (or os, or file)",
                ));
            }
        };
        let ignore = text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let plan = PlanEnvironment {
            region: first(["AWS_REGION", "AWS_DEFAULT_REGION"])?,
            // The switch silences the environment's endpoints as well as the files' (AWS SDKs and Tools Reference
            // Guide, "Service-specific endpoints").
            endpoint: if ignore { None } else { first(["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"])? },
            ignore_configured_endpoints: ignore,
            mfa_prompt: text("ROLE_HELPER_MFA_PROMPT")?,
        };
        Ok(Surroundings {
            own_home,
            data_home: absolute("XDG_DATA_HOME"),
            cache_home: absolute("XDG_CACHE_HOME"),
            state_home: absolute("XDG_STATE_HOME"),
            runtime_dir: absolute("XDG_RUNTIME_DIR"),
            profile: first(["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])?.map(|(profile, _)| profile),
            plan,
            keyring,
            passphrase_file: raw("ROLE_HELPER_PASSPHRASE_FILE"),
            log: raw("ROLE_HELPER_LOG").map(PathBuf::from),
            config: raw("AWS_CONFIG_FILE").map(|value| expand(value, home.as_deref())),
            credentials: raw("AWS_SHARED_CREDENTIALS_FILE").map(|value| expand(value, home.as_deref())),
            home,
        })
    }

    /// `AWS_CONFIG_FILE`, else `~/.aws/config`.
    ///
    /// # Errors
    /// Where no home is known and the variable is not set.
    pub fn config_file(&self) -> Result<PathBuf, Failure> {
        self.aws_file(&self.config, "config", "AWS_CONFIG_FILE")
    }

    /// `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
    ///
    /// # Errors
    /// Where no home is known and the variable is not set.
    pub fn credentials_file(&self) -> Result<PathBuf, Failure> {
        self.aws_file(&self.credentials, "credentials", "AWS_SHARED_CREDENTIALS_FILE")
    }

    fn aws_file(&self, given: &Option<PathBuf>, name: &str, variable: &str) -> Result<PathBuf, Failure> {
        match (given, &self.home) {
            (Some(path), _) => Ok(path.clone()),
            (None, Some(home)) => Ok(home.join(".aws").join(name)),
            (None, None) => Err(Failure::new(Kind::Configuration, format!("no folder for ~/.aws/{name}"))
                .cause("HOME is not set to an absolute path, and the user database names no home")
                .hint(format!("set HOME or {variable}"))),
        }
    }

    /// A path as people write it: `~` for the home.
    pub fn tilde(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        }
    }
}

/// What the environment puts between us and AWS: variable and value, user and password of a proxy removed.
/// Not read on a hit.
pub fn network_settings() -> Vec<(&'static str, String)> {
    network_settings_of(&|name| std::env::var_os(name))
}

fn network_settings_of(look_up: &dyn Fn(&str) -> Option<OsString>) -> Vec<(&'static str, String)> {
    const NAMES: [&str; 9] = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ENDPOINT_URL",
    ];
    let shown = |value: OsString| {
        let text = value.to_string_lossy().into_owned();
        let (scheme, rest) = text.split_once("://").map_or(("", &text[..]), |(s, r)| (&text[..s.len() + 3], r));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        match rest[..end].rfind('@') {
            Some(at) => format!("{scheme}{}", &rest[at + 1..]),
            None => text,
        }
    };
    NAMES.iter().filter_map(|&name| Some((name, shown(look_up(name).filter(|v| !v.is_empty())?)))).collect()
}

/// `~` and `~/…` as the AWS SDKs expand them (AWS SDKs and Tools Reference Guide, "Location of the shared files");
/// `~name` stays as it is.
fn expand(value: OsString, home: Option<&Path>) -> PathBuf {
    let path = PathBuf::from(value);
    match (home, path.strip_prefix("~")) {
        (Some(home), Ok(rest)) if rest.as_os_str().is_empty() => home.to_path_buf(),
        (Some(home), Ok(rest)) => home.join(rest),
        _ => path,
    }
}

fn usage(what: String, hint: impl Into<String>) -> Failure {
    Failure::new(Kind::Usage, what).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Surroundings, Failure> {
        Surroundings::of(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
    }

    #[test]
    #[cfg(unix)]
    fn aws_files_are_where_the_sdks_look() {
        let plain = of(&[("HOME", "/h"), ("AWS_CONFIG_FILE", "")]).unwrap();
        assert_eq!(plain.config_file().unwrap(), Path::new("/h/.aws/config"));
        assert_eq!(plain.credentials_file().unwrap(), Path::new("/h/.aws/credentials"));
        let moved = of(&[("HOME", "/h"), ("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", "~x/c")]).unwrap();
        assert_eq!(moved.config_file().unwrap(), Path::new("/h/c"));
        assert_eq!(moved.credentials_file().unwrap(), Path::new("~x/c"));
        assert_eq!(moved.tilde(Path::new("/h/.aws/config")), "~/.aws/config");
        assert_eq!(moved.tilde(Path::new("/home")), "/home");
        assert!(of(&[]).unwrap().config_file().unwrap_err().hint_text().unwrap().contains("AWS_CONFIG_FILE"));
    }

    #[test]
    fn the_first_variable_that_holds_something_counts() {
        let both = of(&[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_PROFILE", "a")]).unwrap();
        assert_eq!(both.plan.region, Some(("eu-west-1".into(), "AWS_DEFAULT_REGION")));
        assert_eq!(both.profile.as_deref(), Some("a"));
        let urls = [("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_STS", "http://b")];
        assert_eq!(of(&urls).unwrap().plan.endpoint, Some(("http://b".into(), "AWS_ENDPOINT_URL_STS")));
        let ignored = [urls[0], urls[1], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True")];
        assert_eq!(of(&ignored).unwrap().plan.endpoint, None);
    }

    #[test]
    fn a_keyring_that_does_not_exist_is_named() {
        assert_eq!(of(&[("ROLE_HELPER_KEYRING", "file")]).unwrap().keyring, KeyringChoice::File);
        let failure = of(&[("ROLE_HELPER_KEYRING", "kwallet")]).unwrap_err();
        assert_eq!(failure.kind(), Kind::Usage);
        assert!(failure.what().contains("kwallet"));
    }

    #[test]
    fn proxies_are_shown_without_their_passwords() {
        let shown = |value: &str| {
            let look_up = |name: &str| (name == "HTTPS_PROXY").then(|| value.into());
            network_settings_of(&look_up).remove(0).1
        };
        assert_eq!(shown("http://bob:p@ss@proxy:3128/x"), "http://proxy:3128/x");
        assert_eq!(shown("bob:secret@proxy:3128"), "proxy:3128");
        assert_eq!(shown("http://proxy:3128/a@b"), "http://proxy:3128/a@b");
    }
}

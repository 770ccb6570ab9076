//! Where our own files are: data that must not be lost, sessions that may be, and what processes leave each other.
//!
//! `ROLE_HELPER_HOME` puts everything under one folder; else the platform's folders hold it, on Linux those of the
//! XDG Base Directory Specification. Nothing is made here: reading must work in a home that cannot be written.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::spelling::hex;
use super::surroundings::Surroundings;
use crate::identity::{Failure, Kind};

/// Where our own files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    data: PathBuf,
    cache: PathBuf,
    state: PathBuf,
    runtime: Option<PathBuf>,
}

impl Places {
    /// From the environment as it was read.
    ///
    /// # Errors
    /// Where neither `ROLE_HELPER_HOME` nor a home is known.
    pub fn new(surroundings: &Surroundings) -> Result<Self, Failure> {
        let runtime = surroundings.runtime_dir.as_ref().map(|folder| folder.join("role-helper"));
        if let Some(own) = &surroundings.own_home {
            return Ok(Places { data: own.clone(), cache: own.clone(), state: own.clone(), runtime });
        }
        let platform = |xdg: &Option<PathBuf>, below: &str| match (xdg, &surroundings.home) {
            (Some(folder), _) => Ok(folder.join("role-helper")),
            (None, Some(home)) => Ok(home.join(below).join("role-helper")),
            (None, None) => Err(Failure::new(Kind::Configuration, "no folder for role-helper's own files")
                .cause("HOME is not set to an absolute path, and the user database names no home")
                .hint("set HOME or ROLE_HELPER_HOME")),
        };
        let [data, cache, state] = FOLDERS;
        Ok(Places {
            data: platform(&surroundings.data_home, data)?,
            cache: platform(&surroundings.cache_home, cache)?,
            state: platform(&surroundings.state_home, state)?,
            runtime,
        })
    }

    /// The folder that must not be lost: sources and the file keyring.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// One small file a source.
    pub fn sources_dir(&self) -> PathBuf {
        self.data.join("sources")
    }

    /// Which keys are on their way into the keyring or out of it.
    pub fn unsettled_dir(&self) -> PathBuf {
        self.data.join("unsettled")
    }

    /// The file keyring.
    pub fn keyring_file(&self) -> PathBuf {
        self.data.join("keyring")
    }

    /// Which keyring holds what was added.
    pub fn keyring_choice_file(&self) -> PathBuf {
        self.data.join("keyring-choice")
    }

    /// Sealed sessions, one file each.
    pub fn sessions_dir(&self) -> PathBuf {
        self.cache.join("sessions")
    }

    /// The sealed session of this cache key.
    pub fn sealed_file(&self, key: &str) -> PathBuf {
        self.sessions_dir().join(format!("{key}.sealed"))
    }

    /// What prompts must know of a profile, one small file each; the file of a name of letters, digits, `_` and `-`
    /// has that name, so that a shell can see for itself whether there is one.
    pub fn prompt_dir(&self) -> PathBuf {
        self.cache.join("prompt")
    }

    /// Locks and what their holders leave for others: refusals, used codes.
    pub fn locks_dir(&self) -> PathBuf {
        self.state.join("locks")
    }

    /// Where locks go when `locks_dir` cannot be written: the login's runtime folder, if there is one.
    pub fn fallback_locks_dir(&self) -> Option<PathBuf> {
        self.runtime.as_ref().map(|folder| folder.join("locks"))
    }

    /// Pages that lead a browser to an address that is a secret, for the seconds it takes to open them.
    pub fn pages_dir(&self) -> PathBuf {
        self.runtime.as_ref().unwrap_or(&self.state).join("pages")
    }

    /// The random bytes that wrap the kernel's copies.
    pub fn wrap_file(&self) -> PathBuf {
        self.cache.join("wrap")
    }

    /// 32 hexadecimal digits that stand for this data folder and this user: homes are many, and the kernel keeps
    /// one keyring a user. The same whether or not the folder exists yet.
    pub fn folder_id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(real(&self.data).as_os_str().as_encoded_bytes());
        #[cfg(unix)]
        hash.update(super::owner::us().to_le_bytes());
        hex(&hash.finalize()[..16])
    }
}

/// Data, cache and state below the home.
const FOLDERS: [&str; 3] = if cfg!(target_os = "macos") {
    ["Library/Application Support", "Library/Caches", "Library/Application Support"]
} else if cfg!(windows) {
    ["AppData/Local", "AppData/Local", "AppData/Local"]
} else {
    [".local/share", ".cache", ".local/state"]
};

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    for folder in path.ancestors() {
        if let Ok(real) = folder.canonicalize() {
            return path
                .strip_prefix(folder)
                .map_or(real.clone(), |rest| if rest.as_os_str().is_empty() { real } else { real.join(rest) });
        }
    }
    path.to_path_buf()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Result<Places, Failure> {
        let look_up = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
        Places::new(&Surroundings::of(&look_up)?)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn xdg_folders_or_the_homes_or_our_own() {
        let home = places(&[("HOME", "/home/alice")]).unwrap();
        assert_eq!(home.keyring_file(), Path::new("/home/alice/.local/share/role-helper/keyring"));
        assert_eq!(home.sessions_dir(), Path::new("/home/alice/.cache/role-helper/sessions"));
        assert_eq!(home.locks_dir(), Path::new("/home/alice/.local/state/role-helper/locks"));

        let xdg = places(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "relative")]).unwrap();
        assert_eq!(xdg.sources_dir(), Path::new("/d/role-helper/sources"));
        assert_eq!(xdg.wrap_file(), Path::new("/h/.cache/role-helper/wrap"));

        let own = places(&[("ROLE_HELPER_HOME", "/own"), ("XDG_DATA_HOME", "/d"), ("HOME", "/h")]).unwrap();
        for path in [own.sources_dir(), own.keyring_file(), own.sessions_dir(), own.locks_dir(), own.wrap_file()] {
            assert!(path.starts_with("/own"), "{}", path.display());
        }
        assert!(places(&[]).unwrap_err().hint_text().unwrap().contains("ROLE_HELPER_HOME"));
        assert!(places(&[("ROLE_HELPER_HOME", "here")]).unwrap_err().to_string().contains("not an absolute path"));
    }

    #[test]
    fn the_id_is_of_the_real_folder_made_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let id = |home: &Path| places(&[("HOME", home.to_str().unwrap())]).unwrap().folder_id();
        let before = id(&real);
        assert_eq!(before.len(), 32);
        assert_eq!(id(&link), before);
        std::fs::create_dir_all(places(&[("HOME", real.to_str().unwrap())]).unwrap().data_dir()).unwrap();
        assert_eq!(id(&link), before);
        assert_ne!(id(folder.path()), before);
    }
}

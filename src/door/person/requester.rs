//! Who asks: the nearest process above us that is neither one of ours nor a shell that merely runs our command
//! line. All of it is what that process says of itself, and shown as such.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::proc::{GENERATIONS, standing};
use super::text::cut;

/// Shells run `sh -c 'role-helper …'` for SDKs.
const SHELLS: [&str; 9] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "busybox", "fish", "mksh"];
/// Programs that are known by the script they run.
const INTERPRETERS: [&str; 7] = ["python", "node", "nodejs", "ruby", "perl", "php", "bun"];
/// How long a name may get.
const NAME: usize = 40;

/// A process that asks, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requester {
    name: String,
    pid: u32,
    folder: Option<String>,
}

impl Requester {
    /// The one who asked this process, if it can be known.
    pub(super) fn of_this_process(home: Option<&Path>) -> Option<Self> {
        let mut pid = standing(std::process::id())?.parent;
        for _ in 0..GENERATIONS {
            if pid <= 1 {
                return None;
            }
            let program = program(pid)?;
            let words = words(pid);
            if !is_ours(&program) && !only_runs_us(&program, &words) {
                let folder = fs::read_link(format!("/proc/{pid}/cwd")).or_else(|_| std::env::current_dir()).ok();
                let folder = folder.map(|folder| cut(&shortened(&folder, home), 80));
                return Some(Requester { name: name(&program, &words), pid, folder });
            }
            pid = standing(pid)?.parent;
        }
        None
    }
}

impl fmt::Display for Requester {
    /// `terraform apply (pid 412) in ~/infra`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)?;
        match &self.folder {
            Some(folder) => write!(f, " in {folder}"),
            None => Ok(()),
        }
    }
}

/// The name of its executable; of a process we may not look into, the name it gives itself.
fn program(pid: u32) -> Option<String> {
    let exe = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let name = exe.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let name = name.or_else(|| fs::read_to_string(format!("/proc/{pid}/comm")).ok())?;
    Some(name.trim_end().trim_end_matches(" (deleted)").to_owned())
}

/// Its command line; empty where it cannot be read.
fn words(pid: u32) -> Vec<Vec<u8>> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).take(64).map(<[u8]>::to_vec).collect()
}

fn is_ours(program: &str) -> bool {
    matches!(program, "role-helper" | "role-helper-core")
}

/// A shell with `-c`: it was started to run one command line, and somebody else wanted that.
fn only_runs_us(program: &str, words: &[Vec<u8>]) -> bool {
    let flags = words.iter().skip(1).map_while(|word| word.strip_prefix(b"-"));
    SHELLS.contains(&program) && flags.filter(|flags| !flags.starts_with(b"-")).any(|flags| flags.contains(&b'c'))
}

/// The executable, the script if it is an interpreter's, and a subcommand if there is one. Nothing else of the
/// command line is shown: it may hold secrets.
fn name(program: &str, words: &[Vec<u8>]) -> String {
    let mut name = cut(program, NAME);
    let mut rest = words.iter().skip(1);
    let bare = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if INTERPRETERS.contains(&bare) || SHELLS.contains(&bare) {
        let Some(script) = rest.next().filter(|word| !word.is_empty() && !word.starts_with(b"-")) else { return name };
        let script = PathBuf::from(OsStr::from_bytes(script));
        let script = script.file_name().unwrap_or(script.as_os_str()).to_string_lossy();
        name = format!("{name} {}", cut(&script, NAME));
    }
    match rest.next().and_then(|word| std::str::from_utf8(word).ok()) {
        Some(word) if is_subcommand(word) => format!("{name} {word}"),
        _ => name,
    }
}

fn is_subcommand(word: &str) -> bool {
    (2..=16).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn shortened(folder: &Path, home: Option<&Path>) -> String {
    match home.filter(|home| home.parent().is_some()).and_then(|home| folder.strip_prefix(home).ok()) {
        Some(inside) if inside.as_os_str().is_empty() => "~".to_owned(),
        Some(inside) => format!("~/{}", inside.display()),
        None => folder.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<Vec<u8>> {
        text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn programs_are_named_by_executable_script_and_subcommand() {
        for (program, words, expected) in [
            ("terraform", "terraform apply -var password=hunter2", "terraform apply"),
            ("python3.11", "python3 /usr/bin/aws s3 ls", "python3.11 aws"),
            ("python3.11", "python3 /usr/bin/aws sts get-caller-identity", "python3.11 aws sts"),
            ("python3.11", "python3 -c print(1)", "python3.11"),
            ("node", "node /srv/deploy.mjs hunter2", "node deploy.mjs"),
            ("bash", "-bash", "bash"),
            ("bash", "bash ./deploy.sh prod", "bash deploy.sh prod"),
            ("curl", "curl https://x/?token=abc", "curl"),
            ("ev\u{202e}il\x1b[2J", "evil", "evil[2J"),
        ] {
            assert_eq!(name(program, &line(words)), expected, "{words}");
        }
    }

    #[test]
    fn a_shell_that_runs_one_line_is_passed_over() {
        assert!(only_runs_us("sh", &line("sh -c role-helper")));
        assert!(only_runs_us("bash", &line("bash -ec role-helper")));
        assert!(!only_runs_us("bash", &line("-bash")));
        assert!(!only_runs_us("bash", &line("bash deploy.sh -c")));
        assert!(!only_runs_us("terraform", &line("terraform -c x")));
    }

    #[test]
    fn folders_below_home_are_short() {
        let home = Path::new("/home/alice");
        assert_eq!(shortened(Path::new("/home/alice/infra"), Some(home)), "~/infra");
        assert_eq!(shortened(home, Some(home)), "~");
        assert_eq!(shortened(Path::new("/home/alicex"), Some(home)), "/home/alicex");
        assert_eq!(shortened(Path::new("/srv"), Some(Path::new("/"))), "/srv");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_one_who_runs_the_tests_is_found() {
        let found = Requester::of_this_process(None).unwrap().to_string();
        assert!(found.contains("(pid ") && found.contains(" in /"), "{found}");
    }
}

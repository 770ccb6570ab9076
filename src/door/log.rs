//! The debug log: a file that `ROLE_HELPER_LOG` names. Only what this program says itself: the libraries below
//! would write requests, and with them codes and keys.

use std::fs::File;
use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

use super::files;
use super::surroundings::Surroundings;
use crate::identity::{Failure, Kind, Timestamp};

struct LogFile(File);

/// Starts to log, if `ROLE_HELPER_LOG` names a file: appended to, made 0600 where missing; its folder must exist.
///
/// # Errors
/// Where it cannot be opened, is a link, or others can read it; or where a log was started already.
pub fn start(surroundings: &Surroundings) -> Result<(), Failure> {
    let Some(path) = &surroundings.log else { return Ok(()) };
    #[cfg(unix)]
    super::owner::refuse_anothers(path)
        .map_err(|refused| refused.hint("run it as that user, or set ROLE_HELPER_LOG to a file of root's"))?;
    let file = files::open_kept(path, true).map_err(Failure::from)?;
    log::set_boxed_logger(Box::new(LogFile(file)))
        .map_err(|e| Failure::new(Kind::Usage, "cannot start the log").cause(e.to_string()))?;
    log::set_max_level(LevelFilter::Debug);
    Ok(())
}

impl Log for LogFile {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        target == "role_helper" || target.starts_with("role_helper::") || target == "role_helper_core"
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string().replace(char::is_control, " ");
        let now = Timestamp::now();
        let line = format!("{now:.3} {} {} {} {text}\n", std::process::id(), record.level(), record.target());
        // One write a line, so that the lines of several processes do not mix; a full disk must not stop anybody.
        let _ = (&self.0).write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_lines_only_one_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = LogFile(files::open_kept(&path, true).unwrap());
        let say = |target: &str, text: &str| {
            log.log(&Record::builder().args(format_args!("{text}")).level(log::Level::Debug).target(target).build());
        };
        say("role_helper::session", "a\nforged line");
        say("aws_smithy_runtime", "TokenCode=123456");
        say("role_helper_evil", "no");
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.ends_with("DEBUG role_helper::session a forged line\n"), "{text}");
        assert!(text.contains(&format!("Z {} ", std::process::id())), "{text}");
    }
}

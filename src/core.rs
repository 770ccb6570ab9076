//! The companion: every command in full. The front becomes it for all that is not a hit; people never type its name.

use std::process::ExitCode;

fn main() -> ExitCode {
    role_helper::cli::run(std::env::args_os().collect())
}

//! The companion: every command in full. The front becomes it for all that is not a hit; people never type its name.
//!
//! As the front, it has no `main` of Rust's on Linux: that would ignore SIGPIPE before anybody could see what the
//! caller had set up, and a command that is run must find just that.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod start {
    /// The C start-up calls this; glibc has handed the arguments to `std::env` before.
    // SAFETY: `main` is the one symbol that a program must define, and nothing else here defines it.
    #[unsafe(no_mangle)]
    extern "C" fn main(_argc: i32, _argv: *const *const u8) -> i32 {
        i32::from(role_helper::cli::run(std::env::args_os().collect()))
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() -> std::process::ExitCode {
    role_helper::cli::run(std::env::args_os().collect()).into()
}

//! The front: answers a hit alone, and becomes the companion for all else.
//!
//! On Linux with glibc it has no `main` of Rust's: the runtime's start-up (signal stacks, handlers, a changed
//! SIGPIPE) costs a tenth of a process start and is of no use to a program that prints one line. What a caller set
//! up for signals is thereby also what the companion finds. Elsewhere it starts as every Rust program does.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod start {
    /// The C start-up calls this; glibc has handed the arguments to `std::env` before.
    // SAFETY: `main` is the one symbol that a program must define, and nothing else here defines it.
    #[unsafe(no_mangle)]
    extern "C" fn main(_argc: i32, _argv: *const *const u8) -> i32 {
        i32::from(role_helper::cli::front::run())
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() -> std::process::ExitCode {
    role_helper::cli::front::run().into()
}

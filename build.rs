//! Links the unwinder statically where the toolchain has it as an archive.
//!
//! Rust's standard library names `libgcc_s.so`, which the loader maps at every start although a program that aborts
//! on panic never unwinds. With the archive linked first nothing is left for the shared library, and the linker
//! drops it (`--as-needed` is rustc's default). About a tenth of a process start; `docs/performance.md`.

#![allow(clippy::disallowed_methods, reason = "a build script is the outside")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let native = env::var("HOST").ok() == env::var("TARGET").ok();
    let static_libc = env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.contains("crt-static"));
    if !native || static_libc || !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    // Without a compiler that answers, the shared library is linked as ever: slower, not wrong.
    let Ok(answer) = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output() else { return };
    let Ok(text) = String::from_utf8(answer.stdout) else { return };
    let archive = Path::new(text.trim());
    if archive.is_absolute()
        && archive.is_file()
        && let Some(folder) = archive.parent()
    {
        println!("cargo:rustc-link-search=native={}", folder.display());
        println!("cargo:rustc-link-lib=static:+whole-archive,-bundle=gcc_eh");
    }
}

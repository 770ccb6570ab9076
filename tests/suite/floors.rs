//! The floors of the house: a room imports from rooms below its own, never from above, and doors not from each
//! other. `docs/architecture.md` draws it; this keeps the drawing true.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up.
const FLOORS: &[&[&str]] =
    &[&["identity"], &["profile", "seal", "wire"], &["port"], &["session", "keys"], &["door"], &["cli"]];

/// Rooms on one floor that may see each other, and why.
const NEIGHBOURS: &[(&str, &str)] = &[
    // The cache key hashes a plan.
    ("seal", "profile"),
    // A key's enrolment ends in the same words for AWS's refusals as a session's issue.
    ("keys", "session"),
];

/// Doors that other doors stand on: files, and what says where they are.
const DOORSTEPS: &[&str] =
    &["files", "owner", "places", "surroundings", "spelling", "process", "resident", "kernel", "clock", "log"];

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("room {room} has no floor"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// What a file names behind `crate::`, the first two segments, tests left out; braces opened on one level.
fn imports(text: &str) -> Vec<(String, String)> {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let room = word(rest);
        let behind = rest[room.len()..].strip_prefix("::").unwrap_or("");
        match behind.strip_prefix('{') {
            Some(list) => {
                let list = &list[..list.find('}').unwrap_or(list.len())];
                found.extend(list.split(',').map(|item| (room.clone(), word(item.trim()))));
            }
            None => found.push((room, word(behind))),
        }
    }
    found
}

#[test]
fn every_room_imports_from_below_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in rust_files(&source) {
        let inside = file.strip_prefix(&source).unwrap();
        let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
        let [room, ..] = parts[..] else { continue };
        if room.ends_with(".rs") {
            continue; // lib.rs and the two mains stand outside of the house.
        }
        let door = parts.get(1).map(|part| part.trim_end_matches(".rs"));
        for (other, item) in imports(&fs::read_to_string(&file).unwrap()) {
            seen += 1;
            let fine = match () {
                () if other == room && room == "door" => {
                    door == Some(item.as_str()) || DOORSTEPS.contains(&item.as_str()) || door == Some("mod")
                }
                () if other == room => true,
                () if floor(&other) < floor(room) => true,
                () => NEIGHBOURS.contains(&(room, other.as_str())),
            };
            if !fine {
                wrong.push(format!("src/{} imports crate::{other}::{item}", inside.display()));
            }
        }
    }
    assert!(seen > 20, "only {seen} imports found: the reader of imports is broken");
    assert!(wrong.is_empty(), "against the floors:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_what_it_should() {
    let text = "use crate::door::{files, index::X};\nlet a = crate::cli::main();\n// use crate::nothing::x;\n#[cfg(test)]\nmod tests { use crate::later::y; }";
    let found = imports(text);
    let names: Vec<_> = found.iter().map(|(room, item)| (room.as_str(), item.as_str())).collect();
    assert_eq!(names, [("door", "files"), ("door", "index"), ("cli", "main")]);
}

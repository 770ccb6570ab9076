//! The documents name what there is: every setting, command and field is described, and the tests that are said to
//! show something exist.

use crate::practice::alice;
use crate::simulator::demo::DEMO_MFA;
use crate::world::{NOWHERE, World};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_setting_is_described() {
    let (settings, document) = (read("src/profile/settings.rs"), read("docs/configuration.md"));
    let (_, known) = settings.split_once("pub const KNOWN: &[&str] = &[").expect("the list of settings");
    let (known, _) = known.split_once(']').unwrap();
    let names: Vec<&str> = known.split('"').skip(1).step_by(2).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let described =
            document.contains(&format!("`{name}`")) || (name.starts_with("sso_") && document.contains("`sso_*`"));
        assert!(described, "docs/configuration.md does not know `{name}`");
    }
}

#[test]
fn every_command_is_in_the_readme() {
    let help = World::new(NOWHERE).command(["--help"]).run().quiet().stdout;
    let (_, commands) = help.split_once("Commands:\n").expect("a list of commands");
    let readme = read("README.md");
    let named = |name: &str| readme.contains(&format!("`{name}`")) || readme.contains(&format!("role-helper {name} "));
    let names = commands.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    for name in names {
        assert!(named(name), "README.md does not know `{name}`");
    }
}

/// The names of all fields, however deep.
fn fields(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                fields(value, found);
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| fields(value, found)),
        _ => {}
    }
}

#[test]
fn every_field_is_described() {
    let (aws, mut world) = alice();
    world.config(
        "[profile prod]\nrole_arn = arn:aws:iam::222233334444:role/Admin\nsource_profile = alice\n\
         region = eu-west-1\nrole_helper_source_identity = user\n",
    );
    world.command(["login", "prod", "--mfa-code", &aws.code_for(DEMO_MFA)]).run().ok();
    world.set_env("HTTPS_PROXY", "http://127.0.0.1:9");
    let document = read("docs/json.md");
    let product = world.front();
    for words in
        [["list", "--json"].as_slice(), &["explain", "prod", "--json"], &["status", "--json"], &["prompt", "--json"]]
    {
        // Within exec, where there is most to tell.
        let exec = ["exec", "prod", "--", product.to_str().unwrap()];
        let inside = exec.iter().chain(words);
        let mut found = BTreeSet::new();
        fields(&world.command(inside).run().ok().json(), &mut found);
        assert!(found.len() > if words[0] == "prompt" { 5 } else { 10 }, "{words:?}: {found:?}");
        for name in found {
            let written = [format!("`{name}`"), format!("`.{name}`"), format!("`{name}[]`")];
            assert!(written.iter().any(|name| document.contains(name)), "docs/json.md lacks {name} of {words:?}");
        }
    }
}

#[test]
fn what_shows_something_exists() {
    let (document, tests) = (read("docs/callers.md"), read("tests/suite/callers/served.rs"));
    let shown: Vec<&str> =
        document.split("`tests/all callers::served::").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    assert!(shown.len() >= 7, "{shown:?}");
    for name in shown {
        assert!(tests.contains(&format!("fn {name}()")), "docs/callers.md names {name}");
    }
}

/// All documents that people read.
fn documents() -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)).into();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_link_within_the_project_leads_somewhere() {
    let mut links = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for (_, rest) in text.match_indices("](").map(|(at, _)| text.split_at(at + 2)) {
            let target = rest.split([')', ' ']).next().unwrap();
            let (path, _) = target.split_once('#').unwrap_or((target, ""));
            if target.contains("://") || target.starts_with("mailto:") || path.is_empty() {
                continue;
            }
            links += 1;
            let there = document.parent().unwrap().join(path);
            assert!(there.exists(), "{} links to {target}, which is not there", document.display());
        }
    }
    assert!(links > 20, "only {links} links were found: the reader of links is broken");
}

#[test]
fn every_page_of_the_book_is_in_its_contents() {
    let summary = read("docs/SUMMARY.md");
    for document in documents().iter().filter(|path| path.starts_with(root().join("docs"))) {
        let name = document.strip_prefix(root().join("docs")).unwrap().to_str().unwrap().to_owned();
        let apart = name == "SUMMARY.md" || name.starts_with("packaging/") || name.starts_with("man/");
        assert!(apart || summary.contains(&format!("]({name})")), "docs/SUMMARY.md does not have {name}");
    }
}

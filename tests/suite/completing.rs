//! Tab in real shells at a terminal, with the static scripts as `completions` prints them: names with blanks, quotes
//! and letters of any language arrive as one word, and behind `exec … --` the command completes as it does anywhere.

use crate::practice::{ADMIN, alice};
use crate::pty::{Session, Terminal};
use crate::world::{NOWHERE, World};
use std::path::Path;

const HOSTILE: [&str; 4] = ["it's", "my prod", "本番", "a:b@c=d$(x)"];

/// A home with roles of strange names, and on the PATH `role-helper` (ours) and `greet` (with completions of its own).
fn world() -> World {
    let mut world = World::new(NOWHERE);
    let role = |name: &str| format!("[profile {name}]\nrole_arn = {ADMIN}\nsource_profile = alice\n");
    let mut config = role("prod") + &role("staging");
    for name in HOSTILE {
        config += &role(&format!("\"{name}\""));
    }
    world.config(&config);
    std::fs::create_dir(world.path("path")).unwrap();
    std::os::unix::fs::symlink(world.front(), world.path("path/role-helper")).unwrap();
    world.script("path/greet", "#!/bin/sh\nprintf 'greeted <%s>\\n' \"$@\"\n");
    world.set_env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", world.path("path").display()));
    world
}

fn bash(world: &World, with_package: bool) -> Option<Session> {
    const PACKAGE: &str = "/usr/share/bash-completion/bash_completion";
    if with_package && !Path::new(PACKAGE).exists() {
        eprintln!("{PACKAGE} is not here: not tried");
        return None;
    }
    let package = if with_package { format!(". {PACKAGE}\n") } else { String::new() };
    let text = format!(
        "PS1='ready> '\n{package}bind 'set bell-style none'\nbind 'set enable-bracketed-paste off'\n\
         _greet() {{ COMPREPLY=($(compgen -W 'hello goodbye' -- \"$2\")); }}\ncomplete -F _greet greet\n\
         eval \"$(role-helper completions bash)\"\n"
    );
    let file = world.secret_file("home/.bashrc", &text);
    let mut command = world.program("/usr/bin/bash");
    command.args(["--noprofile", "--rcfile"]).arg(file).arg("-i");
    Some(started(command))
}

fn zsh(world: &World) -> Option<Session> {
    world.secret_file(
        "home/.zshrc",
        "PROMPT='ready> '\nunsetopt prompt_cr prompt_sp\nautoload -Uz compinit && compinit -u -D\nsetopt no_beep\n\
         _greet() { compadd hello goodbye }\ncompdef _greet greet\neval \"$(role-helper completions zsh)\"\n",
    );
    here("/usr/bin/zsh", world, &["-d", "-i"])
}

fn fish(world: &World) -> Option<Session> {
    world.secret_file(
        "home/.config/fish/config.fish",
        "set -g fish_greeting\nfunction fish_prompt; echo -n 'ready> '; end\nset -g fish_autosuggestion_enabled 0\n\
         complete -c greet -f -a 'hello goodbye'\nrole-helper completions fish | source\n",
    );
    here("/usr/bin/fish", world, &["-i"])
}

fn here(shell: &str, world: &World, arguments: &[&str]) -> Option<Session> {
    if !Path::new(shell).exists() {
        eprintln!("{shell} is not here: not tried");
        return None;
    }
    let mut command = world.program(shell);
    command.args(arguments);
    Some(started(command))
}

fn started(mut command: std::process::Command) -> Session {
    command.env("TERM", "xterm").env("LANG", "C.UTF-8").env("NO_COLOR", "1");
    let mut session = Terminal::of(command).start();
    session.expect("ready> ");
    session
}

/// Types `line`, whose tabs complete, and expects `shown`.
#[track_caller]
fn tried(session: &mut Session, line: &str, shown: &str) {
    // A shell that is still busy with one Tab may drop what is typed behind it: a key at a time, as a person does.
    for part in line.split_inclusive('\t') {
        session.send(part);
        std::thread::sleep(std::time::Duration::from_millis(if part.ends_with('\t') { 250 } else { 20 }));
    }
    session.send("\r");
    session.expect(shown);
    session.expect("ready> ");
}

/// What every shell must do. `before_value` is what it puts between an option and its value.
fn completes(mut session: Session, world: &World, before_value: &str) {
    tried(&mut session, "role-helper compl\tfi\t| head -1", "# fish completion");
    // From here on what was completed is shown instead of carried out.
    std::fs::rename(world.path("path/role-helper"), world.path("path/role-helper-real")).unwrap();
    let shower = "#!/bin/sh\n[ \"$1\" = __complete ] && exec \"$0-real\" \"$@\"\nprintf 'got <%s>' \"$@\"; echo\n";
    world.script("path/role-helper", shower);
    for (line, got) in [
        ("role-helper explain pro\t", "got <explain>got <prod>"),
        ("role-helper explain my\t", "got <explain>got <my prod>"),
        ("role-helper explain it\t", "got <explain>got <it's>"),
        ("role-helper explain \"my\t", "got <explain>got <my prod>"),
        ("role-helper explain 本\t", "got <explain>got <本番>"),
        ("role-helper explain a:b\t", "got <explain>got <a:b@c=d$(x)>"),
        ("role-helper export --form\tdot\tpro\t", "got <export>got <--format|dotenv>got <prod>"),
        ("role-helper exec prod --reg\tsa-\t-- greet hel\t", "got <--region|sa-east-1>got <-->got <greet>got <hello>"),
        ("role-helper exec sta\tgreet good\t", "got <exec>got <staging>got <greet>got <goodbye>"),
        ("role-helper exec sta\t-- gree\tgood\t", "got <exec>got <staging>got <-->got <greet>got <goodbye>"),
    ] {
        tried(&mut session, line, &got.replace("|", before_value));
    }
}

#[test]
fn bash_completes() {
    let world = world();
    if let Some(session) = bash(&world, false) {
        completes(session, &world, ">got <");
    }
}

#[test]
fn bash_completes_beside_its_package() {
    let world = world();
    if let Some(session) = bash(&world, true) {
        completes(session, &world, ">got <");
    }
}

#[test]
fn zsh_completes() {
    let world = world();
    if let Some(session) = zsh(&world) {
        completes(session, &world, "=");
    }
}

#[test]
fn fish_completes() {
    let world = world();
    if let Some(session) = fish(&world) {
        completes(session, &world, ">got <");
    }
}

#[test]
fn the_front_names_what_this_machine_knows() {
    let (_aws, world) = alice();
    world.config(&format!("[profile prod]\nrole_arn = {ADMIN}\nsource_profile = alice\n[profile plain]\nregion = x\n"));
    for (words, expected) in [
        (["profiles", ""], "prod\n"),
        (["profiles", "x"], ""),
        (["sources", "a"], "alice\n"),
        (["sessions", ""], ""),
        (["regions", "sa-"], "sa-east-1\n"),
        (["services", "cloudsh"], "cloudshell\n"),
        (["nonsense", ""], ""),
    ] {
        let output = world.command(["__complete", words[0], words[1]]).run().quiet();
        assert_eq!(output.stdout, expected, "{words:?}");
    }
    // A config that nobody can read is no reason to write into a line that is being typed.
    world.config("\u{0}[[[");
    assert_eq!(world.command(["__complete", "profiles", ""]).run().quiet().stdout, "");
}

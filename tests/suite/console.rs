//! `console`: the address signs in once, and nobody but the person sees it: not in arguments, files, logs or errors.

use crate::practice::{ADMIN, alice};
use crate::run::{Run, poll};
use crate::simulator::Simulator;
use crate::simulator::demo::DEMO_MFA;
use crate::simulator::faults::Fault;
use crate::world::World;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// alice with a live session of `prod`, a chained role, one behind an MFA session, and herself.
fn stage() -> (Simulator, World) {
    let (aws, world) = alice();
    prepare(&aws, &world);
    (aws, world)
}

fn prepare(aws: &Simulator, world: &World) {
    world.config(&format!(
        "[profile prod]\nrole_arn = {ADMIN}\nsource_profile = alice\nregion = eu-west-1\n\
         [profile chained]\nrole_arn = arn:aws:iam::222233334444:role/Chained\nsource_profile = prod\n\
         [profile shared]\nrole_arn = {ADMIN}\nsource_profile = alice\nrole_helper_mfa_session = 8h\n\
         [profile me]\nsource_profile = alice\nrole_helper_source_profile = alice\n\
         [profile china]\nrole_arn = arn:aws-iso:iam::222233334444:role/Admin\nsource_profile = alice\n"
    ));
    world.command(["login", "prod", "--mfa-code", &aws.code_for(DEMO_MFA)]).run().ok();
}

/// What a browser gets from `http://127.0.0.1:PORT/PATH`.
fn fetch(address: &str) -> String {
    let rest = address.strip_prefix("http://").expect("an address on loopback");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    // Whoever is not answered gets a reset.
    drop(stream.read_to_string(&mut answer));
    answer
}

fn location(answer: &str) -> Option<&str> {
    answer.lines().find_map(|line| line.strip_prefix("Location: "))
}

/// A program that notes its arguments and, with `wants`, what it reads, and ends.
fn noting(world: &World, name: &str, wants: &str) -> PathBuf {
    let note = world.path(format!("{name}.note"));
    let text = format!("#!/bin/sh\n{wants}\nprintf '%s\\n' \"$@\" > {0}.new && mv {0}.new {0}\n", note.display());
    world.script(format!("desktop/{name}"), &text);
    note
}

fn with_desktop(world: &mut World) {
    let path = format!("{}:/usr/bin:/bin", world.path("desktop").display());
    world.give(&world.path("desktop"));
    world.set_env("PATH", path).set_env("DISPLAY", ":7");
}

fn noted(note: &Path) -> String {
    poll(Duration::from_secs(20), || fs::read_to_string(note).ok()).expect("the program was started").trim().to_owned()
}

#[test]
fn the_address_leads_to_the_service_once() {
    let (aws, world) = stage();
    let address = world.command(["console", "prod", "cloudshell", "--print"]).run().quiet().stdout.trim().to_owned();
    assert!(!address.contains('\n') && address.starts_with(&aws.endpoint()), "{address}");
    let answer = fetch(&address);
    assert_eq!(location(&answer), Some("https://eu-west-1.console.aws.amazon.com/cloudshell/home?region=eu-west-1"));
    assert!(fetch(&address).starts_with("HTTP/1.1 400"), "a token is good once");
    let login = &aws.calls_of("login")[0];
    assert_eq!(login.caller_arn, "arn:aws:sts::222233334444:assumed-role/Admin/alice");
    let token = &aws.calls_of("getSigninToken")[0];
    assert_eq!(token.param("SessionDuration"), None, "the console session lasts as long as the role session");
    assert!(token.user_agent.starts_with("role-helper/"));
    assert_eq!(aws.calls_of("AssumeRole").len(), 1, "the sealed session serves");
}

#[test]
fn json_says_what_the_address_is() {
    let (aws, world) = stage();
    let json = world.command(["console", "prod", "iam", "--region", "us-east-1", "--json"]).run().quiet().json();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(text("destination"), "https://console.aws.amazon.com/iam/home");
    assert_eq!((text("role_arn"), text("session_name")), (ADMIN.to_owned(), "alice".to_owned()));
    assert_eq!((text("account_id"), json["url_seconds"].as_u64()), ("222233334444".to_owned(), Some(900)));
    assert!(text("session_expiration").ends_with('Z') && text("profile") == "prod");
    assert!(location(&fetch(&text("url"))).is_some());
    assert_eq!(aws.calls_of("login").len(), 1);
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md")).unwrap();
    let Value::Object(fields) = json else { panic!("no object") };
    for name in fields.keys() {
        assert!(document.contains(&format!("`{name}`")), "docs/json.md lacks {name}");
    }
}

#[test]
fn durations_are_said_where_aws_takes_them() {
    let (aws, world) = stage();
    world.command(["console", "prod", "--duration", "2h", "--print"]).run().quiet();
    assert_eq!(aws.calls_of("getSigninToken")[0].param("SessionDuration"), Some("7200"));
    world.command(["console", "chained", "--print"]).run().quiet();
    assert_eq!(aws.calls_of("getSigninToken")[1].param("SessionDuration"), None);
    let calls = aws.calls().len();
    world.command(["console", "chained", "--duration", "1h", "--print"]).run().fails(2).says("another role");
    world.command(["console", "shared", "--duration", "1h", "--print"]).run().fails(2).says("mfa_session");
    world.command(["console", "prod", "--duration", "13h", "--print"]).run().fails(2).says("15m to 12h");
    assert_eq!(aws.calls().len(), calls, "refused before anything is asked");
}

#[test]
fn what_cannot_sign_in_is_told_before_a_code_is_asked_for() {
    let (aws, world) = stage();
    let calls = aws.calls().len();
    world.command(["console", "me", "--print"]).run().fails(3).says("GetSessionToken");
    world.command(["console", "china", "--print"]).run().fails(3);
    world.command(["console", "prod", "cloudshel", "--print"]).run().fails(2).says("did you mean cloudshell?");
    world.command(["console", "prod", "payroll", "--print"]).run().fails(2).says("one of acm");
    // No display, no terminal.
    world.command(["console", "prod"]).run().fails(4).says("DISPLAY").says("--print");
    world.command(["console", "prod", "--copy"]).run().fails(4).says("--print");
    world.command(["console", "prod", "--print", "--json"]).run().fails(2);
    assert_eq!(aws.calls().len(), calls);
}

#[test]
fn the_browser_gets_an_address_that_is_worth_nothing_to_others() {
    let (aws, mut world) = stage();
    let note = noting(&world, "xdg-open", "umask > \"$0.umask\"; env > \"$0.env\"");
    with_desktop(&mut world);
    let log = world.path("log");
    world.set_env("ROLE_HELPER_LOG", &log);
    let running = world.command(["console", "prod", "s3"]).start();
    let given = noted(&note);
    assert!(given.starts_with("http://127.0.0.1:") && !given.contains(' '), "{given}");
    let answer = fetch(&given);
    let address = location(&answer).expect("a redirect").to_owned();
    let output =
        running.wait().ok().says("prod: the console as role Admin in 222233334444 as alice").hides(&[&address]);
    assert_eq!(output.stdout, "");
    assert_eq!(location(&fetch(&address)), Some("https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"));
    assert_eq!(aws.calls_of("login").len(), 1);
    // The browser is the person's, not ours.
    assert_eq!(fs::read_to_string(world.path("desktop/xdg-open.umask")).unwrap().trim(), umask());
    assert!(!fs::read_to_string(world.path("desktop/xdg-open.env")).unwrap().contains("PASSPHRASE"));
    let token = address.rsplit('=').next().unwrap();
    assert_eq!(world.files_with(token, &[]), Vec::<PathBuf>::new());
    assert!(!fs::read_to_string(log).unwrap_or_default().contains("federation?"));
}

fn umask() -> String {
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", "umask"]);
    Run::new(command).run().quiet().stdout.trim().to_owned()
}

/// Only where the tests run as root, who can be a neighbour.
#[test]
fn a_neighbour_who_is_faster_gets_nothing() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let aws = Simulator::start(crate::simulator::world::World::demo());
    let mut world = World::of_ordinary_user(&aws.endpoint());
    let key = crate::practice::key_file(&world);
    world.command(["add", "alice", "--csv", &key]).run().ok();
    prepare(&aws, &world);
    let note = noting(&world, "xdg-open", "");
    world.give(&world.path(""));
    with_desktop(&mut world);
    let running = world.command(["console", "prod"]).start();
    let given = noted(&note);
    // Root reads whatever it likes; here it stands for any other user.
    assert_eq!(fetch(&given), "");
    let (host, path) = given.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let (name, port) = host.split_once(':').unwrap();
    let mut browser = world.program("/bin/bash");
    browser.args([
        "-c",
        r#"exec 3<>"/dev/tcp/$1/$2"; printf 'GET /%s HTTP/1.1\r\nHost: %s\r\n\r\n' "$3" "$1:$2" >&3; cat <&3"#,
        "bash",
        name,
        port,
        path,
    ]);
    let answer = Run::new(browser).run().ok().stdout;
    running.wait().ok();
    assert!(location(&answer).is_some(), "{answer}");
}

/// On the Windows side of WSL nobody can say whose a connection is: there it is a page.
#[test]
fn a_page_is_the_persons_alone_and_goes() {
    let (_aws, mut world) = stage();
    let note = noting(&world, "wslview", "stat -c %a \"$1\" > \"$0.mode\"; cp \"$1\" \"$0.page\"; false");
    // It ends badly, so that the page need not lie there for its time.
    let script = world.path("desktop/wslview");
    let text = fs::read_to_string(&script).unwrap() + "exit 3\n";
    fs::write(&script, text).unwrap();
    with_desktop(&mut world);
    let runtime = world.path("run");
    world.set_env("WSL_DISTRO_NAME", "Debian").set_env("XDG_RUNTIME_DIR", runtime);
    world.command(["console", "prod"]).run().fails(4).says("wslview").says("--print");
    let page = noted(&note);
    assert!(page.ends_with(".html") && !Path::new(&page).exists(), "{page}");
    assert_eq!(fs::read_to_string(world.path("desktop/wslview.mode")).unwrap().trim(), "600");
    let html = fs::read_to_string(world.path("desktop/wslview.page")).unwrap();
    assert!(html.contains("http-equiv=refresh") && html.contains("&amp;SigninToken="), "{html}");
    let folder = fs::metadata(Path::new(&page).parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_clipboard_is_fed_by_stdin() {
    let (_aws, mut world) = stage();
    let note = noting(&world, "xclip", "cat > \"$0.stdin\"");
    with_desktop(&mut world);
    let output = world.command(["console", "prod", "--copy"]).run().ok().says("copied to the clipboard");
    assert_eq!(noted(&note), "-selection\nclipboard");
    let address = fs::read_to_string(world.path("desktop/xclip.stdin")).unwrap();
    output.hides(&[&address]);
    assert!(location(&fetch(&address)).is_some());
}

#[test]
fn a_terminal_has_a_clipboard_of_its_own() {
    let (_aws, world) = stage();
    let ended = world.called(["console", "prod", "--copy"]).start().wait().exits(0);
    let screen = ended.transcript;
    let (_, sequence) = screen.split_once("\x1b]52;c;").unwrap_or_else(|| panic!("no OSC 52: {screen:?}"));
    let (text, _) = sequence.split_once('\x07').expect("its end");
    use base64::Engine as _;
    let address = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap();
    assert!(location(&fetch(&address)).is_some(), "{address}");
}

#[test]
fn refusals_and_broken_answers_are_one_clear_error() {
    let (mut aws, mut world) = stage();
    let print = ["console", "prod", "--print"];
    let denied = |status| Fault::Error { status, code: "x".into(), message: String::new(), retry_after: None };
    aws.fail_once("getSigninToken", denied(400));
    world.command(print).run().fails(1).says("login prod --force");
    aws.fail_once("getSigninToken", denied(500));
    world.command(print).run().fails(6).says("HTTP 500");
    for body in ["<html>sign in to this network", "{}", "{\"SigninToken\":7}", ""] {
        aws.fail_once(
            "getSigninToken",
            Fault::Answer { status: 200, content_type: "text/html".into(), body: body.into() },
        );
        world.command(print).run().fails(6).says("no sign-in token");
    }
    aws.refuse();
    world.command(print).run().fails(6).says("refuses the connection");
    aws.resume().unwrap();
    for url in ["https://signin.example.com", "http://signin.aws.amazon.com", "https://x.s3.amazonaws.com"] {
        world.set_env("AWS_ENDPOINT_URL_SIGNIN", url);
        let output = world.command(print).run().fails(3).says(url);
        assert!(!output.stderr.contains("Session="), "{output}");
    }
}

/// AWS itself is meant, behind a proxy that is not there, and with certificates that are none: as for STS.
#[test]
fn proxies_and_certificates_are_those_of_sts() {
    let (_aws, mut world) = stage();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.unset_env("AWS_ENDPOINT_URL_SIGNIN").set_env("HTTPS_PROXY", format!("http://{free}"));
    world.command(["console", "prod", "--print"]).run().fails(6).says(&free.to_string());
    let bundle = world.secret_file("ca.pem", "no certificate");
    world.set_env("AWS_CA_BUNDLE", bundle);
    world.command(["console", "prod", "--print"]).run().fails(3).says("ca.pem").says("holds no PEM certificate");
}

/// Where there is a Chromium. No name but this machine is resolved: nothing reaches the real console.
#[test]
fn a_real_browser_signs_in() {
    if !Path::new("/usr/bin/chromium").exists() {
        return;
    }
    let (aws, mut world) = stage();
    let profile = world.path("chromium");
    let browser = world.script(
        "desktop/browser",
        &format!(
            "#!/bin/sh\nexec /usr/bin/chromium --headless --no-sandbox --disable-gpu --no-first-run \
             --user-data-dir={} --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' \
             --dump-dom --timeout=5000 \"$1\" >/dev/null 2>&1\n",
            profile.display()
        ),
    );
    world.set_env("BROWSER", format!("nonsense:{} %s", browser.display()));
    world.command(["console", "prod", "cloudshell"]).run().ok().says("the console as role Admin");
    assert!(aws.wait_for_calls("login", 1, Duration::from_secs(20)), "the browser followed the redirect");
    let login = &aws.calls_of("login")[0];
    assert!(login.done && login.user_agent.contains("Chrome"), "{login:?}");
    assert_eq!(login.caller_arn, "arn:aws:sts::222233334444:assumed-role/Admin/alice");
}

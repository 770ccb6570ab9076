//! Two hundred configurations that are wrong, each in its own way.

use super::rig::PROD;

pub struct Case {
    pub name: String,
    pub bytes: Vec<u8>,
    /// The exit code of `explain prod`; 0 where role-helper can use the profile all the same.
    pub code: i32,
    /// Whether the file as a whole can be read, whatever is wrong with `prod`.
    pub file_is_read: bool,
}

struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: impl Into<String>, code: i32, bytes: impl Into<Vec<u8>>) {
        self.0.push(Case { name: name.into(), bytes: bytes.into(), code, file_is_read: true });
    }

    /// The file cannot be read at all.
    fn unreadable(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push(Case { name: name.into(), bytes: bytes.into(), code: 3, file_is_read: false });
    }
}

/// `prod` with one line more.
fn prod_and(line: &str) -> String {
    format!("{PROD}{line}\n")
}

/// `prod`, one of its lines replaced.
fn prod_but(line: &str, with: &str) -> String {
    assert!(PROD.contains(line));
    PROD.replace(line, with)
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

pub fn cases() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    encodings(&mut cases);
    truncations(&mut cases);
    shapes(&mut cases);
    values(&mut cases);
    chains(&mut cases);
    cases.0
}

fn encodings(cases: &mut Cases) {
    cases.add("empty", 3, "");
    cases.add("blank", 3, "\n\n   \n\t\n");
    cases.add("comments only", 3, "# nothing\n; here\n");
    cases.add("byte order mark", 0, format!("\u{feff}{PROD}"));
    cases.add("two byte order marks", 3, format!("\u{feff}\u{feff}{PROD}"));
    cases.add("carriage returns and line feeds", 0, PROD.replace('\n', "\r\n"));
    cases.add("carriage returns alone", 3, PROD.replace('\n', "\r"));
    cases.add("no line end at the end", 0, PROD.trim_end());
    cases.add("a NUL behind the text", 0, format!("{PROD}#\0\n"));
    cases.add("a NUL in a value", 3, prod_but("role/Admin", "role/Ad\0min"));
    cases.add("a NUL in a header", 3, PROD.replace("profile prod", "profile pr\0od"));
    cases.add("NULs alone", 3, vec![0; 4096]);
    cases.add("a form feed in the header", 3, PROD.replace("profile prod", "profile\u{c}prod"));
    cases.add("no-break blanks", 3, PROD.replace("profile prod", "profile\u{a0}prod"));
    cases.add("typographic quotes", 3, prod_but("alice", "\u{201c}alice\u{201d}"));
    cases.add("a zero-width blank in a value", 3, prod_but("alice", "ali\u{200b}ce"));
    cases.add("right to left marks in a value", 3, prod_but("alice", "\u{202e}ecila"));
    cases.add("an escape sequence in a value", 3, prod_but("alice", "\x1b[2J\x1b[31malice"));
    cases.add("a line separator of Unicode", 3, prod_but("alice", "alice\u{2028}x"));
    for (name, big, mark) in [
        ("UTF-16 LE", false, true),
        ("UTF-16 BE", true, true),
        ("UTF-16 LE without mark", false, false),
        ("UTF-16 BE without mark", true, false),
    ] {
        let bytes = utf16(PROD, big, mark);
        if mark { cases.unreadable(name, bytes) } else { cases.add(name, 3, bytes) }
    }
    cases.unreadable("UTF-32 LE", PROD.chars().flat_map(|c| (c as u32 | 0xd800).to_le_bytes()).collect::<Vec<u8>>());
    cases.unreadable("Latin-1", [PROD.as_bytes(), b"# caf\xe9\n"].concat());
    cases.unreadable("a surrogate", [PROD.as_bytes(), b"# \xed\xa0\x80\n"].concat());
    cases.unreadable("an overlong slash", [PROD.as_bytes(), b"# \xc0\xaf\n"].concat());
    cases.unreadable("half a character at the end", [PROD.as_bytes(), b"# \xe2\x82"].concat());
    cases.unreadable("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x8b\x2e\x28".to_vec());
    cases.unreadable("a program", [b"\x7fELF\x02\x01\x01", &[0xff; 64][..]].concat());
    let noise: Vec<u8> = (0..8192_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    cases.unreadable("noise", noise);
    cases.add("JSON", 3, r#"{"profile prod": {"role_arn": "arn:aws:iam::222233334444:role/Admin"}}"#);
    cases.add("YAML", 3, "profile prod:\n  role_arn: arn:aws:iam::222233334444:role/Admin\n  source_profile: alice\n");
    cases.add("TOML", 3, "[profile.prod]\nrole_arn = \"arn:aws:iam::222233334444:role/Admin\"\n");
    cases.add("XML", 3, "<?xml version=\"1.0\"?><profile name=\"prod\"/>\n");
    cases.add("a shell script", 3, "#!/bin/sh\nexport AWS_PROFILE=prod\n");
    cases.add(
        "a merge conflict in the profile",
        3,
        prod_and("<<<<<<< HEAD\nregion = a\n=======\nregion = b\n>>>>>>> x"),
    );
    cases.add("a merge conflict before it", 0, format!("<<<<<<< HEAD\n=======\n>>>>>>> x\n{PROD}"));
    cases.add("a page of a web server", 3, "<!doctype html><html><body>Log in</body></html>\n");
}

fn truncations(cases: &mut Cases) {
    // Where the cut leaves a profile that can be used, it is used: it may be all there ever was.
    for at in [1, 5, 12, 14, 20, 30, 38, 45, 55, 66, 76, 86, 92, 98, 102] {
        cases.add(format!("cut at {at}"), 3, &PROD.as_bytes()[..at]);
    }
}

fn shapes(cases: &mut Cases) {
    let header = "[profile prod]";
    for (name, code, with) in [
        ("a header without `]`", 3, "[profile prod"),
        ("a header without `[`", 3, "profile prod]"),
        ("an empty header", 3, "[]"),
        ("a header of blanks", 3, "[   ]"),
        ("`profile` without a name", 3, "[profile]"),
        ("`profile` and a blank", 3, "[profile ]"),
        ("a plain header", 3, "[prod]"),
        ("a header in capitals", 3, "[PROFILE prod]"),
        ("a name in capitals", 3, "[profile PROD]"),
        ("two names", 3, "[profile prod dev]"),
        ("quoted without an end", 3, "[profile \"prod]"),
        ("two brackets", 3, "[[profile prod]]"),
        ("parentheses", 3, "(profile prod)"),
        ("`profiles`", 3, "[profiles prod]"),
        ("no blank", 3, "[profileprod]"),
        ("another section of AWS's", 3, "[sso-session prod]"),
        ("a services section", 3, "[services prod]"),
        ("an equals sign in the header", 3, "[profile=prod]"),
        ("a name nearly right", 3, "[profile prood]"),
        ("quoted", 0, "[profile \"prod\"]"),
        ("words behind the header", 3, "[profile prod] and more"),
        ("a comment behind the header", 0, "[profile prod] # mine"),
        ("a blank before the bracket", 3, "  [profile prod]"),
        ("blanks inside of the brackets", 0, "[  profile   prod  ]"),
    ] {
        cases.add(name, code, PROD.replace(header, with));
    }
    for (name, code, line) in [
        ("a line without `=`", 3, "region"),
        ("a value without a key", 3, "= eu-west-1"),
        ("`=` alone", 3, "="),
        ("a colon for `=`", 3, "output: json"),
        ("a sentence", 3, "this is my profile"),
        ("a very long line without `=`", 3, &"x".repeat(100_000) as &str),
        ("a very long value of no meaning", 0, &format!("output = {}", "x".repeat(1_000_000))),
        ("a very long key", 0, &format!("{} = x", "k".repeat(1_000_000))),
        ("a key twice", 0, "region = eu-west-2"),
        ("a key twice, other case", 0, "REGION = eu-west-2"),
        ("an unknown key of AWS's kind", 0, "rol_arn = x"),
        ("a control character for a key", 0, "\x01 = x"),
    ] {
        cases.add(name, code, prod_and(line));
    }
    cases.add("a property before any section", 0, format!("region = eu-west-1\n{PROD}"));
    cases.add("a sentence before any section", 0, format!("hello\n{PROD}"));
    cases.add("a continuation before any section", 0, format!("   region = eu-west-1\n{PROD}"));
    cases.add("the profile twice", 0, format!("{PROD}\n{PROD}"));
    cases.add("the profile twice, the second empty", 0, format!("{PROD}\n[profile prod]\n"));
    cases.add("the profile twice, broken the second time", 3, format!("{PROD}\n[profile prod]\nregion\n"));
    cases.add("another profile broken", 0, format!("[profile dev]\nregion\n{PROD}"));
    cases.add("another header broken", 0, format!("{PROD}[profile dev\nregion = x\n"));
    cases.add("an empty profile", 3, "[profile prod]\n");
    cases.add("a profile of comments", 3, "[profile prod]\n# role_arn = x\n; source_profile = alice\n");
    cases.add("a line that goes on", 3, prod_but("role/Admin", "role/\n  Admin"));
    cases.add("all lines indented", 0, PROD.replace("\nr", "\n  r").replace("\ns", "\n  s"));
    cases.add("a block with a line without `=`", 0, prod_and("s3 =\n  max_concurrent_requests"));
    cases.add("ten thousand sections of one name", 0, format!("{}{PROD}", "[profile x]\n".repeat(10_000)));
    cases.add("ten thousand broken lines", 3, format!("{PROD}{}", "x\n".repeat(10_000)));
    cases.add("a megabyte of brackets", 3, "[".repeat(1_000_000));
    cases.add("a megabyte of line ends", 0, format!("{}{PROD}", "\n".repeat(1_000_000)));
}

fn values(cases: &mut Cases) {
    let role = "role_arn = arn:aws:iam::222233334444:role/Admin";
    for value in [
        "",
        "Admin",
        "role/Admin",
        "arn",
        ":::::",
        "arn:aws:iam::222233334444",
        "arn:aws:iam::222233334444:user/alice",
        "arn:aws:iam::222233334444:role",
        "arn:aws:iam::222233334444:role/",
        "arn:aws:iam::22223333444:role/Admin",
        "arn:aws:iam::2222333344445:role/Admin",
        "arn:aws:iam::22223333444x:role/Admin",
        "arn:aws:iam:eu-west-1:222233334444:role/Admin",
        "arn:aws:sts::222233334444:assumed-role/Admin/alice",
        "arn:gcp:iam::222233334444:role/Admin",
        "arn:aws:s3:::bucket",
        "\"arn:aws:iam::222233334444:role/Admin\"",
        "arn:aws:iam::222233334444:role/Admin arn:aws:iam::222233334444:role/Other",
        "arn:aws:iam::222233334444:role/Ad min",
        "https://console.aws.amazon.com/iam/home#/roles/Admin",
        "${ROLE_ARN}",
    ] {
        let name = format!("role_arn {value:?}");
        let code = 3;
        cases.add(name, code, prod_but(role, &format!("role_arn = {value}")));
    }
    let long = "x".repeat(5000);
    let many = (0..51).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    let eleven = ["arn:aws:iam::aws:policy/ReadOnlyAccess"; 11].join(",");
    let table: &[(&str, &[&str])] = &[
        ("source_profile", &["", "bob", "alise", "prod", "-", "../alice", "alice bob"]),
        ("region", &["eu west 1", "EU-WEST-1", "evil.example.com/", "https://eu-west-1"]),
        ("mfa_serial", &["123456", "alice", "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::1:mfa/alice", &long]),
        (
            "role_helper_duration",
            &[
                "",
                "x",
                "0",
                "-1",
                "1",
                "899",
                "43201",
                "13h",
                "1d",
                "1.5h",
                "1h1h",
                "5m60m",
                "99999999999999999999",
                "4294967296",
                "\u{ff11}h",
                "1 h",
                "PT1H",
                "3600 seconds",
            ],
        ),
        ("duration_seconds", &["0", "600", "86400", "1e4", "0x1000", "3600.0", "forever"]),
        ("role_helper_mfa_session", &["", "yes", "1m", "37h", "-12h", "12 hours"]),
        ("role_helper_session_name", &["", "a", "a b", "ünïcode", "a/b", "alice;drop", &long, "*"]),
        ("role_helper_external_id", &["", "x", "a b", "\u{e9}\u{e9}", &long]),
        ("role_helper_source_identity", &["", "a", "a b", "user name"]),
        (
            "role_helper_session_policy",
            &[
                "",
                "{",
                "[]",
                "null",
                "\"x\"",
                "file://policy.json",
                "/etc/policy.json",
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
                "{\"Version\":}",
                "{'Version':'2012-10-17'}",
            ],
        ),
        (
            "role_helper_session_policy_arns",
            &["", ",", "ReadOnlyAccess", "arn:aws:iam::222233334444:role/Admin", &eleven],
        ),
        (
            "role_helper_tags",
            &[
                "team",
                "=x",
                "a=b,a=c",
                "A=1,a=2",
                "aws:x=y",
                "a=b\u{7f}",
                &many,
                &format!("{long}=1"),
                "a;b=c",
                "k=<v>",
            ],
        ),
        ("role_helper_transitive_tags", &["", ",,", "a*b", &long]),
        ("role_helper_mfa_prompt", &["", "yes", "TTY!", "terminal", "auto,tty"]),
        ("role_helper_confirm", &["", "maybe", "2", "ja"]),
        ("role_helper_role_arm", &["x"]),
        ("role_helper_", &["x"]),
        ("role_helper_sourceprofile", &["alice"]),
        ("ROLE_HELPER_DURATIONS", &["1h"]),
    ];
    for (key, values) in table {
        for value in *values {
            let name: String = format!("{key} = {value}").chars().take(70).collect();
            let line = format!("{key} = {value}");
            let text = match *key {
                "source_profile" => prod_but("source_profile = alice", &line),
                "region" => prod_but("region = eu-west-1", &line),
                _ => prod_and(&line),
            };
            cases.add(name, 3, text);
        }
    }
    for (key, value) in [
        ("credential_source", "Environment"),
        ("web_identity_token_file", "/var/run/token"),
        ("sso_session", "corp"),
        ("sso_start_url", "https://corp.awsapps.com/start"),
        ("login_session", "arn:aws:iam::111122223333:user/alice"),
        ("credential_process", "/bin/other"),
    ] {
        cases.add(format!("{key} for a source"), 3, prod_but("source_profile = alice", &format!("{key} = {value}")));
    }
    cases.add(
        "an hour too long in a chain",
        3,
        format!(
            "{}[profile admin]\n{role}\nsource_profile = alice\n",
            prod_but("source_profile = alice", "source_profile = admin\nrole_helper_duration = 2h")
        ),
    );
    cases.add(
        "an hour too long from an MFA session",
        3,
        prod_and("role_helper_mfa_session = 12h\nrole_helper_duration = 2h"),
    );
    let key = "aws_access_key_id = AKIAIOSFODNN7EXAMPL2";
    let source = |lines: &str| {
        format!("{}[profile plain]\n{lines}\n", prod_but("source_profile = alice", "source_profile = plain"))
    };
    for (name, lines) in [
        ("a key without a secret", key.to_owned()),
        ("a secret without a key", "aws_secret_access_key = xyz".to_owned()),
        ("an empty key", "aws_access_key_id =\naws_secret_access_key =".to_owned()),
        ("a temporary key", format!("{key}\naws_secret_access_key = x\naws_session_token = y")),
        ("an ASIA key", "aws_access_key_id = ASIAIOSFODNN7EXAMPL2\naws_secret_access_key = x".to_owned()),
        ("a key that is none", "aws_access_key_id = hunter2\naws_secret_access_key = x".to_owned()),
    ] {
        cases.add(name, 3, source(&lines));
    }
}

fn chains(cases: &mut Cases) {
    let role = |name: &str, source: &str| {
        format!("[profile {name}]\nrole_arn = arn:aws:iam::222233334444:role/{name}\nsource_profile = {source}\n")
    };
    let chain = |names: &[(&str, &str)]| names.iter().map(|(name, source)| role(name, source)).collect::<String>();
    cases.add("a loop of one", 3, chain(&[("prod", "prod")]));
    cases.add("a loop of two", 3, chain(&[("prod", "a"), ("a", "prod")]));
    cases.add("a loop of three behind", 3, chain(&[("prod", "a"), ("a", "b"), ("b", "c"), ("c", "a")]));
    cases.add("a dead end", 3, format!("{}[profile a]\nregion = eu-west-1\n", chain(&[("prod", "a")])));
    cases.add("a chain to nowhere", 3, chain(&[("prod", "a"), ("a", "b"), ("b", "nowhere")]));
    cases.add("a chain to a broken profile", 3, format!("{}[profile a]\nregion\n", chain(&[("prod", "a")])));
    cases.add(
        "a chain to a bad role",
        3,
        format!("{}[profile a]\nrole_arn = x\nsource_profile = alice\n", chain(&[("prod", "a")])),
    );
    let long: Vec<(String, String)> = (0..1000).map(|n| (format!("p{n}"), format!("p{}", n + 1))).collect();
    let long: String = long.iter().map(|(name, source)| role(name, source)).collect();
    cases.add("a chain of a thousand to nowhere", 3, format!("{}{long}", role("prod", "p0")));
    let around = long.replace("source_profile = p1000", "source_profile = p0");
    cases.add("a loop of a thousand", 3, format!("{}{around}", role("prod", "p0")));
}

//! What other clients would make of a file: every place where one of them refuses it or reads something else.
//!
//! The AWS CLI refuses the whole file for a key that stands twice, the Rust SDK for a blank too many, the C++ SDK
//! takes a bracket in a value for a header. What is listed here was seen in the clients themselves.

use std::collections::HashMap;
use std::fmt;

use super::text::{Broken, Config, FileKind, SectionKind, What, is_identifier, lower};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Some clients read something else than others.
    Differs,
    /// A client refuses or misuses this profile.
    Profile,
    /// A client refuses the whole file.
    File,
}

/// One thing that is wrong, or that only some clients read alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counted from one.
    pub line: u32,
    /// How bad.
    pub severity: Severity,
    /// The profile it is in, if it is in one.
    pub profile: Option<String>,
    /// What is there, such as `the key region stands twice`.
    pub what: String,
    /// Who does what about it.
    pub who: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Problem {
    /// `line 12: the key region stands twice: botocore and the AWS CLI refuse the whole file (remove one)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {} ({})", self.line, self.what, self.who, self.remedy)
    }
}

const PROCESS: &str = "credential_process";

/// What must not stand beside `credential_process`, and what happens if it does.
const BESIDE_PROCESS: &[(&str, &str)] = &[
    ("role_arn", "clients refuse the profile or assume the role a second time"),
    ("source_profile", "the Go and Ruby SDKs refuse the profile or assume a role"),
    ("mfa_serial", "the .NET SDK cannot use the profile"),
    ("role_session_name", "the .NET SDK cannot use the profile"),
    ("aws_access_key_id", "the JavaScript, Go and Ruby SDKs use the static key instead"),
    ("aws_secret_access_key", "the JavaScript, Go and Ruby SDKs use the static key instead"),
    ("sso_session", "botocore and most SDKs use SSO instead"),
    ("sso_start_url", "botocore and most SDKs use SSO instead"),
    ("login_session", "botocore and the Rust and Go SDKs use the login instead"),
    ("web_identity_token_file", "clients refuse the profile or assume the role a second time"),
    ("credential_source", "clients refuse the profile or assume the role a second time"),
];

impl Config<'_> {
    /// Everything for which a client would refuse the file or read it differently, in the order of the lines.
    pub fn problems(&self) -> Vec<Problem> {
        let mut survey = Survey { config: self, found: Vec::new() };
        if self.text.starts_with('\u{feff}') {
            survey.add(
                1,
                None,
                Severity::File,
                "a byte order mark".to_owned(),
                "botocore and the Rust SDK refuse the whole file",
                "save it as UTF-8 without BOM",
            );
        }
        survey.lone_carriage_return();
        survey.before_the_first_section();
        let lines = self.header_lines();
        survey.headers(&lines);
        for (header, line) in lines.into_iter().enumerate() {
            survey.lines(header, line + 1);
        }
        let mut found = survey.found;
        found.sort_by_key(|problem| problem.line);
        found
    }
}

struct Survey<'c> {
    config: &'c Config<'c>,
    found: Vec<Problem>,
}

impl Survey<'_> {
    fn add(
        &mut self,
        line: u32,
        profile: Option<&str>,
        severity: Severity,
        what: String,
        who: &'static str,
        remedy: &'static str,
    ) {
        let profile = profile.map(str::to_owned);
        self.found.push(Problem { line, severity, profile, what, who, remedy });
    }

    fn lone_carriage_return(&mut self) {
        let bytes = self.config.text.as_bytes();
        let lone = memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n'));
        if let Some(at) = lone {
            self.add(
                self.config.line_at(at),
                None,
                Severity::File,
                "a carriage return within a line".to_owned(),
                "botocore ends the line there, the SDKs do not",
                "end every line with a line feed",
            );
        }
    }

    fn before_the_first_section(&mut self) {
        let start = if self.config.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let end = self.config.headers.first().map_or(self.config.text.len(), |first| first.start);
        let lines: Vec<_> = self.config.lines(start..end).collect();
        for line in lines {
            let indented = matches!(line.what, What::Comment) && line.indent > 0;
            if indented || !matches!(line.what, What::Blank | What::Comment) {
                let who = if indented {
                    "the Rust SDK refuses the whole file"
                } else {
                    "botocore and the SDKs refuse the whole file"
                };
                self.add(
                    line.number,
                    None,
                    Severity::File,
                    if indented { "an indented comment before any section" } else { "a line before any section" }
                        .to_owned(),
                    who,
                    "move it into a section, or remove it",
                );
            }
        }
    }

    fn headers(&mut self, lines: &[u32]) {
        let mut seen: HashMap<(SectionKind, &str), u32> = HashMap::new();
        let prefixed_default =
            self.config.headers.iter().any(|h| h.kind == SectionKind::Profile && h.name == "default")
                && self.config.kind == FileKind::Config;
        for (header, &line) in self.config.headers.iter().zip(lines) {
            let name = header.name;
            match header.kind {
                SectionKind::Broken => {
                    self.add(
                        line,
                        None,
                        Severity::File,
                        format!("the header `{name}` has no `]`"),
                        "botocore and the SDKs refuse the whole file",
                        "write [profile NAME]",
                    );
                    continue;
                }
                SectionKind::Other if name.is_empty() => {
                    self.add(
                        line,
                        None,
                        Severity::File,
                        "a header without a name".to_owned(),
                        "botocore and the AWS CLI refuse the whole file",
                        "write [profile NAME]",
                    );
                }
                SectionKind::Other => {
                    let (who, remedy) = match self.config.kind {
                        FileKind::Config => ("clients do not take it for a profile; some warn", "write [profile NAME]"),
                        FileKind::Credentials => ("SDKs do not take it for a profile", "write [NAME] in this file"),
                    };
                    self.add(line, None, Severity::Differs, format!("the section [{name}]"), who, remedy);
                }
                SectionKind::PlainDefault if prefixed_default => {
                    self.add(
                        line,
                        Some(name),
                        Severity::Differs,
                        "[default] beside [profile default]".to_owned(),
                        "SDKs ignore [default], botocore takes the last",
                        "keep one of them",
                    );
                }
                SectionKind::Profile | SectionKind::SsoSession | SectionKind::Services if !is_identifier(name) => {
                    self.add(
                        line,
                        Some(name),
                        Severity::Differs,
                        format!("the name `{name}`"),
                        "SDKs ignore the section",
                        "use letters, digits and _-/.%@:+",
                    );
                }
                _ => {}
            }
            let source = &self.config.text[header.start..header.body];
            let before = source.split(']').next().unwrap_or_default();
            if matches!(header.kind, SectionKind::Profile) && is_identifier(name) && before.contains(['"', '\'']) {
                self.add(
                    line,
                    Some(name),
                    Severity::Differs,
                    format!("quotes around the name `{name}`"),
                    "SDKs ignore the section",
                    "write it without quotes",
                );
            }
            if source[1..].starts_with([' ', '\t']) {
                self.add(
                    line,
                    Some(name),
                    Severity::Differs,
                    "a blank behind `[`".to_owned(),
                    "botocore does not take it for a profile",
                    "write [profile NAME]",
                );
            }
            let inner = before.trim_end_matches(']');
            if header.kind == SectionKind::PlainDefault && inner.ends_with([' ', '\t']) {
                self.add(
                    line,
                    Some(name),
                    Severity::Differs,
                    "a blank before `]`".to_owned(),
                    "botocore does not take it for a profile",
                    "write [default]",
                );
            }
            if seen.insert((header.kind, name), line).is_some() {
                self.add(
                    line,
                    Some(name),
                    Severity::File,
                    format!("the section [{name}] stands twice"),
                    "botocore and the AWS CLI refuse the whole file",
                    "merge the two sections",
                );
            }
        }
    }

    fn lines(&mut self, header: usize, first_line: u32) {
        let of = self.config.headers[header];
        let profile = matches!(of.kind, SectionKind::Profile | SectionKind::PlainDefault).then_some(of.name);
        let mut keys: HashMap<String, u32> = HashMap::new();
        // Whether the last key has no value of its own, so that a block of `key = value` lines may follow.
        let mut block = false;
        // Whether no key came yet that an indented line could go on.
        let mut first = true;
        let lines: Vec<_> = self.config.lines_from(self.config.body(header), first_line).collect();
        for line in lines {
            let n = line.number;
            match line.what {
                What::Blank => {}
                What::Comment if line.indent == 0 => {}
                What::Comment if block || first => {
                    self.add(
                        n,
                        profile,
                        Severity::File,
                        "an indented comment".to_owned(),
                        "the Rust SDK refuses the whole file",
                        "begin the comment at the margin",
                    );
                }
                What::Comment => {
                    self.add(
                        n,
                        profile,
                        Severity::Differs,
                        "an indented comment".to_owned(),
                        "the Rust SDK takes it for a part of the value above",
                        "begin the comment at the margin",
                    );
                }
                What::Broken(why) => {
                    let (what, remedy) = match why {
                        Broken::NoEquals => ("a line without `=`", "write key = value, or remove it"),
                        Broken::NoKey => ("a value without a key", "write key = value, or remove it"),
                    };
                    self.add(
                        n,
                        profile,
                        Severity::File,
                        what.to_owned(),
                        "botocore and the Rust and Java SDKs refuse the whole file",
                        remedy,
                    );
                    block = false;
                }
                What::Continuation { text } => {
                    if block && text.split_once('=').is_none_or(|(key, _)| key.trim().is_empty()) {
                        self.add(
                            n,
                            profile,
                            Severity::File,
                            "a line of a block without `key =`".to_owned(),
                            "botocore and the Rust and Java SDKs refuse the whole file",
                            "write key = value, or remove it",
                        );
                    } else if block {
                        self.add(
                            n,
                            profile,
                            Severity::Differs,
                            "a nested block".to_owned(),
                            "the PHP, C++ and .NET SDKs flatten it",
                            "none needed unless you use those",
                        );
                    } else {
                        self.add(
                            n,
                            profile,
                            Severity::Differs,
                            "a value that goes on in the next line".to_owned(),
                            "the .NET SDK refuses the file, others cut the value",
                            "write it on one line",
                        );
                    }
                }
                What::Property { key, value, comment } => {
                    if line.indent > 0 {
                        let severity = Severity::File;
                        let what = format!("the key {key} is indented");
                        self.add(
                            n,
                            profile,
                            severity,
                            what,
                            "the Rust SDK refuses the whole file or takes it for the value above",
                            "begin the line at the margin",
                        );
                    }
                    block = value.is_empty();
                    first = false;
                    self.property(n, profile, key, value, comment);
                    // botocore ends a key at `:` too.
                    let short = key.split(':').next().unwrap_or_default().trim_end();
                    let as_sdks = keys.insert(lower(key).into_owned(), n).is_some();
                    let as_botocore = short != key && keys.insert(lower(short).into_owned(), n).is_some();
                    if as_sdks || as_botocore {
                        self.add(
                            n,
                            profile,
                            Severity::File,
                            format!("the key {key} stands twice"),
                            "botocore and the AWS CLI refuse the whole file",
                            "remove one",
                        );
                    }
                }
            }
        }
        self.beside_process(profile, &keys);
    }

    fn property(&mut self, n: u32, profile: Option<&str>, key: &str, value: &str, comment: Option<&str>) {
        if comment.is_some() {
            self.add(
                n,
                profile,
                Severity::Differs,
                format!("a comment behind the value of {key}"),
                "botocore, .NET and PHP take it for a part of the value",
                "move it to a line of its own",
            );
        }
        if key.contains(':') {
            self.add(
                n,
                profile,
                Severity::Differs,
                format!("`:` in the key {key}"),
                "botocore ends the key there",
                "remove it",
            );
        } else if !is_identifier(key) {
            self.add(
                n,
                profile,
                Severity::Differs,
                format!("the key `{key}`"),
                "SDKs ignore it",
                "use letters, digits, _ and -",
            );
        }
        let invisible = |c: char| c != '\t' && c != ' ' && (c.is_whitespace() || c.is_control());
        if key.contains(invisible) || value.contains(invisible) {
            // At the margin it is an indent to botocore, and the next lines may go on with this one or not.
            let severity = if key.starts_with(invisible) { Severity::File } else { Severity::Differs };
            self.add(
                n,
                profile,
                severity,
                format!("an invisible character beside {}", key.trim()),
                "botocore drops it at the ends of keys and values",
                "type the line anew",
            );
        }
        if value.contains(['[', ']']) {
            self.add(
                n,
                profile,
                Severity::Differs,
                format!("a bracket in the value of {key}"),
                "the C++ SDK takes the line for a section header",
                "avoid brackets",
            );
        }
        if comment.is_none() && value.contains([';', '#']) {
            self.add(
                n,
                profile,
                Severity::Differs,
                format!("`;` or `#` in the value of {key}"),
                "PHP and some Go SDKs cut the value there",
                "avoid them",
            );
        }
        let quoted = value.len() > 1 && ['"', '\''].iter().any(|&q| value.starts_with(q) && value.ends_with(q));
        if quoted {
            self.add(
                n,
                profile,
                Severity::Differs,
                format!("quotes around the value of {key}"),
                "Go and PHP strip them, others keep them",
                "write it without quotes",
            );
        }
    }

    fn beside_process(&mut self, profile: Option<&str>, keys: &HashMap<String, u32>) {
        if profile.is_none() || !keys.contains_key(PROCESS) {
            return;
        }
        for (key, who) in BESIDE_PROCESS {
            if let Some(&line) = keys.get(*key) {
                let remedy = "remove it, or put role_helper_ before it";
                self.add(line, profile, Severity::Profile, format!("{key} beside {PROCESS}"), who, remedy);
            }
        }
    }
}

//! The reader: the text of `~/.aws/config` and `~/.aws/credentials`, as AWS's own tools read it.
//!
//! One pass finds the section headers and nothing else; the lines of a section are read when somebody asks for
//! them. Every start of a hot command reads the whole file, however many profiles it holds, and wants two of them.
//!
//! Where clients disagree, the reader takes what the AWS CLI (botocore) and the SDKs both accept, and
//! [`Config::problems`] names every place where one of them would refuse or see something else.

use std::borrow::Cow;
use std::ops::Range;

/// Which of the two files: they name profiles differently (AWS SDKs and Tools Reference Guide, "Shared config and
/// credentials files").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// `[profile NAME]`, `[default]`, `[sso-session NAME]`, `[services NAME]`.
    Config,
    /// `[NAME]`.
    Credentials,
}

/// What a header opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SectionKind {
    /// `[profile NAME]`; in the credentials file `[NAME]`.
    Profile,
    /// `[default]` of the config file, which `[profile default]` replaces.
    PlainDefault,
    /// `[sso-session NAME]`.
    SsoSession,
    /// `[services NAME]`.
    Services,
    /// A section no client takes for a profile.
    Other,
    /// A header without its end.
    Broken,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'t> {
    pub(super) kind: SectionKind,
    pub(super) name: &'t str,
    /// Where `[` is, and where the line behind the header begins.
    pub(super) start: usize,
    pub(super) body: usize,
}

/// One of the two files, read lazily. Its text may hold secrets, so `Debug` shows none of it.
pub struct Config<'t> {
    pub(super) text: &'t str,
    pub(super) kind: FileKind,
    pub(super) headers: Vec<Header<'t>>,
    origin: String,
}

impl<'t> Config<'t> {
    /// Finds the sections of `text`. `origin` is what messages call the file, such as `~/.aws/config`. Never
    /// fails: what is wrong with the text is in [`Config::problems`].
    pub fn parse(text: &'t str, kind: FileKind, origin: &str) -> Config<'t> {
        let bytes = text.as_bytes();
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        // A section of a real file has some hundred bytes; room for all at once saves moving them.
        let mut headers = Vec::with_capacity(text.len() / 160 + 4);
        for start in memchr::memchr_iter(b'[', bytes) {
            if start != first && (start == 0 || bytes[start - 1] != b'\n') {
                continue;
            }
            let end = memchr::memchr(b'\n', &bytes[start..]).map_or(text.len(), |n| start + n);
            let (section, name) = header(&text[start..end], kind);
            headers.push(Header { kind: section, name, start, body: (end + 1).min(text.len()) });
        }
        Config { text, kind, headers, origin: origin.to_owned() }
    }

    /// A file that does not exist.
    pub fn empty(kind: FileKind, origin: &str) -> Config<'static> {
        Config { text: "", kind, headers: Vec::new(), origin: origin.to_owned() }
    }

    /// What messages call the file.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The profile, merged where the file names it more than once.
    pub fn profile(&self, name: &str) -> Option<Section<'_>> {
        let found = self.section(SectionKind::Profile, name);
        if found.is_none() && name == "default" { self.section(SectionKind::PlainDefault, name) } else { found }
    }

    /// The names of the profiles, each once, in the order of the file.
    pub fn profiles(&self) -> impl Iterator<Item = &'t str> {
        let mut seen = std::collections::HashSet::new();
        self.headers
            .iter()
            .filter(|header| matches!(header.kind, SectionKind::Profile | SectionKind::PlainDefault))
            .map(|header| header.name)
            .filter(move |name| seen.insert(*name))
    }

    /// `[sso-session NAME]`.
    pub fn sso_session(&self, name: &str) -> Option<Section<'_>> {
        self.section(SectionKind::SsoSession, name)
    }

    /// `[services NAME]`.
    pub fn services(&self, name: &str) -> Option<Section<'_>> {
        self.section(SectionKind::Services, name)
    }

    /// A header that may have been meant for the profile `name` and is none, such as `[prod]` or `[profile prod`:
    /// where it is and what is wrong with it.
    pub(super) fn misread_header(&self, name: &str) -> Option<String> {
        let at = |header: &Header<'_>| format!("{}:{}", self.origin, self.line_at(header.start));
        let named = |header: &&Header<'_>| {
            header.kind == SectionKind::Other && header.name.split_whitespace().next_back() == Some(name)
        };
        if let Some(header) = self.headers.iter().find(named) {
            let right = match self.kind {
                FileKind::Config => format!("[profile {name}]"),
                FileKind::Credentials => format!("[{name}]"),
            };
            return Some(format!("{}: [{}] is no profile here: write {right}", at(header), header.name));
        }
        let broken = self.headers.iter().find(|header| header.kind == SectionKind::Broken)?;
        Some(format!("{}: a section header that does not end with `]`", at(broken)))
    }

    fn section(&self, kind: SectionKind, name: &str) -> Option<Section<'_>> {
        let of_name = |header: &Header<'_>| header.kind == kind && header.name == name;
        let of_this = self.headers.iter().enumerate().filter(|(_, header)| of_name(header));
        let parts: Vec<Part> =
            of_this.map(|(header, found)| Part { header, line: self.line_at(found.start) }).collect();
        let first = self.headers.get(parts.first()?.header)?;
        Some(Section { config: self, name: first.name, parts })
    }

    /// All profiles, in the order of the file: as [`Config::profile`] for each of [`Config::profiles`], in one pass.
    pub fn profile_sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section<'_>> = Vec::new();
        let mut known = std::collections::HashMap::new();
        let wins = self.headers.iter().any(|header| header.kind == SectionKind::Profile && header.name == "default");
        for ((at, header), line) in self.headers.iter().enumerate().zip(self.header_lines()) {
            match header.kind {
                SectionKind::Profile => {}
                SectionKind::PlainDefault if !wins => {}
                _ => continue,
            }
            let section = *known.entry(header.name).or_insert_with(|| {
                sections.push(Section { config: self, name: header.name, parts: Vec::new() });
                sections.len() - 1
            });
            sections[section].parts.push(Part { header: at, line });
        }
        sections
    }

    /// The line, counted from one, that holds this byte.
    pub(super) fn line_at(&self, byte: usize) -> u32 {
        let breaks = memchr::memchr_iter(b'\n', &self.text.as_bytes()[..byte]).count();
        u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The line of every header, counted in one pass.
    pub(super) fn header_lines(&self) -> Vec<u32> {
        let (mut at, mut line) = (0, 1);
        let mut lines = Vec::with_capacity(self.headers.len());
        for header in &self.headers {
            line += memchr::memchr_iter(b'\n', &self.text.as_bytes()[at..header.start]).count();
            at = header.start;
            lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        }
        lines
    }

    /// The bytes of the lines that belong to a header.
    pub(super) fn body(&self, header: usize) -> Range<usize> {
        let end = self.headers.get(header + 1).map_or(self.text.len(), |next| next.start);
        self.headers[header].body.min(end)..end
    }

    pub(super) fn lines(&self, range: Range<usize>) -> Lines<'_> {
        let line = self.line_at(range.start);
        self.lines_from(range, line)
    }

    /// As `lines`, where the number of the first line is known.
    pub(super) fn lines_from(&self, range: Range<usize>, line: u32) -> Lines<'_> {
        Lines { text: self.text, at: range.start, end: range.end, line, key_indent: None }
    }
}

impl std::fmt::Debug for Config<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config({}, {} sections)", self.origin, self.headers.len())
    }
}

/// A section, all parts of it that the file holds.
#[derive(Debug, Clone)]
pub struct Section<'c> {
    config: &'c Config<'c>,
    name: &'c str,
    parts: Vec<Part>,
}

/// One of the headers that open a section.
#[derive(Debug, Clone, Copy)]
struct Part {
    // Its place in `Config::headers`.
    header: usize,
    // Its line, counted from one.
    line: u32,
}

/// A value as written, and where. It may be a secret, so `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Value<'c> {
    /// Trimmed, without an inline comment; continuation lines follow behind `\n`.
    pub text: Cow<'c, str>,
    /// Counted from one.
    pub line: u32,
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({} bytes, line {})", self.text.len(), self.line)
    }
}

/// One `key = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property<'c> {
    /// In lower case, as every client but one looks it up.
    pub key: Cow<'c, str>,
    /// The value.
    pub value: Value<'c>,
}

impl<'c> Section<'c> {
    /// The name in the header.
    pub fn name(&self) -> &'c str {
        self.name
    }

    /// The line of its first header, counted from one.
    pub fn line(&self) -> u32 {
        self.parts.first().map_or(0, |part| part.line)
    }

    fn lines(&self, part: Part) -> Lines<'c> {
        self.config.lines_from(self.config.body(part.header), part.line + 1)
    }

    /// `~/.aws/config:12`.
    pub fn at(&self, line: u32) -> String {
        format!("{}:{line}", self.config.origin)
    }

    /// Whether SDKs know a profile of this name: they ignore names outside of `[A-Za-z0-9_/.%@:+-]`.
    pub fn known_to_sdks(&self) -> bool {
        is_identifier(self.name)
    }

    /// The value of `key` (lower case); the last one, where the section has it more than once.
    pub fn get(&self, key: &str) -> Option<Value<'c>> {
        let mut found = None;
        for property in self.properties() {
            if property.key == key {
                found = Some(property.value);
            }
        }
        found
    }

    /// All properties in the order of the file, repeated ones included.
    pub fn properties(&self) -> Vec<Property<'c>> {
        let mut properties: Vec<Property<'c>> = Vec::new();
        for &part in &self.parts {
            let mut open = false;
            for line in self.lines(part) {
                match line.what {
                    What::Property { key, value, .. } => {
                        let value = Value { text: Cow::Borrowed(value), line: line.number };
                        properties.push(Property { key: lower(key), value });
                        open = true;
                    }
                    What::Continuation { text } if open => {
                        if let Some(last) = properties.last_mut() {
                            let whole = last.value.text.to_mut();
                            whole.push('\n');
                            whole.push_str(text);
                        }
                    }
                    What::Broken(_) => open = false,
                    What::Blank | What::Comment | What::Continuation { .. } => {}
                }
            }
        }
        properties
    }

    /// The first line that is neither a property nor a comment, if there is one.
    pub fn broken_line(&self) -> Option<(u32, Broken)> {
        self.parts.iter().flat_map(|&part| self.lines(part)).find_map(|line| match line.what {
            What::Broken(why) => Some((line.number, why)),
            _ => None,
        })
    }
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// No `=`.
    #[error("expected `key = value`")]
    NoEquals,
    /// Nothing before `=`.
    #[error("a value without a key")]
    NoKey,
}

/// A line inside a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'t> {
    pub(super) number: u32,
    /// With its line break.
    pub(super) bytes: Range<usize>,
    pub(super) indent: usize,
    pub(super) what: What<'t>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What<'t> {
    Blank,
    Comment,
    Property { key: &'t str, value: &'t str, comment: Option<&'t str> },
    Continuation { text: &'t str },
    Broken(Broken),
}

/// The lines of a section, told apart as botocore's configparser does it: what is indented deeper than the key
/// above it continues that key's value.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    end: usize,
    line: u32,
    key_indent: Option<usize>,
}

pub(super) const BLANK: &[char] = &[' ', '\t', '\r'];

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        if self.at >= self.end {
            return None;
        }
        let start = self.at;
        let rest = &self.text.as_bytes()[start..self.end];
        let (length, line_break) = memchr::memchr(b'\n', rest).map_or((rest.len(), 0), |at| (at, 1));
        self.at = start + length + line_break;
        let number = self.line;
        self.line = self.line.saturating_add(1);

        let raw = self.text[start..start + length].trim_end_matches(BLANK);
        let content = raw.trim_start_matches(BLANK);
        let indent = raw.len() - content.len();
        let what = if content.is_empty() {
            What::Blank
        } else if content.starts_with(['#', ';']) {
            What::Comment
        } else if self.key_indent.is_some_and(|key| indent > key) {
            What::Continuation { text: content }
        } else {
            let what = property(content);
            self.key_indent = matches!(what, What::Property { .. }).then_some(indent);
            what
        };
        Some(Line { number, bytes: start..self.at, indent, what })
    }
}

fn property(content: &str) -> What<'_> {
    let (content, comment) = cut_comment(content);
    match content.split_once('=') {
        None => What::Broken(Broken::NoEquals),
        Some((key, value)) => {
            let (key, value) = (key.trim_matches(BLANK), value.trim_matches(BLANK));
            if key.is_empty() { What::Broken(Broken::NoKey) } else { What::Property { key, value, comment } }
        }
    }
}

/// An inline comment begins at a `#` or `;` that follows a blank.
fn cut_comment(content: &str) -> (&str, Option<&str>) {
    let bytes = content.as_bytes();
    let begins = |&at: &usize| matches!(bytes[at], b'#' | b';') && matches!(bytes[at - 1], b' ' | b'\t');
    match (1..bytes.len()).find(begins) {
        Some(at) => (content[..at].trim_end_matches(BLANK), Some(&content[at..])),
        None => (content, None),
    }
}

/// `line` begins with `[`.
fn header(line: &str, file: FileKind) -> (SectionKind, &str) {
    // Any `#` or `;` ends a header, for so do the SDKs.
    let end = line.bytes().position(|b| matches!(b, b'#' | b';')).unwrap_or(line.len());
    let Some(inner) = line[1..end].trim_end_matches(BLANK).strip_suffix(']') else {
        return (SectionKind::Broken, line.trim_end_matches(BLANK));
    };
    let inner = inner.trim_matches(BLANK);
    let (prefix, rest) = match inner.split_once([' ', '\t']) {
        Some((prefix, rest)) => (prefix, rest.trim_start_matches(BLANK)),
        None => ("", inner),
    };
    match (file, prefix) {
        (_, "") if inner.is_empty() => (SectionKind::Other, inner),
        (FileKind::Config, "") if inner == "default" => (SectionKind::PlainDefault, inner),
        (FileKind::Config, "profile") => match unquoted(rest) {
            Some(name) => (SectionKind::Profile, name),
            None => (SectionKind::Other, inner),
        },
        (FileKind::Config, "sso-session") => (SectionKind::SsoSession, rest),
        (FileKind::Config, "services") => (SectionKind::Services, rest),
        (FileKind::Config, _) | (FileKind::Credentials, "profile") => (SectionKind::Other, inner),
        (FileKind::Credentials, _) => (SectionKind::Profile, inner),
    }
}

/// botocore splits headers as a shell does: `[profile "two words"]` is a profile there, `[profile two words]` none.
fn unquoted(name: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(inner) = name.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return (!inner.is_empty() && !inner.contains(quote)).then_some(inner);
        }
    }
    (!name.is_empty() && !name.contains([' ', '\t'])).then_some(name)
}

/// Names and keys that SDKs do not ignore.
pub(super) fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
}

pub(super) fn lower(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(key.to_ascii_lowercase()) } else { Cow::Borrowed(key) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config(text: &str) -> Config<'_> {
        Config::parse(text, FileKind::Config, "config")
    }

    #[test]
    fn values_have_lines_and_lose_their_comments() {
        let text = "# top\r\n[profile prod] ; the big one\r\nRegion = eu-west-1 # near\r\n\r\nrole_arn=a;b\r\n";
        let config = config(text);
        let prod = config.profile("prod").unwrap();
        assert_eq!(prod.line(), 2);
        assert_eq!(prod.get("region"), Some(Value { text: "eu-west-1".into(), line: 3 }));
        assert_eq!(prod.get("role_arn"), Some(Value { text: "a;b".into(), line: 5 }));
        assert_eq!(prod.get("nothing"), None);
    }

    #[test]
    fn repeated_sections_merge_and_the_last_key_wins() {
        let config = config("[profile a]\nx = 1\ny = 2\n[profile b]\n[profile a]\nx = 3\n");
        let a = config.profile("a").unwrap();
        assert_eq!(a.get("x"), Some(Value { text: "3".into(), line: 6 }));
        assert_eq!(a.get("y").unwrap().text, "2");
        assert_eq!(config.profiles().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn quoted_names_bom_and_indented_keys_are_read_as_botocore_reads_them() {
        let config = config("\u{feff}[profile \"two words\"]\n  a = 1\n  b = 2\n   more\n");
        let section = config.profile("two words").unwrap();
        assert!(!section.known_to_sdks());
        assert_eq!(section.get("a").unwrap().text, "1");
        assert_eq!(section.get("b").unwrap().text, "2\nmore");
    }

    #[test]
    fn blocks_and_other_sections() {
        let config =
            config("[services dev]\nsts =\n  endpoint_url = http://localhost:1\n[sso-session s]\nk = v\n[x]\n");
        assert_eq!(config.services("dev").unwrap().get("sts").unwrap().text, "\nendpoint_url = http://localhost:1");
        assert_eq!(config.sso_session("s").unwrap().get("k").unwrap().text, "v");
        assert_eq!(config.profiles().count(), 0);
    }

    #[test]
    fn a_header_without_end_takes_its_lines_with_it() {
        let config = config("[profile a]\nx = 1\n[profile b\nx = 2\n");
        assert_eq!(config.profile("a").unwrap().get("x").unwrap().text, "1");
        assert!(config.profile("b").is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "([\\[\\]=#; \t\r\n:\"a-c\u{feff}é]|profile |default){0,60}") {
            for kind in [FileKind::Config, FileKind::Credentials] {
                let config = Config::parse(&text, kind, "f");
                for name in config.profiles() {
                    let section = config.profile(name).unwrap();
                    prop_assert!(section.line() as usize <= text.matches('\n').count() + 1);
                    section.properties();
                    section.broken_line();
                }
                let sections = config.profile_sections();
                prop_assert_eq!(sections.len(), config.profiles().count());
                for section in sections {
                    let same = config.profile(section.name()).unwrap();
                    prop_assert_eq!((section.line(), section.properties()), (same.line(), same.properties()));
                }
                config.problems();
            }
        }
    }
}

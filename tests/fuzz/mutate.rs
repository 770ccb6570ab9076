//! One input made from others: bytes, words and lines changed, moved, doubled, crossed.

/// What the readers look for, so that chance need not find it letter by letter.
const WORDS: &[&str] = &[
    "[",
    "]",
    "=",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "#",
    ";",
    ":",
    "\"",
    "'",
    "\\",
    "{",
    "}",
    ",",
    "\u{feff}",
    "é",
    "\0",
    "\u{2028}",
    "\u{a0}",
    "-1",
    "0",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775808",
    "1e999",
    "null",
    "true",
    "\\u0000",
    "\\ud800",
    "[profile a]",
    "[default]",
    "[profile default]",
    "[services x]",
    "[sso-session s]",
    "[profile \"a b\"]",
    "profile ",
    "role_arn",
    "source_profile",
    "credential_source",
    "credential_process",
    "role_helper_",
    "mfa_serial",
    "mfa_session",
    "duration",
    "region",
    "= alice\n",
    "arn:aws:iam::222233334444:role/Admin",
    "arn:aws:iam::111122223333:mfa/alice",
    "session_policy",
    "tags",
    "12h",
    "900",
    "43200s",
    "\n  ",
    "\n[profile b]\n",
    "a = 1\n",
    "endpoint_url = http://localhost:1\n",
    "sts =\n  endpoint_url = x\n",
    "services = x\n",
    "AccessKey",
    "AccessKeyId",
    "SecretAccessKey",
    "Access key ID,Secret access key",
    "AKIAIOSFODNN7EXAMPLE",
    "version",
    "\"\"",
    "2026-11-23T12:00:00Z",
    "+275760-09-13T00:00:00Z",
    "-009999-01-01T00:00:00Z",
];

/// Xorshift: the same seed gives the same inputs.
pub struct Mutator(u64);

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Mutator(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.next() % limit as u64) as usize }
    }

    /// A mutant of one of `kept`.
    pub fn of(&mut self, kept: &[Vec<u8>]) -> Vec<u8> {
        let mut input = kept.get(self.below(kept.len())).cloned().unwrap_or_default();
        for _ in 0..1 + self.below(6) {
            self.change(&mut input, kept);
        }
        input.truncate(16 << 10);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, kept: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(24)).min(input.len());
        match self.below(11) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.next() as u8,
            2 if at < end => drop(input.drain(at..end)),
            3 if at < end => {
                let copy = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            4 | 5 => {
                let word = WORDS[self.below(WORDS.len())].bytes();
                input.splice(at..at, word);
            }
            6 if at < end => {
                let word = WORDS[self.below(WORDS.len())].bytes();
                input.splice(at..end, word);
            }
            7 => {
                let other = &kept[self.below(kept.len())];
                let (from, to) = (self.below(other.len() + 1), self.below(other.len() + 1));
                input.splice(at..at, other[from.min(to)..from.max(to)].iter().copied());
            }
            8 => self.line(input),
            9 => self.number(input, at),
            _ => input.truncate(at),
        }
    }

    /// The next number becomes one at an edge.
    fn number(&mut self, input: &mut Vec<u8>, at: usize) {
        const EDGES: &[&str] =
            &["0", "-1", "1", "9223372036854775807", "-9223372036854775808", "4294967296", "1e308", "00", "0.5"];
        let Some(start) = input[at..].iter().position(u8::is_ascii_digit).map(|to| at + to) else { return };
        let end = input[start..].iter().position(|b| !b.is_ascii_digit()).map_or(input.len(), |to| start + to);
        let edge = EDGES[self.below(EDGES.len())].bytes();
        input.splice(start..end, edge);
    }

    /// A line goes, comes twice, or comes elsewhere.
    fn line(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
        if lines.is_empty() {
            return;
        }
        let (from, to) = (self.below(lines.len()), self.below(lines.len()));
        match self.below(3) {
            0 => drop(lines.remove(from)),
            1 => lines.insert(to, lines[from].clone()),
            _ => lines.swap(from, to),
        }
        *input = lines.concat();
    }
}

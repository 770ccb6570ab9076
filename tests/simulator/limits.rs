//! STS's checks of parameters, in the words of its ValidationError. Source: the service model of STS (2011-06-15).

use super::state::Denial;

/// A call's parameters.
#[derive(Clone, Copy)]
pub struct Params<'a>(pub &'a [(String, String)]);

impl<'a> Params<'a> {
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// `Name.member.N.field` (or `Name.member.N` for an empty field), N from 1 without a gap.
    pub fn list(self, name: &str, field: &str) -> Vec<&'a str> {
        let dot = if field.is_empty() { "" } else { "." };
        (1..).map_while(|n| self.get(&format!("{name}.member.{n}{dot}{field}"))).collect()
    }
}

/// Collects what is wrong, since AWS answers with all of it at once.
#[derive(Default)]
pub struct Checks(Vec<String>);

impl Checks {
    fn fail(&mut self, value: Option<&str>, name: &str, constraint: &str) {
        let value = value.map_or("null".to_owned(), |v| format!("'{v}'"));
        self.0.push(format!("Value {value} at '{name}' failed to satisfy constraint: {constraint}"));
    }

    pub fn required(&mut self, value: Option<&str>, name: &str) {
        if value.is_none() {
            self.fail(None, name, "Member must not be null");
        }
    }

    /// Length in characters.
    pub fn length(&mut self, value: Option<&str>, name: &str, least: usize, most: usize) {
        let Some(value) = value else { return };
        let length = value.chars().count();
        if length < least {
            self.fail(Some(value), name, &format!("Member must have length greater than or equal to {least}"));
        }
        if length > most {
            self.fail(Some(value), name, &format!("Member must have length less than or equal to {most}"));
        }
    }

    /// Letters, digits and `_` or one of `others`; `pattern` is AWS's regular expression for the message.
    pub fn charset(&mut self, value: Option<&str>, name: &str, others: &str, pattern: &str) {
        let Some(value) = value else { return };
        if !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || others.contains(c)) {
            self.fail(Some(value), name, &format!("Member must satisfy regular expression pattern: {pattern}"));
        }
    }

    pub fn digits(&mut self, value: Option<&str>, name: &str) {
        if value.is_some_and(|v| !v.bytes().all(|b| b.is_ascii_digit())) {
            self.fail(value, name, "Member must satisfy regular expression pattern: [\\d]*");
        }
    }

    /// A number within bounds, or the default.
    pub fn number(&mut self, value: Option<&str>, name: &str, least: i64, most: i64, default: i64) -> i64 {
        let Some(text) = value else { return default };
        match text.parse() {
            Ok(number) if number < least => {
                self.fail(value, name, &format!("Member must have value greater than or equal to {least}"));
                number
            }
            Ok(number) if number > most => {
                self.fail(value, name, &format!("Member must have value less than or equal to {most}"));
                number
            }
            Ok(number) => number,
            Err(_) => {
                self.fail(value, name, "Member must be an integer");
                default
            }
        }
    }

    pub fn count(&mut self, length: usize, name: &str, most: usize) {
        if length > most {
            self.fail(
                Some(&format!("[{length} members]")),
                name,
                &format!("Member must have length less than or equal to {most}"),
            );
        }
    }

    pub fn done(self) -> Result<(), Denial> {
        match self.0.len() {
            0 => Ok(()),
            n => {
                let plural = if n == 1 { "" } else { "s" };
                Err(Denial::validation(format!("{n} validation error{plural} detected: {}", self.0.join("; "))))
            }
        }
    }
}

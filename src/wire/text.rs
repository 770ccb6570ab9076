//! A text that holds secrets.

use std::fmt;

use zeroize::Zeroizing;

/// A text that holds secrets: wiped on drop, redacted in `Debug`.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// An empty one with room for so many bytes. What is pushed beyond would be copied by a reallocation, so
    /// callers count first.
    pub(crate) fn with_room(bytes: usize) -> Self {
        SecretText(Zeroizing::new(String::with_capacity(bytes)))
    }

    pub(crate) fn push(&mut self, text: &str) {
        debug_assert!(self.0.len() + text.len() <= self.0.capacity(), "a secret would be copied");
        self.0.push_str(text);
    }

    pub(crate) fn push_char(&mut self, c: char) {
        self.push(c.encode_utf8(&mut [0; 4]));
    }

    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.0.capacity()
    }

    /// Marks the place where the secrets leave our hands.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

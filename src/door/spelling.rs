//! Names as file names: any text in, one file's name out, and back.

use sha2::{Digest, Sha256};

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |d: u8| char::from(DIGITS[usize::from(d)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// 32 hexadecimal digits that stand for a text.
pub(super) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..16])
}

/// Percent-encodes what is no letter, digit, `_`, `-`, or a dot behind the first character. Capitals too where the
/// file system takes `Alice` and `alice` for one name.
pub(super) fn encode(name: &str) -> String {
    const FOLDS_CASE: bool = cfg!(any(windows, target_os = "macos"));
    let mut encoded = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        let capital = byte.is_ascii_uppercase() && FOLDS_CASE;
        if (byte.is_ascii_alphanumeric() && !capital) || b"_-".contains(&byte) || (byte == b'.' && at > 0) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex(&[byte]));
        }
    }
    encoded
}

/// What [`encode`] was given; none for what it never makes.
pub(super) fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_one_file_and_comes_back() {
        for name in ["alice", "a/b", "../../etc/passwd", ".hidden", "日本", "a%2fb", "a.b", "", "100%", "a\0b"] {
            let file = encode(name);
            assert!(!file.contains(['/', '\0']) && !file.starts_with('.'), "{name}: {file}");
            assert_eq!(decode(&file).as_deref(), Some(name));
        }
        assert_eq!(decode("%"), None);
        assert_eq!(decode("%zz"), None);
    }
}

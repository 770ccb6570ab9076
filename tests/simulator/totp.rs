//! Codes of virtual MFA devices: RFC 6238 with SHA-1 and six digits, and base32 seeds (RFC 4648), as IAM makes them.

use hmac::{Hmac, Mac};
use sha1::Sha1;

/// The code of `step` (time divided by the step's length), six digits.
pub fn code(seed: &[u8], step: i64) -> String {
    format!("{:06}", truncated(seed, step) % 1_000_000)
}

fn truncated(seed: &[u8], step: i64) -> u32 {
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(seed).expect("HMAC takes a key of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0x0f);
    u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]])
}

/// Decodes a seed; spaces, padding and lower case are taken, as a phone takes them.
pub fn base32(text: &str) -> Result<Vec<u8>, String> {
    let (mut bits, mut held, mut out) = (0u32, 0u32, Vec::new());
    for c in text.chars().filter(|c| !matches!(c, ' ' | '=' | '-')) {
        let value = match c.to_ascii_uppercase() {
            c @ 'A'..='Z' => c as u32 - 'A' as u32,
            c @ '2'..='7' => c as u32 - '2' as u32 + 26,
            other => return Err(format!("{other:?} is not base32")),
        };
        bits = bits << 5 | value;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_6238() {
        let seed = b"12345678901234567890";
        for (time, eight_digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(truncated(seed, time / 30) % 100_000_000, eight_digits);
        }
        assert_eq!(code(seed, 59 / 30), "287082");
    }

    #[test]
    fn the_vectors_of_rfc_4648() {
        assert_eq!(base32("MZXW6YTBOI======").unwrap(), b"foobar");
        assert_eq!(base32("mzxw 6ytb").unwrap(), b"fooba");
        assert!(base32("MZXW6YT1").is_err());
    }
}

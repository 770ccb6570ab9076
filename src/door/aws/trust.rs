//! The file of certificates that stands in for the system's (`AWS_CA_BUNDLE`, `ca_bundle`).
//!
//! The TLS library panics on a certificate it cannot parse, so a broken file is found here and named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::door::owner::said;
use crate::port::AwsError;

/// The file's certificates as PEM.
///
/// # Errors
/// [`AwsError::Endpoint`] where it cannot be read, or where a certificate in it is none.
pub(super) fn read_bundle(path: &str) -> Result<Vec<u8>, AwsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| AwsError::Endpoint(format!("the CA bundle {path} cannot be read: {}", said(&error))))?;
    certificates(&text).map(String::into_bytes).map_err(|why| AwsError::Endpoint(format!("the CA bundle {path} {why}")))
}

/// Only the certificates of the text: bundles have names and comments between them.
fn certificates(text: &str) -> Result<String, &'static str> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((_, from)) = rest.split_once(BEGIN) {
        let (body, behind) = from.split_once(END).ok_or("ends in the middle of a certificate")?;
        let base64: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(&base64).map_err(|_| "has a certificate that is not base64")?;
        if !is_certificate(&der) {
            return Err("has a certificate that is none");
        }
        for line in [BEGIN, base64.as_str(), END] {
            kept.push_str(line);
            kept.push('\n');
        }
        rest = behind;
    }
    if kept.is_empty() { Err("holds no PEM certificate") } else { Ok(kept) }
}

/// Whether it is an ASN.1 sequence (the signed certificate) of exactly this length that begins with a sequence (what
/// is signed), as X.509 has it (RFC 5280, section 4.1).
fn is_certificate(der: &[u8]) -> bool {
    let Some((outer, [])) = sequence(der) else { return false };
    let Some((signed, behind)) = sequence(outer) else { return false };
    let Some((_, signature)) = sequence(behind) else { return false };
    !signed.is_empty() && signature.first() == Some(&0x03)
}

/// The content of a DER sequence at the start, and what follows it.
fn sequence(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x30, first, rest @ ..] = der else { return None };
    let (length, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            (bytes.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_bundles_are_named() {
        for (text, why) in [
            ("", "holds no PEM certificate"),
            ("hello", "holds no PEM certificate"),
            ("-----BEGIN CERTIFICATE-----\nMIIB", "ends in the middle"),
            ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----", "not base64"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "that is none"),
        ] {
            assert!(certificates(text).unwrap_err().contains(why), "{text}");
        }
        assert!(read_bundle("/nonexistent/ca.pem").unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn the_systems_own_bundle_is_taken_whole() {
        // Where the machine has one; its certificates are the best samples there are.
        let Ok(text) = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt") else { return };
        let kept = certificates(&text).unwrap();
        let count = |text: &str| text.matches("BEGIN CERTIFICATE").count();
        assert_eq!(count(&kept), count(&text));
    }
}

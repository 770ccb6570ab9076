//! The envelope of one sealed session.
//!
//! A file is two lines of text that anybody may read, then a nonce, then ciphertext:
//!
//! ```text
//! role-helper sealed session 1
//! {"profile":"prod","source":"alice","role_arn":…,"expiration":"2026-11-23T19:14:49Z",…}
//! <24 bytes nonce><XChaCha20-Poly1305 ciphertext and tag>
//! ```
//!
//! Both lines and the cache key are the associated data: a file that was moved under another key, or whose
//! header was touched, opens nothing.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{CacheKey, Header};
use crate::identity::SessionCredentials;

/// Length of the key that seals, in bytes.
pub const DATA_KEY_BYTES: usize = 32;
/// Length of the nonce, in bytes; random ones never meet twice at this length.
pub const NONCE_BYTES: usize = 24;

const MAGIC: &[u8] = b"role-helper sealed session 1\n";

/// The key that seals the cache; wiped on drop.
pub type DataKey = Zeroizing<[u8; DATA_KEY_BYTES]>;

/// A session with its clear header.
#[derive(Debug, Clone)]
pub struct SealedSession {
    /// The clear part.
    pub header: Header,
    /// The sealed part.
    pub credentials: SessionCredentials,
}

#[derive(Serialize, Deserialize)]
struct Secrets<'a> {
    id: &'a str,
    secret: &'a str,
    token: &'a str,
}

/// The file's bytes; none only if the header cannot be written as JSON or the cipher refuses, which no session does.
pub fn seal(session: &SealedSession, key: &CacheKey, data_key: &DataKey, nonce: [u8; NONCE_BYTES]) -> Option<Vec<u8>> {
    let credentials = &session.credentials;
    let secrets = Secrets {
        id: credentials.access_key_id.as_str(),
        secret: credentials.secret_access_key.expose_secret(),
        token: credentials.session_token.expose_secret(),
    };
    // Sized so that it never grows: growing would leave a copy behind that nobody wipes.
    let mut plain = Zeroizing::new(Vec::with_capacity(256 + 2 * (secrets.secret.len() + secrets.token.len())));
    serde_json::to_writer(&mut *plain, &secrets).ok()?;

    let mut file = MAGIC.to_vec();
    serde_json::to_writer(&mut file, &session.header).ok()?;
    file.push(b'\n');
    let bound = associated(&file, key);
    let cipher = XChaCha20Poly1305::new((&**data_key).into());
    let sealed = cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: &plain, aad: &bound }).ok()?;
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&sealed);
    Some(file)
}

/// The session in the file, if the file is whole, ours, and sealed with this data key under this cache key.
pub fn open(file: &[u8], key: &CacheKey, data_key: &DataKey) -> Option<SealedSession> {
    let (header, clear, sealed) = split(file)?;
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE_BYTES)?;
    let bound = associated(clear, key);
    let cipher = XChaCha20Poly1305::new((&**data_key).into());
    let plain = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: &bound }).ok()?;
    let plain = Zeroizing::new(plain);
    let secrets: Secrets<'_> = serde_json::from_slice(&plain).ok()?;
    let credentials = SessionCredentials {
        access_key_id: secrets.id.parse().ok()?,
        secret_access_key: secrets.secret.into(),
        session_token: secrets.token.into(),
        expiration: header.expiration,
        account_id: header.account_id.clone(),
    };
    Some(SealedSession { header, credentials })
}

/// The clear header of a file, unproven: without the key nobody knows whether it was touched.
pub fn clear_header(file: &[u8]) -> Option<Header> {
    split(file).map(|(header, _, _)| header)
}

fn split(file: &[u8]) -> Option<(Header, &[u8], &[u8])> {
    let line = file.strip_prefix(MAGIC)?;
    let end = line.iter().position(|&b| b == b'\n')?;
    let header = serde_json::from_slice(&line[..end]).ok()?;
    let (clear, sealed) = file.split_at(MAGIC.len() + end + 1);
    Some((header, clear, sealed))
}

fn associated(clear: &[u8], key: &CacheKey) -> Vec<u8> {
    [clear, key.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SealedSession {
        let header = Header {
            profile: "prod".into(),
            source: "alice".into(),
            role_arn: Some("arn:aws:iam::222233334444:role/Admin".into()),
            session_name: Some("alice".into()),
            account_id: "222233334444".into(),
            issued: "2026-11-23T18:00:00Z".parse().unwrap(),
            expiration: "2026-11-23T19:00:00Z".parse().unwrap(),
            clock_offset: 0,
        };
        let credentials = SessionCredentials {
            access_key_id: "ASIAIOSFODNN7EXAMPLE".parse().unwrap(),
            secret_access_key: "the-secret".into(),
            session_token: "the-token".into(),
            expiration: header.expiration,
            account_id: header.account_id.clone(),
        };
        SealedSession { header, credentials }
    }

    fn key(digit: char) -> CacheKey {
        digit.to_string().repeat(64).parse().unwrap()
    }

    #[test]
    fn what_was_sealed_opens_under_the_same_keys_only() {
        let data_key = Zeroizing::new([7; 32]);
        let file = seal(&session(), &key('a'), &data_key, [1; 24]).unwrap();
        let opened = open(&file, &key('a'), &data_key).unwrap();
        assert_eq!(opened.header, session().header);
        assert_eq!(opened.credentials.session_token.expose_secret(), "the-token");
        assert!(open(&file, &key('b'), &data_key).is_none());
        assert!(open(&file, &key('a'), &Zeroizing::new([8; 32])).is_none());
    }

    #[test]
    fn nothing_secret_is_clear() {
        let file = seal(&session(), &key('a'), &Zeroizing::new([7; 32]), [1; 24]).unwrap();
        let text = String::from_utf8_lossy(&file);
        for secret in ["the-secret", "the-token", "ASIAIOSFODNN7EXAMPLE"] {
            assert!(!text.contains(secret), "{secret}");
        }
        assert_eq!(clear_header(&file).unwrap(), session().header);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_a_miss() {
        let data_key = Zeroizing::new([7; 32]);
        let file = seal(&session(), &key('a'), &data_key, [1; 24]).unwrap();
        for cut in 0..file.len() {
            assert!(open(&file[..cut], &key('a'), &data_key).is_none(), "cut at {cut}");
        }
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(open(&changed, &key('a'), &data_key).is_none(), "changed at {at}");
        }
    }
}

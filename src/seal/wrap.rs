//! Wrapping one key with another: what leaves our folder, such as a copy in the kernel, opens nothing by itself.
//!
//! The form is `nonce (24) · ciphertext · tag (16)`, XChaCha20-Poly1305; the context is bound as associated data, so
//! that a wrapped thing opens only as what it was wrapped as. The nonce comes from the caller, since randomness is
//! I/O; it is long enough to be drawn at random for every wrap.

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Bytes of a nonce.
pub const NONCE: usize = 24;
/// Bytes of an authentication tag.
const TAG: usize = 16;
/// Bytes that wrapping adds.
pub const OVERHEAD: usize = NONCE + TAG;

/// Wraps `plain`; the result is [`OVERHEAD`] bytes longer. The nonce must never be used twice under one key.
pub fn wrap(wrapping_key: &[u8; 32], nonce: [u8; NONCE], plain: &[u8], context: &[u8]) -> Vec<u8> {
    let mut wrapped = Vec::with_capacity(plain.len() + OVERHEAD);
    wrapped.extend_from_slice(&nonce);
    wrapped.extend_from_slice(plain);
    let cipher = XChaCha20Poly1305::new(wrapping_key.into());
    match cipher.encrypt_in_place_detached(XNonce::from_slice(&nonce), context, &mut wrapped[NONCE..]) {
        Ok(tag) => wrapped.extend_from_slice(&tag),
        // Only a plain text of more than 256 GiB can be refused; what remains of it then opens as nothing.
        Err(_) => {
            zeroize::Zeroize::zeroize(&mut wrapped);
            wrapped.clear();
        }
    }
    wrapped
}

/// What was wrapped; none where the key or the context is another one, or a byte was changed.
pub fn unwrap(wrapping_key: &[u8; 32], wrapped: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let body = wrapped.len().checked_sub(OVERHEAD)?;
    let (nonce, rest) = wrapped.split_at(NONCE);
    let (ciphertext, tag) = rest.split_at(body);
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    let cipher = XChaCha20Poly1305::new(wrapping_key.into());
    cipher
        .decrypt_in_place_detached(XNonce::from_slice(nonce), context, &mut plain, Tag::from_slice(tag))
        .is_ok()
        .then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn only_the_same_key_and_context_open_it() {
        let wrapped = wrap(&KEY, [1; NONCE], b"the data key", b"data-key");
        assert_eq!(wrapped.len(), 12 + OVERHEAD);
        assert!(!wrapped.windows(12).any(|window| window == b"the data key"));
        assert_eq!(unwrap(&KEY, &wrapped, b"data-key").unwrap().as_slice(), b"the data key");
        assert!(unwrap(&[8; 32], &wrapped, b"data-key").is_none());
        assert!(unwrap(&KEY, &wrapped, b"other").is_none());
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let wrapped = wrap(&KEY, [1; NONCE], b"x", b"c");
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(unwrap(&KEY, &changed, b"c").is_none(), "byte {at}");
            assert!(unwrap(&KEY, &wrapped[..at], b"c").is_none(), "cut at {at}");
        }
    }

    // XChaCha20-Poly1305 of draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn it_is_the_standard_cipher() {
        let key: [u8; 32] = std::array::from_fn(|i| 0x80 + i as u8);
        let nonce: [u8; NONCE] = std::array::from_fn(|i| 0x40 + i as u8);
        let context = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let wrapped = wrap(&key, nonce, plain, &context);
        assert_eq!(wrapped[NONCE..NONCE + 4], [0xbd, 0x6d, 0x17, 0x9d]);
        assert_eq!(wrapped[wrapped.len() - 4..], [0x78, 0x0a, 0xcf, 0x49]);
    }
}

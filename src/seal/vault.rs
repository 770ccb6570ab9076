//! The file keyring's form: items sealed under a key that a passphrase is stretched to.
//!
//! One JSON document, so that a person who finds the file sees what it is:
//!
//! ```json
//! {"role_helper_keyring":1,"memory_kib":19456,"passes":2,"lanes":1,"salt":"…","sealed":"…","sha256":"…"}
//! ```
//!
//! `salt` is 16 bytes, `sealed` the wrapped items ([`wrap`](super::wrap)) with everything before it as context, each
//! in base64. `sha256` is over all of that and keeps no secret: it tells a damaged file from a wrong passphrase, which
//! have different remedies. Inside, each item is a line: its name, a space, its bytes in base64. The numbers are
//! OWASP's second choice for Argon2id (Password Storage Cheat Sheet); a file says its own, within bounds, so that a
//! forged one cannot make us take gigabytes.

use std::collections::BTreeMap;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use super::wrap::{NONCE, unwrap, wrap};

/// The version that is written.
const VERSION: u32 = 1;
/// Bytes of a salt.
pub const SALT: usize = 16;
/// Cost of new files: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// The most that a file may demand.
const MOST: (u32, u32, u32) = (262_144, 16, 4);

/// The items by name. Wiped on drop.
pub type Items = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// Why a file is no keyring of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VaultError {
    /// Something else.
    #[error("it is not a keyring of role-helper")]
    Foreign,
    /// Ours, and cut short or changed.
    #[error("it is damaged: its checksum does not match")]
    Damaged,
    /// Ours, of a form unknown to this version.
    #[error("it was written by a newer role-helper (form {0})")]
    Newer(u32),
    /// It demands more memory or time than any keyring of ours.
    #[error("it demands more memory or time than any keyring of ours")]
    Excessive,
    /// The key does not open it.
    #[error("the key does not open it")]
    WrongKey,
}

/// The key that a passphrase is stretched to. Wiped on drop, redacted in `Debug`.
#[derive(Clone)]
pub struct VaultKey(Zeroizing<[u8; 32]>);

impl VaultKey {
    /// From 32 bytes that [`VaultKey::bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Option<VaultKey> {
        Some(VaultKey(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// Marks the place where the key leaves our hands.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKey([REDACTED])")
    }
}

/// The clear part: how a passphrase becomes the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretching {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT],
}

impl Stretching {
    /// For a new file.
    pub fn new(salt: [u8; SALT]) -> Self {
        let (memory_kib, passes, lanes) = COST;
        Stretching { memory_kib, passes, lanes, salt }
    }

    /// What tells this file's key from another's, for whoever keeps a copy of it.
    pub fn salt(&self) -> &[u8; SALT] {
        &self.salt
    }

    /// Argon2id. Takes tens of milliseconds and 19 MiB: one at a time on a machine.
    pub fn key(&self, passphrase: &[u8]) -> Option<VaultKey> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()?;
        let mut memory = Zeroizing::new(vec![Block::default(); params.block_count()]);
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase, &self.salt, key.as_mut(), memory.as_mut_slice())
            .ok()?;
        Some(VaultKey(key))
    }

    fn context(&self) -> Vec<u8> {
        let Stretching { memory_kib, passes, lanes, salt } = self;
        let mut context = format!("role-helper keyring {VERSION} {memory_kib} {passes} {lanes} ").into_bytes();
        context.extend_from_slice(salt);
        context
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    role_helper_keyring: u32,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    sealed: String,
    sha256: String,
}

// Read first, so that a newer form is named as such whatever else it has.
#[derive(Deserialize)]
struct Form {
    role_helper_keyring: u32,
}

/// A file as read, its items still sealed.
#[derive(Debug, Clone)]
pub struct Vault {
    /// How its key is made.
    pub stretching: Stretching,
    sealed: Vec<u8>,
}

impl Vault {
    /// Reads a file without opening it.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub fn read(bytes: &[u8]) -> Result<Vault, VaultError> {
        let form: Form = serde_json::from_slice(bytes).map_err(|_| {
            // A file of ours starts like one, whatever was cut off or overwritten behind that.
            if bytes.starts_with(b"{\"role_helper_keyring\"") { VaultError::Damaged } else { VaultError::Foreign }
        })?;
        if form.role_helper_keyring > VERSION {
            return Err(VaultError::Newer(form.role_helper_keyring));
        }
        let document: Document = serde_json::from_slice(bytes).map_err(|_| VaultError::Damaged)?;
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| VaultError::Damaged);
        let Document { memory_kib, passes, lanes, .. } = document;
        let salt = decode(&document.salt)?.try_into().map_err(|_| VaultError::Damaged)?;
        let stretching = Stretching { memory_kib, passes, lanes, salt };
        let sealed = decode(&document.sealed)?;
        if document.role_helper_keyring != VERSION || document.sha256 != checksum(&stretching, &sealed) {
            return Err(VaultError::Damaged);
        }
        if memory_kib > MOST.0 || passes > MOST.1 || lanes > MOST.2 {
            return Err(VaultError::Excessive);
        }
        Ok(Vault { stretching, sealed })
    }

    /// The items.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`]: the checksum was right, so the file is as it was written.
    pub fn open(&self, key: &VaultKey) -> Result<Items, VaultError> {
        let plain = unwrap(key.bytes(), &self.sealed, &self.stretching.context()).ok_or(VaultError::WrongKey)?;
        let mut items = Items::new();
        for line in plain.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let space = line.iter().position(|&byte| byte == b' ').ok_or(VaultError::Damaged)?;
            let name = std::str::from_utf8(&line[..space]).map_err(|_| VaultError::Damaged)?;
            let mut value = Zeroizing::new(vec![0; base64::decoded_len_estimate(line.len())]);
            let length = STANDARD.decode_slice(&line[space + 1..], &mut value).map_err(|_| VaultError::Damaged)?;
            value.truncate(length);
            items.insert(name.to_owned(), value);
        }
        Ok(items)
    }

    /// A whole file. The nonce must be drawn anew each time; names have neither spaces nor line breaks.
    pub fn write(stretching: &Stretching, key: &VaultKey, items: &Items, nonce: [u8; NONCE]) -> Vec<u8> {
        // One allocation, so that no half-grown copy of a secret stays behind.
        let size = items.iter().map(|(name, value)| name.len() + value.len().div_ceil(3) * 4 + 2).sum();
        let mut plain = Zeroizing::new(String::with_capacity(size));
        for (name, value) in items {
            plain.push_str(name);
            plain.push(' ');
            STANDARD.encode_string(value.as_slice(), &mut plain);
            plain.push('\n');
        }
        let sealed = wrap(key.bytes(), nonce, plain.as_bytes(), &stretching.context());
        let document = Document {
            role_helper_keyring: VERSION,
            memory_kib: stretching.memory_kib,
            passes: stretching.passes,
            lanes: stretching.lanes,
            salt: STANDARD.encode(stretching.salt),
            sha256: checksum(stretching, &sealed),
            sealed: STANDARD.encode(sealed),
        };
        let mut bytes = serde_json::to_vec(&document).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

fn checksum(stretching: &Stretching, sealed: &[u8]) -> String {
    STANDARD.encode(Sha256::new().chain_update(stretching.context()).chain_update(sealed).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The least that Argon2 takes: what is tested here is the form.
    fn cheap() -> Stretching {
        Stretching { memory_kib: 8, passes: 1, lanes: 1, salt: [3; SALT] }
    }

    fn items() -> Items {
        [("key:AKIAIOSFODNN7EXAMPLE", &b"wJalrXUtnFEMI"[..]), ("data-key:ab", &[0; 32]), ("empty", b"")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_vec())))
            .collect()
    }

    fn file() -> (VaultKey, Vec<u8>) {
        let key = cheap().key(b"correct horse").unwrap();
        let bytes = Vault::write(&cheap(), &key, &items(), [9; NONCE]);
        (key, bytes)
    }

    #[test]
    fn the_same_passphrase_gives_the_items_back() {
        let (_, bytes) = file();
        let vault = Vault::read(&bytes).unwrap();
        assert_eq!(vault.open(&vault.stretching.key(b"correct horse").unwrap()).unwrap(), items());
        assert_eq!(vault.open(&vault.stretching.key(b"Correct horse").unwrap()), Err(VaultError::WrongKey));
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("AKIA") && !text.contains(&STANDARD.encode("wJalrXUtnFEMI")), "{text}");
    }

    #[test]
    fn a_file_cut_anywhere_is_damaged_and_never_a_wrong_passphrase() {
        let (key, bytes) = file();
        for length in 24..bytes.len() - 1 {
            let read = Vault::read(&bytes[..length]).map(|vault| vault.open(&key));
            assert!(matches!(read, Err(VaultError::Damaged)), "cut at {length}: {read:?}");
        }
    }

    #[test]
    fn a_file_changed_anywhere_never_opens() {
        let (key, bytes) = file();
        for at in 0..bytes.len() - 1 {
            let mut changed = bytes.clone();
            changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
            let read = Vault::read(&changed).and_then(|vault| vault.open(&key).map(|_| ()));
            assert!(read.is_err(), "byte {at} of {}", String::from_utf8_lossy(&changed));
        }
    }

    #[test]
    fn foreign_newer_and_excessive_files_are_told_apart() {
        for foreign in ["", "{}", "[profile x]", "{\"version\":1}", "\u{feff}{}"] {
            assert_eq!(Vault::read(foreign.as_bytes()).unwrap_err(), VaultError::Foreign, "{foreign}");
        }
        assert_eq!(Vault::read(b"{\"role_helper_keyring\":2,\"x\":[]}").unwrap_err(), VaultError::Newer(2));
        for (memory_kib, passes, lanes) in [(4_194_304, 2, 1), (19_456, 1_000, 1), (19_456, 2, 64)] {
            let bomb = Stretching { memory_kib, passes, lanes, salt: [3; SALT] };
            let key = VaultKey::from_bytes(&[1; 32]).unwrap();
            let bytes = Vault::write(&bomb, &key, &items(), [9; NONCE]);
            assert_eq!(Vault::read(&bytes).unwrap_err(), VaultError::Excessive);
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", VaultKey::from_bytes(&[65; 32]).unwrap()), "VaultKey([REDACTED])");
    }
}

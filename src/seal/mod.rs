//! The sealed session cache, as rules: cache key, envelope, freshness. Without I/O.

mod envelope;
mod freshness;
mod header;
mod key;
mod vault;
mod wrap;

pub use envelope::{DATA_KEY_BYTES, DataKey, NONCE_BYTES, SealedSession, clear_header, open, seal};
pub use freshness::{Consumer, Freshness, freshness};
pub use header::Header;
pub use key::CacheKey;
pub use vault::{Items, SALT, Stretching, Vault, VaultError, VaultKey};
pub use wrap::{NONCE, OVERHEAD, unwrap, wrap};

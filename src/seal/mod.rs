//! The sealed session cache, as rules: cache key, envelope, freshness. Without I/O.

mod header;
mod key;
mod wrap;

pub use header::Header;
pub use key::CacheKey;
pub use wrap::{NONCE, OVERHEAD, unwrap, wrap};

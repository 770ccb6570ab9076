//! The sealed session cache, as rules: cache key, envelope, freshness. Without I/O.

mod header;
mod key;

pub use header::Header;
pub use key::CacheKey;

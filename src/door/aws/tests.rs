//! AWS tests

//! Everything that reads what others wrote, called in-process: the fuzzer's corpus once, and our reader of config
//! files beside the SDK's own.

#![allow(clippy::disallowed_methods, reason = "tests are the outside")]

mod beside_botocore;
mod beside_the_sdk;
mod corpus;
#[path = "../fuzz/targets.rs"]
mod targets;

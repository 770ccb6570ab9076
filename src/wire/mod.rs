//! The formats in which credentials leave: the credential_process line, environments, texts for shells, and the
//! console's sign-in address; and what a prompt shows of them.
//!
//! Without I/O. Every text that holds a secret is built in one buffer that is sized before anything is written to
//! it and wiped when it is dropped: a buffer that grows leaves a copy of the secret behind at each step.

pub mod console;
pub mod environment;
pub mod export;
pub mod key_file;
pub mod process_json;
pub mod role_facts;
pub mod segment;
pub mod shell_words;

mod text;

pub use text::SecretText;

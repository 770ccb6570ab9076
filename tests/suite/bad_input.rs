//! What a credential tool meets on bad days: broken files, broken answers, broken networks, machines without room.
//! Each is one clear error with its exit code and hint, or works all the same; nothing panics, nothing is lost, and a
//! code leaves this machine once.
//!
//! `ROLE_HELPER_FULL_RUN=1` adds what takes long or is many; docs/reliability.md has its figures.
//! `ROLE_HELPER_SHOW=1` with `--nocapture` prints what a person reads in every case.

mod answers;
mod caches;
mod config_cases;
mod configs;
mod keyrings;
mod machine;
mod network;
mod refusals;
mod rig;

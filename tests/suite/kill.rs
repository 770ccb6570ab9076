//! `kill -9` at every system call that writes, renames, links, removes, syncs, locks or talks to a keyring, of every
//! command that changes something; then what a person would find: no torn file, no lock that is held, no key lost,
//! and a next command that works.
//!
//! Ordinarily one point of each command is tried, the middle one. `ROLE_HELPER_KILL_POINTS=all` tries every one and
//! prints what was found; a number tries so many.

mod rig;
mod scenarios;
mod tracer;

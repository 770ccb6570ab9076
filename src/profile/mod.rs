//! Profiles: from config text to settings to a plan, explained; and edits of the file. Without I/O.

mod plan;

pub use plan::{
    Asking, Base, Endpoint, Hop, Mfa, MfaAt, Origin, Overrides, Plan, PlanEnvironment, PromptMode, SourceLookup,
    UnknownUser,
};

//! Profiles: from config text to settings to a plan, explained; and edits of the file. Without I/O.

mod chain;
mod edit;
mod endpoint;
mod error;
mod explain;
mod hop;
mod nearest;
mod plan;
mod problems;
mod resolve;
mod settings;
#[cfg(test)]
mod tests;
mod text;

pub use edit::{EditError, Edited, is_portable_name, replace_in_profile, set_profile};
pub use error::{Cap, PlanError};
pub use explain::{Call, ExplainedEndpoint, ExplainedSetting, Explanation, explain};
pub use nearest::nearest;
pub use plan::{
    Asking, Base, Endpoint, Hop, Look, Mfa, MfaAt, Origin, Overrides, Plan, PlanEnvironment, PromptMode, SourceLookup,
    UnknownUser,
};
pub use problems::{Problem, Severity};
pub use resolve::{Files, resolve};
pub use settings::{KNOWN as KNOWN_SETTINGS, PREFIX as SETTING_PREFIX};
pub use text::{Broken, Config, FileKind, Property, Section, Value};

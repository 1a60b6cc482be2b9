//! An app as plain data: its parts, and how each of them behaves at each of its points.
//!
//! A script is drawn from a seed, made smaller when a run of it breaks a rule, and printed as Rust that can
//! be pasted into a test. The names of its variants are unique, so that [`prelude`] makes such a text
//! compile. Every time is in milliseconds.

mod behaviour;
mod case;
mod draw;
mod interruption;
mod lists;
mod options;
mod parts;
mod print;
pub(crate) mod signals;

pub use behaviour::{Anew, Call, LatchUse, Life, OnFailure};
pub use case::Case;
pub use draw::{draw_interruption, draw_script};
pub use interruption::{Interruption, What};
pub(crate) use lists::for_each_list;
pub use options::Options;
pub use parts::{
    CheckScript, GroupScript, HookScript, JobScript, LastStepScript, MemberScript, RegistryScript,
    ReloadScript, ResourceScript, ServerScript, WorkerScript,
};
pub use print::as_rust;

/// Everything that a printed script is written with.
pub mod prelude {
    pub use kit_app::HookStage::*;

    pub use super::Anew::*;
    pub use super::Call::*;
    pub use super::LatchUse::*;
    pub use super::Life::*;
    pub use super::MemberScript::*;
    pub use super::OnFailure::*;
    pub use super::What::*;
    pub use super::{
        Anew, Call, CheckScript, GroupScript, HookScript, Interruption, JobScript, LastStepScript,
        LatchUse, Life, MemberScript, OnFailure, Options, RegistryScript, ReloadScript,
        ResourceScript, Script, ServerScript, What, WorkerScript,
    };
}

/// An app, as plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Its limits.
    pub options: Options,
    /// Components that listen.
    pub servers: Vec<ServerScript>,
    /// Workers.
    pub workers: Vec<WorkerScript>,
    /// Groups of workers.
    pub groups: Vec<GroupScript>,
    /// Jobs.
    pub jobs: Vec<JobScript>,
    /// Hooks of every stage, in the order in which they are given.
    pub hooks: Vec<HookScript>,
    /// Hooks of a reload, in the order in which they are given.
    pub reload_hooks: Vec<ReloadScript>,
    /// Resources, at most [`MOST_RESOURCES`](Script::MOST_RESOURCES).
    pub resources: Vec<ResourceScript>,
    /// Registries.
    pub registries: Vec<RegistryScript>,
    /// Health checks.
    pub checks: Vec<CheckScript>,
    /// Last steps.
    pub last_steps: Vec<LastStepScript>,
}

impl Script {
    /// A resource is found by its type, and there are four.
    pub const MOST_RESOURCES: usize = 4;
}

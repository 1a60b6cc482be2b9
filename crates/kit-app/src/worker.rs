//! Background work, as its author describes it: what runs, when, and what a failure does.

mod every;
mod group;
mod options;
mod policy;
mod status;
pub(crate) mod work;

pub use every::Every;
pub(crate) use group::Together;
pub use group::WorkerGroup;
pub(crate) use options::AwaitLimit;
pub use options::WorkerOptions;
pub use policy::{Policy, Restarts};
pub use status::{AfterFailure, WorkerKind, WorkerState, WorkerStatus};

//! The components of an app: their start, their supervision, their stop.

mod lifecycle;
mod supervision;
mod workers;

pub(crate) use lifecycle::Component;
pub(crate) use supervision::{Supervision, TasksEnd};
pub(crate) use workers::Workers;

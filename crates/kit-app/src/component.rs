//! The components of an app: their start, their supervision, their stop.

mod lifecycle;
mod supervision;

pub(crate) use lifecycle::Component;
pub(crate) use supervision::TasksEnd;

//! One connection: its task, its limits, its clock, and its end.

pub(crate) mod clock;
pub(crate) mod conn;
mod executor;
pub(crate) mod options;
mod ping_timer;
pub(crate) mod security;
pub(crate) mod task;
mod timer;

//! One connection: its task, its limits, its clock, and its end.

pub(crate) mod clock;
mod executor;
mod handshake;
mod notice;
pub(crate) mod options;
mod ping_timer;
mod protocol;
pub(crate) mod security;
pub(crate) mod serving;
pub(crate) mod shared;
pub(crate) mod task;
mod timer;

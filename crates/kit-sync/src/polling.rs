//! Which poll each thread is in, for a watchdog to read.

mod cell;
#[cfg_attr(kit_loom, path = "polling/no_threads.rs")]
mod threads;

#[cfg(all(test, kit_loom))]
mod models;

pub(crate) use cell::{Mark, Polling, ThreadPolling};
pub use threads::on_errand;
pub(crate) use threads::{all, here, polling};

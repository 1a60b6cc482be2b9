//! The admin server: probes, and the state of the app, from a thread and a runtime that are not those
//! of the app.

mod access;
mod answers;
mod extension;
mod format;
mod list;
mod options;
mod pages;
mod routes;
mod thread;
mod utc;

pub use extension::{AdminAnswer, AdminRequest, AdminRoute};
pub use options::Admin;
pub(crate) use thread::start;

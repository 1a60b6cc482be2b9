//! Reloads when a file has changed.
//!
//! A notice of the system, or a poll, only says that something may have changed. After a time of quiet the
//! contents are compared with those that were read last, and only a difference is a reload: so editors'
//! temporary files, files that were touched, and a burst of notices are none.

mod chain;
mod contents;
mod debounce;
mod notices;
mod watcher;

pub(super) use watcher::run;

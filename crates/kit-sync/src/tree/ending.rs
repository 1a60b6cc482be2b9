//! The answers that a spawn gives about its task: when it will end, and on which kind of thread.

use std::borrow::Cow;

/// When a task will end: the question that every spawn answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Ending {
    /// When its scope's token is cancelled; waited for until the deadline. The common case.
    #[default]
    WhenCancelled,
    /// When its work is done, whatever the token says; waited for until the deadline.
    Finite,
    /// At any await: it is dropped at once when its scope is cancelled.
    MayBeDropped,
    /// Perhaps never: no close waits for it, and the report prints the reason.
    MayBeLeftBehind {
        /// Why no close has to wait.
        reason: Cow<'static, str>,
    },
}

/// The kind of thing that a named task runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Kind {
    /// A future, on the runtime.
    Future,
    /// A closure, on a thread of the runtime's pool for blocking work.
    Blocking,
    /// A closure, on a separate operating-system thread.
    Thread,
}

//! Whether a panic has an observer.

use crate::polling;
use crate::tree::roots;

/// Whether a panic on this thread, now, is that of a task whose failures have an
/// [observer](crate::Scope::observe_failures), which is given this one, too. For a hook that logs
/// panics: it logs those of a tree without an observer, and none is logged twice.
#[must_use]
pub fn is_observed() -> bool {
    polling::here().is_some_and(|polling| roots::is_observed(polling.scope))
}

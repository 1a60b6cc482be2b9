//! The end of one resource.

use std::time::Duration;

use kit_sync::CloseReport;

/// One resource whose `open` was called.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ResourceReport {
    /// Its name.
    pub name: String,
    /// How long it took to open; `None` when it could not be opened.
    pub opened_in: Option<Duration>,
    /// How long it took to close, its tasks included.
    pub took: Duration,
    /// How its open or its close failed, if one of them did.
    pub error: Option<String>,
    /// How its tasks ended.
    pub tasks: CloseReport,
}

//! The end of one resource.

use std::time::Duration;

use kit_sync::CloseReport;

/// One resource that was opened.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ResourceReport {
    /// Its name.
    pub name: String,
    /// How long it took to open.
    pub opened_in: Duration,
    /// How long it took to close, its tasks included.
    pub took: Duration,
    /// How its close failed, if it did.
    pub error: Option<String>,
    /// How its tasks ended.
    pub tasks: CloseReport,
}

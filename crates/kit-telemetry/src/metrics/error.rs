//! Why there are no metrics.

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// An option of [`MetricsOptions`](super::MetricsOptions) has a value that is of no use.
    #[error("option `{option}` is {value}: {expected}")]
    #[non_exhaustive]
    Option {
        /// Its name.
        option: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The process has a recorder: this library's, or another one of the facade `metrics`.
    #[error(
        "install the recorder of metrics: the process has one already, and one is all that it can have"
    )]
    Installed,
}

//! A failure, as policies see it: an error or a panic.

use crate::BoxError;

/// How a run failed.
///
/// Its [`Display`](std::fmt::Display) and [`source`](std::error::Error::source) are those of the
/// error; with [`error_chain`](crate::error_chain) all of it is printed.
///
/// ```
/// use kit_sync::policy::Failure;
///
/// let failure = Failure::Failed("connection refused".into());
/// assert_eq!(failure.to_string(), "connection refused");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// With an error.
    #[error(transparent)]
    Failed(BoxError),
    /// With a panic.
    #[error("panicked{}: {message}", at(location.as_deref()))]
    Panicked {
        /// The panic's message.
        message: String,
        /// Where it happened; unknown without [the hook](crate::panic::install_hook).
        location: Option<String>,
    },
}

fn at(location: Option<&str>) -> String {
    location.map_or_else(String::new, |location| format!(" at {location}"))
}

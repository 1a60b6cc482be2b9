//! How a resource is opened and closed.

use std::time::Duration;

/// How a resource is opened and closed.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, ResourceOptions};
///
/// #[derive(Clone)]
/// struct Pool;
///
/// // Its migrations may take a while.
/// let options = ResourceOptions::new().open_timeout(Duration::from_secs(600));
/// let app = App::builder("orders").resource_with(
///     "db",
///     options,
///     |_ctx| async { Ok(Pool) },
///     |_pool| async { Ok(()) },
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a resource"]
pub struct ResourceOptions {
    pub(crate) open_timeout: Option<Duration>,
    pub(crate) close_timeout: Option<Duration>,
}

impl ResourceOptions {
    /// The defaults.
    pub fn new() -> ResourceOptions {
        ResourceOptions::default()
    }

    /// Replaces how long it may take to open. Default: the
    /// [`start_timeout`](crate::AppBuilder::start_timeout) of the app. Then the token of its scope is
    /// cancelled and the start fails; it may go on until the resources are closed, so that a migration
    /// is not cut in half.
    pub fn open_timeout(self, limit: Duration) -> ResourceOptions {
        let open_timeout = Some(limit);
        ResourceOptions {
            open_timeout,
            ..self
        }
    }

    /// Replaces how long it may take to close, within the stop's deadline. Default: an equal share of
    /// the time that is left for the resources. Then it is dropped, and the exit code is 1.
    pub fn close_timeout(self, limit: Duration) -> ResourceOptions {
        let close_timeout = Some(limit);
        ResourceOptions {
            close_timeout,
            ..self
        }
    }
}

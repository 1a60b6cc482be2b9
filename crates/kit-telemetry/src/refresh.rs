//! Options that are read again while the process runs.

use std::fmt;
use std::sync::Arc;

use crate::log::{Filter, ParsedFilter};
use crate::{Error, TelemetryOptions};

/// Takes options that were read again: the filter of the log is live, everything else is fixed at the start. From
/// [`Telemetry::refresh`](crate::Telemetry::refresh). Cheap to clone.
///
/// It works in two steps, as `kit_config::Reloader::subscribe` asks for them; a reload hook of an app does both:
///
/// ```
/// use kit_app::{App, AppBuilder};
/// use kit_telemetry::{Refresh, TelemetryOptions};
///
/// # async fn read() -> std::io::Result<TelemetryOptions> { Ok(TelemetryOptions::default()) }
/// fn reread(refresh: Refresh) -> AppBuilder {
///     App::builder("orders").on_reload("telemetry", move |_hook| {
///         let refresh = refresh.clone();
///         async move {
///             let take = refresh.prepare(&read().await?)?;
///             take();
///             Ok(())
///         }
///     })
/// }
/// ```
#[derive(Clone)]
pub struct Refresh {
    filter: Arc<Filter>,
}

impl Refresh {
    pub(crate) fn of(filter: &Arc<Filter>) -> Refresh {
        Refresh {
            filter: Arc::clone(filter),
        }
    }

    /// Checks the live options, and gives the function that takes them. It replaces a filter that came by
    /// `PUT /log` as well, also one for a time, if the filter of the options has changed.
    ///
    /// # Errors
    /// [`Error::Filter`]; nothing has changed then.
    pub fn prepare(
        &self,
        options: &TelemetryOptions,
    ) -> Result<impl FnOnce() + Send + use<>, Error> {
        let (filter, parsed) = (
            Arc::clone(&self.filter),
            ParsedFilter::of(&options.log.filter)?,
        );
        Ok(move || filter.configure(parsed))
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refresh").field(&self.filter).finish()
    }
}

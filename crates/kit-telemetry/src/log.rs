//! The log: from an event to a line, from a line to its reader.

mod directives;
mod filter;
mod format;
mod identity;
mod layer;
mod line;
mod options;
#[cfg_attr(not(unix), path = "log/no_unix.rs")]
mod output;
mod repeat;
mod routes;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_app::{AppBuilder, LastStep};
use tracing_subscriber::{Layer, Registry};

pub(crate) use directives::ParsedFilter;
pub(crate) use filter::Filter;
pub use options::{LogFormat, LogOptions, LogOutput, RepeatOptions};
pub(crate) use writer::LineQueue;

use format::Format;
use identity::{Identity, Notices};
use layer::LogLayer;
use repeat::Repeat;
use writer::{THREAD, Writer};

use crate::Error;
use crate::redact::Redaction;

/// The log of a process.
pub(crate) struct Log {
    writer: Writer,
    filter: Arc<Filter>,
    identity: Arc<Identity>,
    flush_timeout: Duration,
}

impl Log {
    /// Starts the thread that writes, and gives the layer that makes lines for it, without the values that
    /// `redaction` knows.
    ///
    /// # Errors
    /// A filter that is wrong, or a system that has no thread to give.
    pub(crate) fn start(
        options: &LogOptions,
        service: String,
        redaction: Redaction,
    ) -> Result<(Log, impl Layer<Registry> + use<>), Error> {
        let filter = ParsedFilter::of(&options.filter)?;
        let identity = Arc::new(Identity::of(service));
        let refused = |source| Error::Output {
            output: options.output.name(),
            source,
        };
        let output = output::open(options.output).map_err(refused)?;
        let format = Format::choose(options.format, options.output.is_terminal())
            .with_priority(output.is_journal);
        let repeat = Arc::new(Repeat::new(&options.repeat));
        let notices = || Notices {
            format,
            identity: Arc::clone(&identity),
            repeat: Arc::clone(&repeat),
        };
        let refused = |source| Error::Thread {
            thread: THREAD,
            source,
        };
        let writer = Writer::start(output.write, options.queue, notices()).map_err(refused)?;
        let lines = Arc::clone(writer.lines());
        let (filter, reloaded) = Filter::new(filter, lines, notices());
        let layer = LogLayer {
            lines: Arc::clone(writer.lines()),
            format,
            identity: Arc::clone(&identity),
            redaction,
            repeat,
            max_line: options.max_line,
        };
        let log = Log {
            writer,
            filter,
            identity,
            flush_timeout: options.flush_timeout,
        };
        Ok((log, layer.with_filter(reloaded)))
    }

    pub(crate) fn lines(&self) -> &Arc<LineQueue> {
        self.writer.lines()
    }

    pub(crate) fn filter(&self) -> &Arc<Filter> {
        &self.filter
    }

    /// What an app does for its log.
    pub(crate) fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let identity = Arc::clone(&self.identity);
        let lines = Arc::clone(self.lines());
        let flush = Arc::clone(&lines);
        let step = LastStep::new("log", self.flush_timeout, move |time| {
            flush.last_lines(time)
        });
        let routes = routes::routes(&self.filter, &lines);
        move |app| {
            let app = app
                .on_build(move |info| identity.set(info))
                .last_step(step.after_events());
            routes.into_iter().fold(app, AppBuilder::admin_route)
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.writer.end(self.flush_timeout);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

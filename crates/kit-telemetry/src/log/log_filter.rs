//! The filter of the options, and the spans that it must not take away.

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Filter};

use super::line::REQUEST;

/// The filter of the options. Spans of requests pass it always, but at `off`: a line of a request has its ids from
/// them, and a warning needs these when the filter is `warn` as well.
#[derive(Debug)]
pub(super) struct LogFilter(EnvFilter);

impl LogFilter {
    pub(super) fn of(filter: EnvFilter) -> LogFilter {
        LogFilter(filter)
    }

    fn lets_pass(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == REQUEST && !self.is_off()
    }

    fn is_off(&self) -> bool {
        self.0.max_level_hint() == Some(LevelFilter::OFF)
    }
}

impl<S: Subscriber> Filter<S> for LogFilter {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        self.lets_pass(metadata) || Filter::enabled(&self.0, metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Asked in any case, as it learns of spans by it.
        let interest = Filter::<S>::callsite_enabled(&self.0, metadata);
        if self.lets_pass(metadata) {
            return Interest::always();
        }
        interest
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let hint = self.0.max_level_hint()?;
        // Of the levels, a more verbose one is greater.
        Some(match hint {
            LevelFilter::OFF => hint,
            hint => hint.max(LevelFilter::INFO),
        })
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        Filter::on_new_span(&self.0, attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        Filter::on_record(&self.0, id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_enter(&self.0, id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Filter::on_exit(&self.0, id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Filter::on_close(&self.0, id, context);
    }
}

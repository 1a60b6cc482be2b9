//! The part of the subscriber.

use std::cell::Cell;

use kit_transport::TraceSampling;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::fields::Fields;
use super::ids::Place;
use super::open::OpenSpan;
use crate::otlp::queue::Queue;
use crate::redact::Redaction;

/// The target of the spans of requests, which `kit_transport::layers` opens.
const REQUEST: &str = "kit::request";

thread_local! {
    static IS_EXPORTER: Cell<bool> = const { Cell::new(false) };
}

/// The spans and events of this thread are recorded no more: what the export itself does would make more
/// work for the export.
pub(crate) fn become_exporter() {
    IS_EXPORTER.set(true);
}

fn is_exporter() -> bool {
    // A thread that ends records nothing.
    IS_EXPORTER.try_with(Cell::get).unwrap_or(true)
}

fn is_recorded<S: for<'a> LookupSpan<'a>>(span: &SpanRef<'_, S>) -> bool {
    let extensions = span.extensions();
    extensions
        .get::<OpenSpan>()
        .is_some_and(OpenSpan::is_recorded)
}

/// Records spans, and puts those that have ended into the queue.
#[derive(Debug)]
pub(crate) struct Recorder {
    queue: Queue,
    sampling: TraceSampling,
    redaction: Redaction,
}

impl Recorder {
    /// Values that `redaction` knows are not recorded.
    pub(crate) fn new(queue: Queue, sampling: TraceSampling, redaction: Redaction) -> Recorder {
        Recorder {
            queue,
            sampling,
            redaction,
        }
    }
}

impl<S> Layer<S> for Recorder
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        if is_exporter() {
            return;
        }
        let parent = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<OpenSpan>().map(OpenSpan::place)
        });
        let metadata = attributes.metadata();
        let is_of_request = metadata.target() == REQUEST;
        let mut open = OpenSpan::new(metadata.name(), parent, self.sampling, is_of_request);
        if open.is_recorded() {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            fields.set_in(&mut open, &self.redaction);
        }
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        if !is_recorded(&span) {
            return;
        }
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(open) = span.extensions_mut().get_mut::<OpenSpan>() {
            fields.set_in(open, &self.redaction);
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, ctx: Context<'_, S>) {
        let followed: Option<Place> = ctx.span(follows).and_then(|followed| {
            let extensions = followed.extensions();
            extensions.get::<OpenSpan>().map(OpenSpan::place)
        });
        let (Some(span), Some(followed)) = (ctx.span(id), followed) else {
            return;
        };
        if let Some(open) = span.extensions_mut().get_mut::<OpenSpan>() {
            open.add_link(followed);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if is_exporter() {
            return;
        }
        let Some(span) = ctx.event_span(event) else {
            return;
        };
        if !is_recorded(&span) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (message, fields) = fields.into_event(&self.redaction);
        let metadata = event.metadata();
        let (level, target) = (metadata.level().to_string(), metadata.target().to_owned());
        let known = [("level", level), ("target", target)];
        let known = known.map(|(name, text)| (name, Value::StringValue(text)));
        if let Some(open) = span.extensions_mut().get_mut::<OpenSpan>() {
            open.add_event(message, known.into_iter().chain(fields));
        }
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(&id) else { return };
        let open = span.extensions_mut().remove::<OpenSpan>();
        let target = span.metadata().target();
        if let Some((span, bytes)) = open.and_then(OpenSpan::end) {
            self.queue.offer(target, span, bytes);
        }
    }
}

//! A span that is open.

use std::time::{SystemTime, UNIX_EPOCH};

use kit_transport::TraceSampling;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, SpanFlags, Status, status::StatusCode};

use super::ids::{Place, RANDOM, SAMPLED, SpanId, TraceId, new_span_id, new_trace_id};

/// The most attributes and events that a span keeps.
const MOST: usize = 128;
/// About the most bytes of memory that a span has, with all that it has said.
const HEAVIEST: usize = 64 << 10;
/// Bytes that events leave to attributes, of which some come last, such as the status of an answer.
const LATE: usize = 8 << 10;
/// The most bytes of a text.
const LONGEST: usize = 4 << 10;

/// A span that is open: its place in a trace, and what it has said by now.
#[derive(Debug)]
pub(super) struct OpenSpan {
    place: Place,
    parent: Option<SpanId>,
    is_of_request: bool,
    /// `None` if it is known from the start that it is not exported.
    said: Option<Box<Span>>,
    /// About the bytes of memory of what it has said. A value that is replaced counts with the longer one.
    bytes: usize,
}

impl OpenSpan {
    /// One inside `parent`, or the first of a trace, in which case `sampling` decides. The span of a request
    /// learns its place by its fields, maybe later: it takes notes until then.
    pub(super) fn new(
        name: &str,
        parent: Option<Place>,
        sampling: TraceSampling,
        is_of_request: bool,
    ) -> OpenSpan {
        let place = parent.map_or_else(
            || {
                let trace = new_trace_id();
                let sampled = u8::from(sampling.samples(trace)) * SAMPLED;
                Place {
                    trace,
                    span: new_span_id(),
                    flags: RANDOM | sampled,
                }
            },
            |parent| Place {
                span: new_span_id(),
                ..parent
            },
        );
        let mut open = OpenSpan {
            place,
            parent: parent.map(|parent| parent.span),
            is_of_request,
            said: None,
            bytes: size_of::<Span>() + name.len(),
        };
        if is_of_request || open.is_sampled() {
            open.said = Some(Box::new(Span {
                name: name.to_owned(),
                kind: SpanKind::Internal.into(),
                start_time_unix_nano: now(),
                ..Span::default()
            }));
        }
        open
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn is_of_request(&self) -> bool {
        self.is_of_request
    }

    fn is_sampled(&self) -> bool {
        self.place.flags & SAMPLED != 0
    }

    /// Whether it takes notes.
    pub(super) fn is_recorded(&self) -> bool {
        self.said.is_some()
    }

    pub(super) fn set_trace(&mut self, trace: TraceId) {
        self.place.trace = trace;
    }

    pub(super) fn set_span(&mut self, span: SpanId) {
        self.place.span = span;
    }

    pub(super) fn set_parent(&mut self, parent: SpanId) {
        self.parent = Some(parent);
    }

    pub(super) fn set_flags(&mut self, flags: u8) {
        self.place.flags = flags;
    }

    pub(super) fn set_state(&mut self, state: &str) {
        let text = cut(state).to_owned();
        self.bytes += text.len();
        self.change(|said| said.trace_state = text);
    }

    pub(super) fn set_name(&mut self, name: &str) {
        let text = cut(name).to_owned();
        self.bytes += text.len();
        self.change(|said| said.name = text);
    }

    pub(super) fn set_kind(&mut self, kind: &str) {
        let kind = match kind.to_ascii_lowercase().as_str() {
            "server" => SpanKind::Server,
            "client" => SpanKind::Client,
            "producer" => SpanKind::Producer,
            "consumer" => SpanKind::Consumer,
            _ => SpanKind::Internal,
        };
        self.change(|said| said.kind = kind.into());
    }

    pub(super) fn set_status(&mut self, code: &str) {
        let code = match code.to_ascii_lowercase().as_str() {
            "ok" => StatusCode::Ok,
            "error" => StatusCode::Error,
            _ => StatusCode::Unset,
        };
        self.change(|said| said.status.get_or_insert_default().code = code.into());
    }

    pub(super) fn set_status_message(&mut self, message: &str) {
        let text = cut(message).to_owned();
        self.bytes += text.len();
        self.change(|said| said.status.get_or_insert_with(Status::default).message = text);
    }

    /// Sets an attribute; the last value of a name stays. One for which the span has no place or no bytes is
    /// dropped and counted.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        let Some(said) = &mut self.said else { return };
        let has_place = said.attributes.len() < MOST;
        let known = said.attributes.iter_mut().find(|known| known.key == name);
        let before = known.as_ref().map(|known| size_of_pair(known));
        let pair = pair(name, value);
        let bytes = self.bytes + size_of_pair(&pair).saturating_sub(before.unwrap_or_default());
        let is_full = before.is_none() && !has_place;
        if is_full || bytes > HEAVIEST {
            said.dropped_attributes_count += 1;
            return;
        }
        match known {
            Some(known) => *known = pair,
            None => said.attributes.push(pair),
        }
        self.bytes = bytes;
    }

    /// Adds an event with as many of its fields as have a place; one for which the span has no place or no bytes
    /// is dropped and counted.
    pub(super) fn add_event(
        &mut self,
        name: String,
        mut fields: impl Iterator<Item = (&'static str, Value)>,
    ) {
        let Some(said) = &mut self.said else { return };
        let kept = fields.by_ref().take(MOST);
        let attributes: Vec<_> = kept.map(|(name, value)| pair(name, value)).collect();
        let dropped = fields.count();
        let of_fields: usize = attributes.iter().map(size_of_pair).sum();
        let bytes = self.bytes + size_of::<Event>() + name.len() + of_fields;
        if said.events.len() >= MOST || bytes > HEAVIEST - LATE {
            said.dropped_events_count += 1;
            return;
        }
        said.events.push(Event {
            time_unix_nano: now(),
            name,
            attributes,
            dropped_attributes_count: dropped.try_into().unwrap_or(u32::MAX),
        });
        self.bytes = bytes;
    }

    pub(super) fn add_link(&mut self, to: Place) {
        self.change(|said| {
            if said.links.len() < MOST {
                said.links.push(Link {
                    trace_id: to.trace.to_vec(),
                    span_id: to.span.to_vec(),
                    flags: to.flags.into(),
                    ..Link::default()
                });
            } else {
                said.dropped_links_count += 1;
            }
        });
    }

    fn change(&mut self, change: impl FnOnce(&mut Span)) {
        if let Some(said) = &mut self.said {
            change(said);
        }
    }

    /// The span as it is exported, ended now, and about its bytes of memory; `None` if it is not.
    pub(super) fn end(self) -> Option<(Box<Span>, usize)> {
        if !self.is_sampled() {
            return None;
        }
        let mut span = self.said?;
        span.trace_id = self.place.trace.to_vec();
        span.span_id = self.place.span.to_vec();
        span.parent_span_id = self.parent.map_or_else(Vec::new, Vec::from);
        // The parent of a request's span is in another process.
        let remote = match self.parent {
            Some(_) if self.is_of_request => SpanFlags::ContextIsRemoteMask as u32,
            _ => 0,
        };
        let has_remote = SpanFlags::ContextHasIsRemoteMask as u32;
        span.flags = u32::from(self.place.flags) | has_remote | remote;
        // The clock of the system may have been set back.
        span.end_time_unix_nano = now().max(span.start_time_unix_nano);
        // Those of links and ids.
        let more = span.links.len() * (size_of::<Link>() + 24) + 32;
        Some((span, self.bytes + more))
    }
}

/// About its bytes of memory, which are more than those on the wire.
fn size_of_pair(pair: &KeyValue) -> usize {
    let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
    let text = match value {
        Some(Value::StringValue(text)) => text.len(),
        _ => 0,
    };
    size_of::<KeyValue>() + pair.key.len() + text
}

fn pair(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// The beginning of a text, at most as much as is kept.
pub(super) fn cut(text: &str) -> &str {
    match text.len() {
        0..=LONGEST => text,
        _ => &text[..text.floor_char_boundary(LONGEST)],
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_limit_of_attributes() {
        let mut open = OpenSpan::new("work", None, TraceSampling::share(1.0), false);
        let fields = (0..200).map(|number| ("number", Value::IntValue(number)));
        open.add_event("many".to_owned(), fields);
        let (span, bytes) = open.end().expect("it is sampled");
        let event = &span.events[0];
        assert_eq!(
            (event.attributes.len(), event.dropped_attributes_count),
            (128, 72)
        );
        assert!(bytes > prost::Message::encoded_len(&*span), "{bytes}");
    }
}

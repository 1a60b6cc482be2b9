//! A span that is open.

use std::time::{SystemTime, UNIX_EPOCH};

use kit_transport::TraceSampling;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, SpanFlags, Status, status::StatusCode};

use super::ids::{Place, RANDOM, SAMPLED, SpanId, TraceId, new_span_id, new_trace_id};

/// The most attributes and events that a span keeps.
const MOST: usize = 128;
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
        self.change(|said| state.clone_into(&mut said.trace_state));
    }

    pub(super) fn set_name(&mut self, name: &str) {
        self.change(|said| cut(name).clone_into(&mut said.name));
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
        self.change(|said| said.status.get_or_insert_with(Status::default).message = text);
    }

    /// Sets an attribute; the last value of a name stays.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.change(|said| {
            let is_full = said.attributes.len() >= MOST;
            let known = said.attributes.iter_mut().find(|known| known.key == name);
            match known {
                Some(known) => known.value = Some(AnyValue { value: Some(value) }),
                None if is_full => said.dropped_attributes_count += 1,
                None => said.attributes.push(pair(name, value)),
            }
        });
    }

    pub(super) fn add_event(
        &mut self,
        name: String,
        fields: impl Iterator<Item = (&'static str, Value)>,
    ) {
        self.change(|said| {
            if said.events.len() < MOST {
                let attributes = fields.map(|(name, value)| pair(name, value));
                said.events.push(Event {
                    time_unix_nano: now(),
                    name,
                    attributes: attributes.collect(),
                    dropped_attributes_count: 0,
                });
            } else {
                said.dropped_events_count += 1;
            }
        });
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

    /// The span as it is exported, ended now; `None` if it is not.
    pub(super) fn end(self) -> Option<Box<Span>> {
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
        Some(span)
    }
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

//! A line of the log before it has a form.

use std::borrow::Cow;
use std::time::SystemTime;

use tracing::Level;

/// What a line says.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) time: SystemTime,
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) message: String,
    /// Those of the event, then those of its spans.
    pub(super) fields: LineFields,
    /// `request_id`, `trace_id` and `span_id`, as far as they are known.
    pub(super) ids: Vec<(&'static str, String)>,
    /// `service`, `version` and `id` of the instance.
    pub(super) identity: Vec<(&'static str, String)>,
}

impl Line<'_> {
    /// Its time in UTC, with microseconds.
    pub(super) fn utc(&self) -> humantime::Rfc3339Timestamp {
        humantime::format_rfc3339_micros(self.time)
    }
}

/// Keys with their values.
pub(super) type LineFields = Vec<(Cow<'static, str>, Value)>;

/// The keys that every line has for itself.
const OWN: [&str; 7] = [
    "time", "level", "target", "message", "service", "version", "id",
];

/// The target of the spans of requests, which the layers of `kit_transport` open.
pub(super) const REQUEST: &str = "kit::request";

/// The keys of a request and its place in a trace.
pub(super) const IDS: [&str; 3] = ["request_id", "trace_id", "span_id"];

/// A value, redacted already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// A number, `true` or `false`, as JSON has it.
    Bare(String),
}

impl Value {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Value::Text(text) | Value::Bare(text) => text,
        }
    }

    pub(super) fn text_mut(&mut self) -> Option<&mut String> {
        match self {
            Value::Text(text) => Some(text),
            Value::Bare(_) => None,
        }
    }
}

/// The key of an event's field: one that the line has for itself is marked.
pub(super) fn key_of(name: &'static str) -> Cow<'static, str> {
    if OWN.contains(&name) || IDS.contains(&name) {
        format!("field.{name}").into()
    } else {
        name.into()
    }
}

//! The fields of spans and events.

use std::error::Error;
use std::fmt;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tracing::field::{Field, Visit};

use super::ids::parse;
use super::open::{OpenSpan, cut};
use crate::redact::{REDACTED, Redaction};

/// Fields as they were given; they leave it redacted.
///
/// They are read before a span is locked: what shows a value may log, in the same span.
#[derive(Default)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

/// An attribute without what `redaction` knows. Its text was cut already, so a text of any length costs the same,
/// and is cut again, because a redacted one may be longer.
fn redacted(redaction: &Redaction, name: &str, value: Value) -> Value {
    match value {
        _ if redaction.has_key(name) => Value::StringValue(REDACTED.to_owned()),
        Value::StringValue(text) => Value::StringValue(shortened(redaction.text(text))),
        value => value,
    }
}

fn shortened(mut text: String) -> String {
    text.truncate(cut(&text).len());
    // The rest would stay in memory, and no limit counts it.
    text.shrink_to_fit();
    text
}

impl Fields {
    fn add(&mut self, name: &'static str, value: Value) {
        self.0.push((name, value));
    }

    /// Those of an event: its message, and the rest.
    pub(super) fn into_event(self, redaction: &Redaction) -> (String, Vec<(&'static str, Value)>) {
        let mut message = String::new();
        let mut rest = Vec::with_capacity(self.0.len());
        for (name, value) in self.0 {
            match redacted(redaction, name, value) {
                Value::StringValue(text) if name == "message" => message = text,
                value => rest.push((name, value)),
            }
        }
        (message, rest)
    }

    /// Sets them in a span: some say its name, its kind, its status, and in a request's its place.
    ///
    /// The place is taken as it is: a key of the options such as `id` takes no trace apart.
    pub(super) fn set_in(self, span: &mut OpenSpan, redaction: &Redaction) {
        for (name, value) in self.0 {
            let is_taken = match &value {
                Value::StringValue(text) => {
                    set_known(span, name, text, redaction)
                        || span.is_of_request() && set_place(span, name, text)
                }
                Value::IntValue(flags) if span.is_of_request() && name == "trace_flags" => {
                    span.set_flags(u8::try_from(*flags).unwrap_or_default());
                    true
                }
                _ => false,
            };
            if !is_taken {
                span.set(name, redacted(redaction, name, value));
            }
        }
    }
}

/// Whether it is a name of OpenTelemetry's that is no attribute.
fn set_known(span: &mut OpenSpan, name: &str, text: &str, redaction: &Redaction) -> bool {
    let shown = || redaction.text(text.to_owned());
    match name {
        "otel.name" => span.set_name(&shown()),
        "otel.kind" => span.set_kind(text),
        "otel.status_code" => span.set_status(text),
        "otel.status_description" | "otel.status_message" => span.set_status_message(&shown()),
        _ => return false,
    }
    true
}

/// Whether it is a part of the place of a request in a trace. A text that shows no id changes nothing.
fn set_place(span: &mut OpenSpan, name: &str, text: &str) -> bool {
    match name {
        "trace_id" => parse(text).into_iter().for_each(|id| span.set_trace(id)),
        "span_id" => parse(text).into_iter().for_each(|id| span.set_span(id)),
        "parent_span_id" => parse(text).into_iter().for_each(|id| span.set_parent(id)),
        "trace_state" => span.set_state(text),
        _ => return false,
    }
    true
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field.name(), Value::DoubleValue(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), Value::IntValue(value));
    }

    /// The numbers of OpenTelemetry have a sign.
    fn record_u64(&mut self, field: &Field, value: u64) {
        let number = i64::try_from(value).map(Value::IntValue);
        let number = number.unwrap_or_else(|_| Value::StringValue(value.to_string()));
        self.add(field.name(), number);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), Value::BoolValue(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), Value::StringValue(cut(value).to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_str(field, &kit_sync::error_chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = shortened(format!("{value:?}"));
        self.add(field.name(), Value::StringValue(text));
    }
}

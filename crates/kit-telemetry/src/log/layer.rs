//! From events and spans of `tracing` to lines.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::format::Format;
use super::identity::{Identity, Notices};
use super::line::{IDS, Line, REQUEST, Value, key_of};
use super::repeat::{Admission, Repeat};
use super::writer::LineQueue;
use crate::redact::{REDACTED, Redaction};

/// The target of the access log of `kit_transport`.
const ACCESS: &str = "kit::access";
/// The spans in which an app logs, which name its instance.
const APP: &str = "kit_app";
/// What a text that was cut ends with.
const CUT: &str = "…[cut]";

/// Makes a line of each event.
pub(super) struct LogLayer {
    pub(super) lines: Arc<LineQueue>,
    pub(super) format: Format,
    pub(super) identity: Arc<Identity>,
    pub(super) redaction: Redaction,
    pub(super) repeat: Arc<Repeat>,
    pub(super) max_line: usize,
}

/// The fields of a span, as lines have them.
struct SpanFields(Vec<(&'static str, Value)>);

impl LogLayer {
    fn visitor(&self) -> Visitor<'_> {
        Visitor {
            redaction: &self.redaction,
            ids_only: false,
            fields: Vec::new(),
        }
    }

    /// Of the span of a request, lines have the ids only; its other fields are in the access log.
    fn visitor_of_span(&self, span: &Metadata<'_>) -> Visitor<'_> {
        Visitor {
            ids_only: span.target() == REQUEST,
            ..self.visitor()
        }
    }

    /// An event with the spans around it, the nearest first: what is nearer wins.
    fn line<'a, S>(&self, event: &Event<'a>, context: &Context<'_, S>) -> Line<'a>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let mut visitor = self.visitor();
        event.record(&mut visitor);
        let mut line = Line {
            time: SystemTime::now(),
            level: *event.metadata().level(),
            target: event.metadata().target(),
            message: String::new(),
            fields: Vec::with_capacity(visitor.fields.len()),
            ids: Vec::new(),
            identity: Vec::new(),
        };
        for (name, value) in visitor.fields {
            match value {
                Value::Text(text) if name == "message" => line.message = text,
                // The access log says the ids itself, also where it has no span.
                Value::Text(text) if line.target == ACCESS && IDS.contains(&name) => {
                    line.ids.push((name, text));
                }
                value => line.fields.push((key_of(name), value)),
            }
        }
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(SpanFields(fields)) = span.extensions().get::<SpanFields>() {
                add_span(&mut line, span.metadata(), fields);
            }
        }
        // A filter such as `warn` has taken the span of the request away.
        kit_transport::each_current_id(|name, id| {
            if !line.ids.iter().any(|(known, _)| *known == name) {
                line.ids.push((name, id.to_string()));
            }
        });
        for (key, value) in self.identity.fields() {
            if !line.identity.iter().any(|(known, _)| *known == key) {
                line.identity.push((key, value));
            }
        }
        self.cut(&mut line);
        line
    }

    /// Cuts texts until the line has its longest length, the longest first.
    fn cut(&self, line: &mut Line<'_>) {
        let fields = line.fields.iter_mut();
        let values = fields.filter_map(|(_, value)| value.text_mut());
        let mut texts: Vec<&mut String> = values.chain([&mut line.message]).collect();
        let mut length: usize = texts.iter().map(|text| text.len()).sum();
        if length <= self.max_line {
            return;
        }
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for text in texts {
            if length <= self.max_line {
                return;
            }
            let surplus = length - self.max_line;
            let kept = text.floor_char_boundary(text.len().saturating_sub(surplus));
            length -= text.len() - kept;
            text.truncate(kept);
            text.push_str(CUT);
        }
    }
}

/// What a line has of a span around it.
fn add_span(
    line: &mut Line<'_>,
    span: &'static Metadata<'static>,
    fields: &[(&'static str, Value)],
) {
    let is_app = span.name() == "app" && span.target().starts_with(APP);
    for (name, value) in fields {
        let text = || value.as_str().to_owned();
        if IDS.contains(name) {
            if !line.ids.iter().any(|(known, _)| known == name) {
                line.ids.push((name, text()));
            }
        } else if is_app {
            if !value.as_str().is_empty() && !line.identity.iter().any(|(known, _)| known == name) {
                line.identity.push((name, text()));
            }
        } else {
            let key = key_of(name);
            if !line.fields.iter().any(|(known, _)| *known == key) {
                line.fields.push((key, value.clone()));
            }
        }
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut visitor = self.visitor_of_span(attributes.metadata());
        attributes.record(&mut visitor);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(visitor.fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        let mut visitor = self.visitor_of_span(span.metadata());
        values.record(&mut visitor);
        let mut extensions = span.extensions_mut();
        let Some(SpanFields(fields)) = extensions.get_mut::<SpanFields>() else {
            return;
        };
        for (name, value) in visitor.fields {
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = value,
                None => fields.push((name, value)),
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let held = match self.repeat.admit(event.metadata()) {
            Admission::HoldBack => return,
            Admission::Write => None,
            Admission::WriteAfter(held) => Some(held),
        };
        if let Some(held) = held {
            let notices = Notices {
                format: self.format,
                identity: Arc::clone(&self.identity),
                repeat: Arc::clone(&self.repeat),
            };
            self.lines.push(notices.of_held(&held));
        }
        let line = self.line(event, &context);
        self.lines.push(self.format.write(&line));
    }
}

#[cfg(test)]
mod tests;

/// Takes values, redacted.
struct Visitor<'a> {
    redaction: &'a Redaction,
    ids_only: bool,
    fields: Vec<(&'static str, Value)>,
}

impl Visitor<'_> {
    fn add(&mut self, field: &Field, value: impl FnOnce(&Redaction) -> Value) {
        let name = field.name();
        if self.ids_only && !IDS.contains(&name) {
            return;
        }
        let value = if self.redaction.has_key(name) {
            Value::Text(REDACTED.to_owned())
        } else {
            value(self.redaction)
        };
        self.fields.push((name, value));
    }

    fn bare(&mut self, field: &Field, value: impl fmt::Display) {
        self.add(field, |_| Value::Bare(value.to_string()));
    }
}

impl Visit for Visitor<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.bare(field, value);
        } else {
            self.add(field, |_| Value::Text(value.to_string()));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.bare(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.bare(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.bare(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.bare(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.bare(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, |redaction| {
            Value::Text(redaction.text(value.to_owned()))
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, |redaction| {
            Value::Text(redaction.text(format!("{value:?}")))
        });
    }
}

//! From events and spans of `tracing` to lines.

use std::fmt::{self, Write as _};
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
/// What a text ends with whose value has failed to write itself.
const FAILED: &str = "…[its Debug has failed]";
/// How many bytes of a field are kept, but of a message and a backtrace, which no request chooses.
const MAX_FIELD: usize = 4 << 10;

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
            max_text: self.max_line,
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
    /// Of a message, in bytes.
    max_text: usize,
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

    /// Cuts the text while it is written, so that one of many megabytes costs no more than the part that is kept, and before it
    /// is redacted: of a secret that the cut goes through, the key stands before the cut, and a value without its
    /// end is replaced to the end.
    fn text(&mut self, field: &Field, write: impl FnOnce(&mut Bounded) -> fmt::Result) {
        let room = match field.name() {
            "message" | "backtrace" => self.max_text,
            _ => self.max_text.min(MAX_FIELD),
        };
        self.add(field, |redaction| {
            let mut bounded = Bounded {
                text: String::new(),
                room,
                is_cut: false,
            };
            let written = write(&mut bounded);
            let mut text = redaction.text(bounded.text);
            if bounded.is_cut {
                text.push_str(CUT);
            } else if written.is_err() {
                text.push_str(FAILED);
            }
            Value::Text(text)
        });
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
        self.text(field, |bounded| bounded.write_str(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, |bounded| write!(bounded, "{value:?}"));
    }
}

/// A text as far as it has room: what comes after that is not even formatted, as the writer is an error then.
struct Bounded {
    text: String,
    room: usize,
    is_cut: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let kept = text.floor_char_boundary(self.room);
        self.text.push_str(&text[..kept]);
        self.room -= kept;
        if kept == text.len() {
            return Ok(());
        }
        self.room = 0;
        self.is_cut = true;
        Err(fmt::Error)
    }
}

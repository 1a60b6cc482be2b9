//! The place of a request in a trace.

use std::fmt;

use ::http::{HeaderMap, HeaderName, HeaderValue};

use super::ids::{SpanId, TraceId, parse_byte};
use super::state;

/// The name of the header.
const PARENT: HeaderName = HeaderName::from_static("traceparent");

/// The flag by which the caller says that it may have recorded its span.
const SAMPLED: u8 = 1;
/// The flag by which the caller says that the id of the trace is random.
const RANDOM: u8 = 2;

/// The place of a request in a trace, by W3C Trace Context: the trace, the caller's span in it if there
/// is one, and the span of this request.
///
/// A bridge to a tracing system takes [`trace_id`](Self::trace_id), [`parent_id`](Self::parent_id),
/// [`flags`](Self::flags) and [`state`](Self::state) as the remote parent of the request's span.
#[derive(Clone)]
pub struct TraceContext {
    trace: TraceId,
    parent: Option<SpanId>,
    span: SpanId,
    flags: u8,
    state: Option<HeaderValue>,
}

impl TraceContext {
    /// That of a request with these headers, with a new span in the caller's trace.
    ///
    /// `None` if `traceparent` is absent, stands there twice, or breaks a rule. A version to come may
    /// have more behind the parts that are known, of which only the flag *sampled* counts.
    pub(super) fn parse(headers: &HeaderMap) -> Option<TraceContext> {
        let mut values = headers.get_all(&PARENT).iter();
        let (value, None) = (values.next()?.as_bytes(), values.next()) else {
            return None;
        };
        let parts = value.get(..55)?;
        let version = parse_byte(&parts[..2])?;
        let is_whole = match version {
            0 => value.len() == 55,
            0xff => false,
            _ => value.get(55).is_none_or(|byte| *byte == b'-'),
        };
        if !is_whole || [parts[2], parts[35], parts[52]] != *b"---" {
            return None;
        }
        let known = if version == 0 {
            SAMPLED | RANDOM
        } else {
            SAMPLED
        };
        Some(TraceContext {
            trace: TraceId::parse(&parts[3..35])?,
            parent: Some(SpanId::parse(&parts[36..52])?),
            span: SpanId::make(),
            flags: parse_byte(&parts[53..])? & known,
            state: state::parse(headers),
        })
    }

    /// That of a request that begins a trace.
    pub(super) fn begin() -> TraceContext {
        TraceContext {
            trace: TraceId::make(),
            parent: None,
            span: SpanId::make(),
            flags: RANDOM,
            state: None,
        }
    }

    /// The same, of which the caller may have recorded its span.
    pub(super) fn sampled(self) -> TraceContext {
        let flags = self.flags | SAMPLED;
        TraceContext { flags, ..self }
    }

    /// The trace.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace
    }

    /// The caller's span; `None` if the trace begins with this request.
    #[must_use]
    pub fn parent_id(&self) -> Option<SpanId> {
        self.parent
    }

    /// The span of this request, which its outgoing calls have as their parent.
    #[must_use]
    pub fn span_id(&self) -> SpanId {
        self.span
    }

    /// The flags that are handed on: 1 for *sampled*, 2 for *random*.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether the spans of the trace are to be recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// What tracing systems hand on beside it: the header `tracestate`.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_ref()?.to_str().ok()
    }

    /// Writes it into the headers of an outgoing request, unless a trace is there already.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if headers.contains_key(&PARENT) {
            return;
        }
        if let Ok(value) = HeaderValue::from_str(&self.to_string()) {
            headers.insert(PARENT, value);
        }
        headers.remove(&state::NAME);
        if let Some(state) = &self.state {
            headers.insert(state::NAME, state.clone());
        }
    }
}

/// The header `traceparent` of an outgoing request.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TraceContext {
            trace, span, flags, ..
        } = self;
        write!(f, "00-{trace}-{span}-{flags:02x}")
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn parsed(lines: &[&str]) -> Option<TraceContext> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(PARENT, HeaderValue::from_str(line).expect("a value"));
        }
        TraceContext::parse(&headers)
    }

    #[test]
    fn a_trace_is_continued_by_the_rules_of_its_version() {
        for (line, flags) in [
            (format!("00-{TRACE}-{SPAN}-01"), 1),
            (format!("00-{TRACE}-{SPAN}-00"), 0),
            (format!("00-{TRACE}-{SPAN}-03"), 3),
            (format!("00-{TRACE}-{SPAN}-ff"), 3),
            (format!("01-{TRACE}-{SPAN}-01"), 1),
            (format!("cc-{TRACE}-{SPAN}-ff-what-comes.later"), 1),
            (format!("fe-{TRACE}-{SPAN}-00-"), 0),
        ] {
            let context = parsed(&[&line]).expect(&line);
            assert_eq!(context.trace_id().to_string(), TRACE, "{line}");
            assert_eq!(context.parent_id().expect("a parent").to_string(), SPAN);
            assert_ne!(context.span_id().to_string(), SPAN);
            assert_eq!(context.flags(), flags, "{line}");
            let out = format!("00-{TRACE}-{}-{flags:02x}", context.span_id());
            assert_eq!(context.to_string(), out);
        }
    }

    #[test]
    fn what_breaks_a_rule_is_no_trace() {
        let zeros = "0".repeat(32);
        let good = format!("00-{TRACE}-{SPAN}-01");
        for line in [
            "".to_owned(),
            "00".to_owned(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
            format!("0A-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-0"),
            format!("00-{TRACE}-{SPAN}-0G"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("01-{TRACE}-{SPAN}-01more"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}{SPAN}-01"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{}g-{SPAN}-01", &TRACE[1..]),
            format!("0-{TRACE}-{SPAN}-01"),
            format!(".0-{TRACE}-{SPAN}-01"),
            format!("{good},{good}"),
        ] {
            assert!(parsed(&[&line]).is_none(), "{line}");
        }
        assert!(parsed(&[]).is_none());
        assert!(parsed(&[&good, &good]).is_none(), "twice");
    }

    #[test]
    fn a_trace_that_begins_here_is_random_and_no_two_are_the_same() {
        let (one, other) = (TraceContext::begin(), TraceContext::begin().sampled());
        assert_ne!(one.trace_id(), other.trace_id());
        assert_ne!(one.span_id(), other.span_id());
        assert_eq!((one.flags(), other.flags()), (2, 3));
        assert_eq!(one.parent_id(), None);
        assert!(parsed(&[&one.to_string()]).is_some());
    }

    #[test]
    fn a_trace_that_is_there_already_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(PARENT, HeaderValue::from_static("theirs"));
        TraceContext::begin().write(&mut headers);
        assert_eq!(headers[PARENT], "theirs");
        headers.clear();
        headers.insert(state::NAME, HeaderValue::from_static("old=1"));
        let context = TraceContext::begin();
        context.write(&mut headers);
        assert_eq!(headers[PARENT], context.to_string());
        assert!(
            !headers.contains_key(&state::NAME),
            "it was of another trace"
        );
    }
}

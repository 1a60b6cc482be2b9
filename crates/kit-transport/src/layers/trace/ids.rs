//! The ids of a trace and of its spans.

use std::fmt::{self, Write as _};

use crate::layers::digits::digits_of;
use crate::layers::random::random_bytes;

/// The id of a trace: 16 bytes, not all of them zero. Shown as 32 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// The id of a span: 8 bytes, not all of them zero. Shown as 16 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

impl TraceId {
    /// The one that these 32 digits, in lower case, show.
    pub(super) fn parse(digits: &[u8]) -> Option<TraceId> {
        parse(digits).map(TraceId)
    }

    pub(super) fn make() -> TraceId {
        TraceId(make())
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl SpanId {
    /// The one that these 16 digits, in lower case, show.
    pub(super) fn parse(digits: &[u8]) -> Option<SpanId> {
        parse(digits).map(SpanId)
    }

    pub(super) fn make() -> SpanId {
        SpanId(make())
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

/// `None` for zeros alone, which are no id.
fn parse<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = parse_byte(digits)?;
    }
    (bytes != [0; N]).then_some(bytes)
}

/// The byte of two digits in lower case.
pub(super) fn parse_byte(digits: &[u8]) -> Option<u8> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let &[high, low] = digits else { return None };
    Some(digit(high)? << 4 | digit(low)?)
}

fn make<const N: usize>() -> [u8; N] {
    loop {
        let bytes = random_bytes();
        if bytes != [0; N] {
            return bytes;
        }
    }
}

fn write_digits(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes
        .iter()
        .flat_map(|byte| digits_of(*byte))
        .try_for_each(|digit| f.write_char(char::from(digit)))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_digits(&self.0, f)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_digits(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_digits(&self.0, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_digits(&self.0, f)
    }
}

//! Reading on behind a line that is at fault.

use std::borrow::Cow;
use std::ops::Range;

use toml::de::{DeTable, Error};

/// How many lines without a value are passed over: each costs a parse.
const MAX_LINES: usize = 20;

/// The text with each line blanked behind which the parser would give up, and the errors of these lines.
///
/// It goes on behind most mistakes; behind a key without a value it does not, and what follows would be
/// as if it were not written. A blank line moves no other.
pub(super) fn blanked(text: &str) -> (Cow<'_, str>, Vec<Error>) {
    let mut blanked = Cow::Borrowed(text);
    let mut passed = Vec::new();
    while passed.len() < MAX_LINES {
        let (_, mut errors) = DeTable::parse_recoverable(&blanked);
        let Some(place) = errors.iter().position(is_end) else {
            break;
        };
        let error = errors.swap_remove(place);
        let Some(line) = error.span().and_then(|span| line(&blanked, span.start)) else {
            break;
        };
        passed.push(error);
        let blank = " ".repeat(line.len());
        blanked.to_mut().replace_range(line, &blank);
    }
    (blanked, passed)
}

fn is_end(error: &Error) -> bool {
    error.message().starts_with("key with no value")
}

/// The line of this place, unless it is blank.
fn line(text: &str, place: usize) -> Option<Range<usize>> {
    let before = text.get(..place)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = text[place..]
        .find('\n')
        .map_or(text.len(), |end| place + end);
    let is_blank = text[start..end].trim().is_empty();
    (!is_blank).then_some(start..end)
}

//! Texts of a bounded length.

use std::borrow::Cow;

/// A text of at most `limit` characters: of a longer one the beginning and the end, with `…` between.
pub(super) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    // No text has more characters than bytes.
    if text.len() <= limit || text.chars().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let kept = limit.saturating_sub(1);
    let (first, last) = (kept - kept / 3, kept / 3);
    let begin = text.char_indices().nth(first).map_or(0, |(at, _)| at);
    let end = text.char_indices().rev().take(last).last();
    let end = end.map_or(text.len(), |(at, _)| at);
    Cow::Owned(format!("{}…{}", &text[..begin], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end() {
        for (text, limit, expected) in [
            ("abcdefghij", 10, "abcdefghij"),
            ("abcdefghijk", 10, "abcdef…ijk"),
            ("éééééééééé", 10, "éééééééééé"),
            ("ééééééééééé", 4, "éé…é"),
            ("abc", 1, "…"),
        ] {
            assert_eq!(cut(text, limit), expected);
        }
    }
}

//! The text of a source, with its places.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroize;

use super::hidden::HiddenBytes;

/// A text that settings were read from.
#[derive(Debug)]
pub(crate) struct SourceText {
    /// What it is called in messages: the path of a file, as it was given.
    name: String,
    text: String,
    /// Where each line begins, in bytes: a place is asked for at each mistake.
    lines: Vec<usize>,
    /// The bytes that are not shown, as they are secret. A lock is enough: they are set and read by the one
    /// load that the text belongs to.
    hidden: Mutex<HiddenBytes>,
}

/// It may hold secrets.
impl Drop for SourceText {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl SourceText {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<SourceText> {
        let text: String = text.into();
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Arc::new(SourceText {
            name: name.into(),
            lines: std::iter::once(0).chain(ends).collect(),
            text,
            hidden: Mutex::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// What stands in the place of a hidden part.
const MASK: &str = "***";

/// How many characters of a line are shown; of a longer one those around the marked place.
const SHOWN: usize = 120;

/// How many of them stand before the marked place in a line that is cut at both ends.
const BEFORE: usize = 40;

/// A part of a text.
#[derive(Clone)]
pub(crate) struct Span {
    text: Arc<SourceText>,
    bytes: Range<usize>,
}

impl Span {
    /// The bytes of a text, cut to those that it has, and to whole characters.
    pub(crate) fn new(text: &Arc<SourceText>, bytes: Range<usize>) -> Span {
        let start = text.text.floor_char_boundary(bytes.start);
        let end = text.text.floor_char_boundary(bytes.end).max(start);
        Span {
            text: Arc::clone(text),
            bytes: start..end,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.text.name()
    }

    /// Counted from 1.
    pub(crate) fn line(&self) -> usize {
        let lines = &self.text.lines;
        lines.partition_point(|begin| *begin <= self.bytes.start)
    }

    /// Its first byte.
    pub(crate) fn start(&self) -> usize {
        self.bytes.start
    }

    /// Of its first character, counted from 1 in characters.
    pub(crate) fn column(&self) -> usize {
        let before = &self.text.text[self.line_start()..self.bytes.start];
        before.chars().count() + 1
    }

    /// The line in which it begins, without its end.
    pub(crate) fn line_text(&self) -> &str {
        let rest = &self.text.text[self.line_start()..];
        let line = rest.split('\n').next().unwrap_or_default();
        line.trim_end_matches('\r')
    }

    /// Keeps these bytes from being shown, but for the white space at their end: a text over several lines
    /// in YAML ends where the next line begins.
    pub(crate) fn hide(&self) {
        let bytes = self.without_end();
        let hidden = self.text.hidden.lock();
        let mut hidden = hidden.unwrap_or_else(PoisonError::into_inner);
        hidden.add(bytes);
    }

    /// Whether all that [`hide`](Self::hide) keeps from being shown is hidden, and there is any.
    pub(crate) fn is_hidden(&self) -> bool {
        let hidden = self.text.hidden.lock();
        let hidden = hidden.unwrap_or_else(PoisonError::into_inner);
        hidden.has_all(&self.without_end())
    }

    /// Its bytes without the white space at their end.
    fn without_end(&self) -> Range<usize> {
        let written = &self.text.text[self.bytes.clone()];
        self.bytes.start..self.bytes.start + written.trim_end().len()
    }

    /// Keeps a part of its first line from being shown: these bytes of the line.
    pub(crate) fn hide_in_line(&self, bytes: Range<usize>) {
        let begin = self.line_start();
        Span::new(&self.text, begin + bytes.start..begin + bytes.end).hide();
    }

    /// Keeps the rest of its first line from being shown, from this byte of the line on.
    pub(crate) fn hide_line_from(&self, offset: usize) {
        self.hide_in_line(offset..self.line_text().len());
    }

    /// The line in which it begins, as it may be shown, with the place of the first and of the last
    /// character that it marks, counted from 0. A hidden part is shown as `***`, a control character as `\u{fffd}`,
    /// and the cut ends of a long line as `…`.
    ///
    /// The line is copied character by character. The first one of a hidden part becomes the mask, and
    /// the other ones nothing; so the marks are counted in the shown line, not in the written one.
    pub(crate) fn shown_line(&self) -> (String, Range<usize>) {
        let whole = self.line_text();
        let window = window(whole, self.bytes.start - self.line_start());
        let begin = self.line_start() + window.start;
        let hidden = self.text.hidden.lock();
        let hidden = hidden.unwrap_or_else(PoisonError::into_inner);
        let (mut line, mut count) = (String::new(), 0);
        if window.start > 0 {
            line.push('…');
            count = 1;
        }
        let (mut first, mut last) = (None, None);
        let mut was_hidden = false;
        for (offset, c) in whole[window.clone()].char_indices() {
            let at = begin + offset;
            let is_hidden = hidden.has(at);
            let is_same = is_hidden && was_hidden;
            let from = if is_same { count - MASK.len() } else { count };
            if !is_hidden {
                let is_shown = c == '\t' || !c.is_control();
                line.push(if is_shown {
                    c
                } else {
                    char::REPLACEMENT_CHARACTER
                });
                count += 1;
            } else if !is_same {
                line.push_str(MASK);
                count += MASK.len();
            }
            was_hidden = is_hidden;
            if at == self.bytes.start || (self.bytes.contains(&at) && first.is_none()) {
                first = Some(from);
            }
            if self.bytes.contains(&at) {
                last = Some(count);
            }
        }
        let first = first.unwrap_or(count);
        if window.end < whole.len() {
            line.push('…');
        }
        (line, first..last.unwrap_or(first).max(first + 1))
    }

    /// Whether its text has nothing but white space, comments and the marks of a document of YAML.
    pub(crate) fn is_of_blank_text(&self) -> bool {
        let is_blank = |line: &str| {
            let line = line.trim();
            line.is_empty() || line.starts_with(['#', '%']) || matches!(line, "---" | "...")
        };
        self.text.text.lines().all(is_blank)
    }

    /// The first byte of the line in which it begins.
    fn line_start(&self) -> usize {
        self.text.lines[self.line() - 1]
    }
}

/// The part of a line that is shown, in bytes: around this byte, with as much as there is room for.
fn window(line: &str, at: usize) -> Range<usize> {
    // No line has more characters than bytes.
    if line.len() <= SHOWN {
        return 0..line.len();
    }
    let at = line.floor_char_boundary(at);
    let after = line[at..].chars().take(SHOWN - BEFORE).count();
    let before = line[..at].char_indices().rev().take(SHOWN - after).last();
    let start = before.map_or(at, |(start, _)| start);
    let end = line[start..].char_indices().nth(SHOWN);
    start..end.map_or(line.len(), |(end, _)| start + end)
}

impl PartialEq for Span {
    fn eq(&self, other: &Span) -> bool {
        Arc::ptr_eq(&self.text, &other.text) && self.bytes == other.bytes
    }
}

impl Eq for Span {}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.name(), self.line(), self.column())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).expect("a part of the text");
        Span::new(&SourceText::new("a.toml", text), start..start + part.len())
    }

    #[test]
    fn a_place_is_counted_from_one_in_characters() {
        let span = span("a = 1\nné = \"x\" # c\n", "\"x\"");
        assert_eq!(
            (span.line(), span.column(), span.shown_line().1),
            (2, 6, 5..8)
        );
        assert_eq!(span.line_text(), "né = \"x\" # c");
    }

    #[test]
    fn a_part_over_several_lines_is_marked_on_its_first() {
        let span = span("a = '''one\r\ntwo'''", "'''one\r\ntwo'''");
        assert_eq!((span.column(), span.shown_line().1), (5, 4..10));
        assert_eq!(span.line_text(), "a = '''one");
    }

    #[test]
    fn a_hidden_part_is_masked_and_the_mark_stands_right() {
        let line = "db = { password = \"hunter2\", port = \"é\" }";
        let port = span(line, "\"é\"");
        assert_eq!(port.shown_line(), (line.to_owned(), 36..39));
        let start = line.find("\"hunter2").expect("a part");
        let password = Span {
            text: Arc::clone(&port.text),
            bytes: start..start + 9,
        };
        password.hide();
        let shown = "db = { password = ***, port = \"é\" }".to_owned();
        assert_eq!(port.shown_line(), (shown.clone(), 30..33));
        assert_eq!(password.shown_line(), (shown, 18..21));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let long = format!("{}!{}", "é".repeat(500), "ü".repeat(500));
        let (line, marked) = span(&long, "!").shown_line();
        assert_eq!(line.chars().count(), SHOWN + 2);
        assert!(line.starts_with("…é") && line.ends_with("ü…"), "{line}");
        assert_eq!(line.chars().nth(marked.start), Some('!'));
        assert_eq!((marked.start, marked.len()), (BEFORE + 1, 1));
        let (line, marked) = span(&format!("!{long}"), "!").shown_line();
        assert!(line.starts_with("!é") && line.ends_with("é…"), "{line}");
        assert_eq!((line.chars().count(), marked), (SHOWN + 1, 0..1));
        let (line, marked) = span(&format!("{long}?"), "?").shown_line();
        assert!(line.starts_with("…ü") && line.ends_with("ü?"), "{line}");
        assert_eq!(
            (line.chars().count(), marked),
            (SHOWN + 1, SHOWN..SHOWN + 1)
        );
        // A mark goes on to the cut.
        let (_, marked) = span(&long, &long[20..]).shown_line();
        assert_eq!(marked, 10..SHOWN);
    }

    #[test]
    fn a_secret_that_is_cut_stays_hidden() {
        let text = format!("{}!", "hunter2 ".repeat(100));
        let end = span(&text, "!");
        let secret = Span::new(&end.text, 0..text.len() - 1);
        secret.hide();
        assert_eq!(end.shown_line(), ("…*** !".to_owned(), 5..6));
        assert_eq!(secret.shown_line().0, "***…");
    }

    #[test]
    fn a_control_character_is_not_shown() {
        let red = span("a = \u{1b}[31m\tb", "b");
        assert_eq!(red.shown_line().0, "a = \u{fffd}[31m\tb");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_drop_wipes_the_text() {
        let written = "password = 'correct horse battery staple', and some more of it to be long";
        let text = SourceText::new("a.toml", written);
        let place = text.as_str().as_ptr();
        let span = Span::new(&text, 0..1);
        drop(text);
        assert!(crate::testing::has_remains(place, written.as_bytes()));
        drop(span);
        assert!(!crate::testing::has_remains(place, written.as_bytes()));
    }

    #[test]
    fn a_text_of_white_space_and_comments_is_blank() {
        for blank in ["", " \n\r\n", "# a = 1", "%YAML 1.2\n---\n# x\n..."] {
            assert!(
                Span::new(&SourceText::new("a", blank), 0..0).is_of_blank_text(),
                "{blank:?}"
            );
        }
        for full in ["{}", "[a]", "a"] {
            assert!(
                !Span::new(&SourceText::new("a", full), 0..0).is_of_blank_text(),
                "{full}"
            );
        }
    }

    #[test]
    fn a_place_outside_of_the_text_is_its_end() {
        let text = SourceText::new("a.toml", "é");
        for (bytes, column) in [(7..9, 2), (1..1, 1), (2..2, 2)] {
            let span = Span::new(&text, bytes);
            assert_eq!(
                (span.line(), span.column(), span.shown_line().1.len()),
                (1, column, 1)
            );
        }
    }
}

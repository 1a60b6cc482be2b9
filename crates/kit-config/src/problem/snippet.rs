//! The line of a problem, with a mark below the value.

use std::fmt;

use super::width::columns;
use crate::tree::text::Span;

/// Writes the line in which the span begins, and marks it. Tabs stay tabs, and a character of two columns has two
/// spaces below it, so that the mark stands right.
pub(super) fn write(f: &mut fmt::Formatter<'_>, span: &Span) -> fmt::Result {
    let number = span.line().to_string();
    let margin = " ".repeat(number.len());
    let (line, marked) = span.shown_line();
    let mut indent = String::new();
    for c in line.chars().take(marked.start) {
        match c {
            '\t' => indent.push('\t'),
            c => indent.extend(std::iter::repeat_n(' ', columns(c))),
        }
    }
    let inside = line.chars().skip(marked.start).take(marked.len());
    let mark = "^".repeat(inside.map(columns).sum::<usize>().max(1));
    write!(
        f,
        "\n{margin} |\n{number} | {line}\n{margin} | {indent}{mark}"
    )
}

//! The line of a problem, with a mark below the value.

use std::fmt;

use crate::tree::text::Span;

/// Writes the line in which the span begins, and marks it. Tabs stay tabs, so that the mark stands right.
pub(super) fn write(f: &mut fmt::Formatter<'_>, span: &Span) -> fmt::Result {
    let number = span.line().to_string();
    let margin = " ".repeat(number.len());
    let (line, marked) = span.shown_line();
    let before = line.chars().take(marked.start);
    let indent: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let mark = "^".repeat(marked.len());
    write!(
        f,
        "\n{margin} |\n{number} | {line}\n{margin} | {indent}{mark}"
    )
}

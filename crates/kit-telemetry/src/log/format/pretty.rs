//! Lines for people.

use std::fmt::Write as _;

use tracing::Level;

use super::super::line::Line;
use super::escape::{key, plain, quoted_if_needed};

const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// The parts that most lines have in common come last, and dim on a terminal.
pub(super) fn write(out: &mut String, line: &Line<'_>, has_colours: bool) {
    let colour = |code: &'static str| if has_colours { code } else { "" };
    let (dim, end) = (colour(DIM), colour(PLAIN));
    let level = colour(match line.level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    });
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "{dim}{}{end} {level}{:>5}{end} {dim}",
        line.utc(),
        line.level.as_str(),
    );
    plain(out, line.target);
    let _ = write!(out, ":{end} ");
    plain(out, &line.message);
    for (name, value) in &line.fields {
        out.push(' ');
        key(out, name);
        out.push('=');
        quoted_if_needed(out, value.as_str());
    }
    out.push_str(dim);
    for (name, value) in line.ids.iter().chain(&line.identity) {
        let _ = write!(out, " {name}=");
        quoted_if_needed(out, value);
    }
    out.push_str(end);
}

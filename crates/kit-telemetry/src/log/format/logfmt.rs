//! `key=value` in each line.

use std::fmt::Write as _;

use super::super::line::Line;
use super::escape::{key, quoted_if_needed};

pub(super) fn write(out: &mut String, line: &Line<'_>) {
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "time={} level={} target=",
        line.utc(),
        line.level.as_str().to_ascii_lowercase(),
    );
    quoted_if_needed(out, line.target);
    out.push_str(" message=");
    quoted_if_needed(out, &line.message);
    for (name, value) in line.identity.iter().chain(&line.ids) {
        pair(out, name, value);
    }
    for (name, value) in &line.fields {
        pair(out, name, value.as_str());
    }
}

fn pair(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    key(out, name);
    out.push('=');
    quoted_if_needed(out, value);
}

//! An object of JSON for each line.

use std::fmt::Write as _;

use super::super::line::{Line, Value};

/// Flat: the line's keys first, then the instance, the request, and the fields. A key is written once.
pub(super) fn write(out: &mut String, line: &Line<'_>) {
    // Writing to a string does not fail.
    let _ = write!(
        out,
        r#"{{"time":"{}","level":"{}","target":"#,
        line.utc(),
        line.level.as_str().to_ascii_lowercase(),
    );
    text(out, line.target);
    out.push_str(r#","message":"#);
    text(out, &line.message);
    for (key, value) in line.identity.iter().chain(&line.ids) {
        let _ = write!(out, r#","{key}":"#);
        text(out, value);
    }
    for (key, value) in &line.fields {
        out.push(',');
        text(out, key);
        out.push(':');
        match value {
            Value::Text(value) => text(out, value),
            Value::Bare(value) => out.push_str(value),
        }
    }
    out.push('}');
}

fn text(out: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        // Nearly always: nothing in it has to be written otherwise.
        out.extend(["\"", text, "\""]);
        return;
    }
    // A text always has a form in JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

//! Scalars of YAML 1.2's core schema.

use granit_parser::{ScalarStyle, Tag};

use crate::source::number;
use crate::tree::node::Value;

/// What a scalar is: a text if it stands in quotes, else what it looks like; or what its tag says.
pub(super) fn read(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let as_text = || Ok(Value::Text(text.to_owned()));
    let Some(tag) = tag else {
        return match style {
            ScalarStyle::Plain => plain(text),
            _ => as_text(),
        };
    };
    let wanted = match tag.core_suffix() {
        Some("str") => return as_text(),
        Some(name @ ("null" | "bool" | "int" | "float")) => name,
        _ if tag.original() == "!" => return as_text(),
        _ => return Err(unknown_tag(tag)),
    };
    match (wanted, plain(text)?) {
        ("null", value @ Value::Null)
        | ("bool", value @ Value::Bool(_))
        | ("int", value @ Value::Integer(_))
        | ("float", value @ Value::Float(_)) => Ok(value),
        ("float", Value::Integer(_)) => number::float(text).map(Value::Float),
        _ => Err(format!("this is no value for the tag `{}`", tag.original())),
    }
}

pub(super) fn unknown_tag(tag: &Tag) -> String {
    format!("the tag `{}` means nothing here", tag.original())
}

fn plain(text: &str) -> Result<Value, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text) {
            Some(value) => value?,
            None => Value::Text(text.to_owned()),
        },
    })
}

/// A number, if the text looks like one.
fn number(text: &str) -> Option<Result<Value, String>> {
    let digits = |text: &str, radix| {
        let is_number = !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
        is_number.then(|| number::integer(text, radix).map(Value::Integer))
    };
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return digits(hexadecimal, 16);
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(number::float("nan").map(Value::Float));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        let sign = if text.starts_with('-') { "-inf" } else { "inf" };
        return Some(number::float(sign).map(Value::Float));
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Some(number::integer(text, 10).map(Value::Integer));
    }
    let is_float = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
        && text.parse::<f64>().is_ok();
    is_float.then(|| number::float(text).map(Value::Float))
}

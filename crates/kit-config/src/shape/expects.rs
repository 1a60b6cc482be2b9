//! The words for the values that a place takes.

use super::kind::{FloatKind, IntegerKind, Kind, ListKind, TableKind, TextKind};

/// All alternatives, joined by "or". That nothing may stand there is said only where nothing else may.
pub(super) fn of_all(kinds: &[Kind<'_>]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    let mut variants: Vec<&str> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for kind in kinds {
        match kind {
            Kind::Null => {}
            Kind::Text(TextKind {
                one_of: Some(some), ..
            }) => texts.extend(some),
            Kind::Table(table) if table.variant_key().is_some() => {
                variants.extend(table.variant_key());
            }
            _ => {
                let other = of_kind(kind);
                if !others.contains(&other) {
                    others.push(other);
                }
            }
        }
    }
    let mut all = Vec::new();
    if !texts.is_empty() {
        all.push(one_of(&texts));
    }
    if !variants.is_empty() {
        all.push(format!("a table with {}", one_of(&variants)));
    }
    all.extend(others);
    if all.is_empty() {
        return "nothing (null)".to_owned();
    }
    all.join(" or ")
}

/// `` `a` ``, or ``one of `a`, `b` ``.
pub(crate) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [only] => only.clone(),
        _ => format!("one of {}", quoted.join(", ")),
    }
}

fn of_kind(kind: &Kind<'_>) -> String {
    match kind {
        Kind::Any => "any value".to_owned(),
        Kind::Null => "nothing (null)".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::Integer(integer) => of_integer(*integer),
        Kind::Float(float) => of_float(*float),
        Kind::Text(text) => of_text(text),
        Kind::List(list) => of_list(list),
        Kind::Table(table) => of_table(table),
    }
}

fn of_integer(integer: IntegerKind) -> String {
    match (integer.min, integer.max) {
        (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
        (Some(min), None) => format!("a whole number of at least {min}"),
        (None, Some(max)) => format!("a whole number of at most {max}"),
        (None, None) => "a whole number".to_owned(),
    }
}

fn of_float(float: FloatKind) -> String {
    let above = if float.is_above_min {
        "above"
    } else {
        "of at least"
    };
    let below = if float.is_below_max {
        "below"
    } else {
        "of at most"
    };
    match (float.min, float.max) {
        (Some(min), Some(max)) if !float.is_above_min && !float.is_below_max => {
            format!("a number from {min} to {max}")
        }
        (Some(min), Some(max)) => format!("a number {above} {min} and {below} {max}"),
        (Some(min), None) => format!("a number {above} {min}"),
        (None, Some(max)) => format!("a number {below} {max}"),
        (None, None) => "a number".to_owned(),
    }
}

fn of_text(text: &TextKind<'_>) -> String {
    if let Some(format) = text.format.and_then(of_format) {
        return format.to_owned();
    }
    let length = match (text.min, text.max) {
        (Some(1), Some(1)) => return "a single character".to_owned(),
        (Some(min), Some(max)) if min == max => format!("a text of {min} characters"),
        (Some(min), Some(max)) => format!("a text of {min} to {max} characters"),
        (Some(min), None) => format!("a text of at least {min} {}", characters(min)),
        (None, Some(max)) => format!("a text of at most {max} {}", characters(max)),
        (None, None) => "a text".to_owned(),
    };
    match text.pattern {
        Some(pattern) => format!("{length} that matches `{pattern}`"),
        None => length,
    }
}

fn characters(count: u64) -> &'static str {
    if count == 1 {
        "character"
    } else {
        "characters"
    }
}

/// Whether a text of this format has a phrase that says what it is.
pub(super) fn is_known_format(format: &str) -> bool {
    of_format(format).is_some()
}

fn of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "address" => "an address, such as \":8000\"",
        "date" => "a date, such as \"2024-02-29\"",
        "date-time" => "a time, such as \"2024-02-29T12:00:00Z\"",
        "duration" => "a duration, such as \"30s\"",
        "hostname" => "the name of a host, such as \"db.internal\"",
        "ip" => "an IP address, such as \"127.0.0.1\"",
        "ipv4" => "an IPv4 address, such as \"127.0.0.1\"",
        "ipv6" => "an IPv6 address, such as \"::1\"",
        "size" => "a size, such as \"16MiB\"",
        "uri" | "url" => "a URL, such as \"http://localhost:8000\"",
        "uuid" => "a UUID, such as \"67e55044-10b1-426f-9247-bb680e5fe0c8\"",
        _ => return None,
    })
}

fn of_list(list: &ListKind<'_>) -> String {
    match (list.min, list.max) {
        (Some(min), Some(max)) if min == max => format!("a list of {min} {}", values(min)),
        (Some(min), Some(max)) => format!("a list of {min} to {max} values"),
        (Some(min), None) => format!("a list of at least {min} {}", values(min)),
        (None, Some(max)) => format!("a list of at most {max} {}", values(max)),
        (None, None) => "a list".to_owned(),
    }
}

fn values(count: u64) -> &'static str {
    if count == 1 { "value" } else { "values" }
}

fn of_table(_: &TableKind<'_>) -> String {
    "a table".to_owned()
}

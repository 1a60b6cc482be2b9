//! Prometheus' text form, version 0.0.4.

use std::fmt::Write as _;

use super::sample::{Sample, Samples};

/// Appends every value to `page`.
pub(super) fn write(samples: &Samples, page: &mut String) {
    for family in samples.families() {
        let metric = family.metric;
        let (name, kind) = (metric.name, metric.kind);
        // Writing to a string does not fail.
        let _ = writeln!(page, "# HELP {name} {}", escaped(metric.description, false));
        let _ = writeln!(page, "# TYPE {name} {kind}");
        for Sample { labels, value } in &family.samples {
            page.push_str(name);
            write_labels(metric.labels, labels, page);
            let _ = writeln!(page, " {value}");
        }
        page.push('\n');
    }
}

fn write_labels(names: &[&str], values: &[String], page: &mut String) {
    for (index, (name, value)) in names.iter().zip(values).enumerate() {
        let before = if index == 0 { '{' } else { ',' };
        let _ = write!(page, "{before}{name}=\"{}\"", escaped(value, true));
    }
    if !values.is_empty() {
        page.push('}');
    }
}

/// Without characters that end a line or, in a label, the value.
fn escaped(text: &str, is_label: bool) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    if is_label {
        escaped.replace('"', "\\\"")
    } else {
        escaped
    }
}

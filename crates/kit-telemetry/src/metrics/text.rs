//! Prometheus' text form, version 0.0.4.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use super::catalogue::MetricKind;
use super::sample::{Reading, Samples};
use super::spelling::{page_label, page_name};

type Labels = [(Cow<'static, str>, String)];

/// The page with every value.
pub(super) fn page(samples: &Samples) -> String {
    let mut page = String::new();
    for family in samples.families() {
        let (name, kind) = (page_name(&family.name), family.kind);
        // Writing to a string does not fail.
        if let Some(description) = &family.description {
            let _ = writeln!(page, "# HELP {name} {}", escaped(description, false));
        }
        let _ = writeln!(page, "# TYPE {name} {kind}");
        for sample in &family.samples {
            let labels = written(&sample.labels, kind);
            write_value(&name, &labels, &sample.value, &mut page);
        }
        page.push('\n');
    }
    page
}

/// Buckets are cumulative here: each has what is in those before it as well.
fn write_value(name: &str, labels: &str, value: &Reading, page: &mut String) {
    match value {
        Reading::Count(count) => write_line(name, labels, None, count, page),
        Reading::Number(number) => write_line(name, labels, None, &shown(*number), page),
        Reading::Buckets(buckets) => {
            let bounds = buckets.bounds.iter().map(|bound| shown(*bound));
            let bounds = bounds.chain(["+Inf".into()]);
            let mut sum = 0;
            for (bound, count) in bounds.zip(&buckets.counts) {
                sum += count;
                write_line(name, labels, Some(&bound), &sum, page);
            }
            let total = shown(buckets.sum);
            write_line(&format!("{name}_sum"), labels, None, &total, page);
            write_line(&format!("{name}_count"), labels, None, &sum, page);
        }
    }
}

/// The labels without brackets.
fn written(labels: &Labels, kind: MetricKind) -> String {
    let mut written = String::new();
    for (label, value) in labels {
        let (label, value) = (page_label(label, kind), escaped(value, true));
        let comma = if written.is_empty() { "" } else { "," };
        let _ = write!(written, "{comma}{label}=\"{value}\"");
    }
    written
}

fn write_line(
    name: &str,
    labels: &str,
    bound: Option<&str>,
    value: &dyn Display,
    page: &mut String,
) {
    let _ = match (labels, bound) {
        ("", None) => writeln!(page, "{name} {value}"),
        (labels, None) => writeln!(page, "{name}{{{labels}}} {value}"),
        ("", Some(bound)) => writeln!(page, "{name}_bucket{{le=\"{bound}\"}} {value}"),
        (labels, Some(bound)) => {
            writeln!(page, "{name}_bucket{{{labels},le=\"{bound}\"}} {value}")
        }
    };
}

/// A number as Prometheus writes it.
fn shown(number: f64) -> Cow<'static, str> {
    match number {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        number => number.to_string().into(),
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

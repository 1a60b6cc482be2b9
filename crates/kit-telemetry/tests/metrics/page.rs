//! The page of all metrics in the book is the one that the catalogue gives.

use std::fmt::Write as _;
use std::path::Path;

use kit_telemetry::metrics::catalogue;

/// Set to 1, the page is written anew.
const WRITE: &str = "KIT_WRITE_PAGES";

const HEAD: &str = "\
# All metrics

What an app with `kit-telemetry` shows at `/metrics` of its admin server; [Telemetry](telemetry.md#metrics) says how
to switch that on. This page is written from the catalogue in the code by
`KIT_WRITE_PAGES=1 cargo test -p kit-telemetry --all-features --test metrics`, and a test fails when it is out of date.
A series that comes after a metric's limit has the one label `otel_metric_overflow`.

| metric | type | unit | labels | |
|---|---|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for metric in catalogue() {
        let (name, kind, description) = (metric.name, metric.kind, metric.description);
        let unit = metric.unit.unwrap_or("");
        let labels = metric.labels.iter().map(|label| format!("`{label}`"));
        let labels = labels.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            page,
            "| `{name}` | {kind} | {unit} | {labels} | {description} |"
        );
    }
    page
}

#[test]
fn the_page_of_metrics_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/metrics.md");
    let expected = page();
    if std::env::var(WRITE).is_ok_and(|value| value == "1") {
        std::fs::write(&path, &expected).expect("the book can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "docs/src/metrics.md is out of date; write it anew by \
         `{WRITE}=1 cargo test -p kit-telemetry --all-features --test metrics`"
    );
}

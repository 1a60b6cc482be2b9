//! Names and labels of programs that Prometheus would refuse, with the whole page.

use std::collections::BTreeSet;

use metrics::{Counter, with_local_recorder};
use metrics::{Key, Label, Level, Metadata, Recorder, counter, gauge, histogram};

use super::*;

const ABOUT: Metadata<'_> = Metadata::new("test", Level::INFO, None);

fn page_of(record: impl FnOnce(&dyn Recorder)) -> String {
    let metrics = Metrics::new(&MetricsOptions {
        max_series: 3,
        ..MetricsOptions::default()
    });
    record(&metrics.recorder());
    let mut samples = Samples::default();
    metrics.0.recorded.collect(&mut samples);
    text::page(&samples)
}

/// The lines of values, each of which is there once, on a page that Prometheus can read.
#[track_caller]
fn values(page: &str) -> BTreeSet<String> {
    let checked = kit_test_support::promtool(page);
    let said = String::from_utf8_lossy(&checked.stderr);
    // 3 is a matter of style, such as a missing description.
    assert!(
        matches!(checked.status.code(), Some(0 | 3)) && !said.contains("rror while linting"),
        "{said}\n{page}"
    );
    let mut series = BTreeSet::new();
    let lines = page
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines.clone() {
        let (name, _) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = name.split_once('{').unwrap_or((name, ""));
        let labels = labels.trim_end_matches('}').split(',');
        let labels: BTreeSet<_> = labels.filter(|label| !label.ends_with("=\"\"")).collect();
        assert!(
            series.insert((name, labels)),
            "{line} is there twice:\n{page}"
        );
    }
    lines.map(str::to_owned).collect()
}

fn values_of(record: impl FnOnce()) -> Vec<String> {
    let page = page_of(|recorder| with_local_recorder(&recorder, record));
    values(&page).into_iter().collect()
}

#[test]
fn a_label_is_there_once_and_has_a_name_that_is_free() {
    let values = values_of(|| {
        counter!("a.b", "x.y" => "1", "x_y" => "2").increment(1);
        counter!("", "" => "1").increment(2);
        counter!("named", "__name__" => "x", "le" => "y").increment(3);
        gauge!("same", "k.a" => "1").increment(1.0);
        gauge!("same", "k_a" => "1").increment(1.0);
        gauge!("same", "k.a" => "1", "none" => "").increment(1.0);
        gauge!("turned", "a" => "1", "b" => "2").increment(1.0);
        gauge!("turned", "b" => "2", "a" => "1").increment(1.0);
    });
    assert_eq!(
        values,
        [
            "_{_=\"1\"} 2",
            "a_b{x_y=\"1\"} 1",
            "named{exported_name=\"x\",le=\"y\"} 3",
            "same{k_a=\"1\"} 3",
            "turned{a=\"1\",b=\"2\"} 2",
        ]
    );
}

#[test]
fn a_histogram_has_its_bounds_and_its_three_names_for_itself() {
    let values = values_of(|| {
        histogram!("took", "le" => "x", "exported_le" => "y").record(0.02);
        counter!("took_count").increment(1);
        gauge!("took.sum").set(1.0);
        counter!("took_bucket").increment(1);
        counter!("later_sum").increment(7);
        histogram!("later").record(0.02);
        histogram!("took_count").record(1.0);
    });
    let ends = values.iter().filter(|line| !line.contains("_bucket"));
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [
            "later_sum 7",
            "took_count{exported_le=\"x\"} 1",
            "took_sum{exported_le=\"x\"} 0.02",
        ]
    );
}

#[test]
fn the_label_of_the_overflow_is_one_series_also_when_a_program_has_it() {
    let values = values_of(|| {
        counter!("asked", "otel.metric.overflow" => "true").increment(1);
        for user in 0..5 {
            counter!("asked", "user" => user.to_string()).increment(1);
        }
    });
    assert_eq!(values.len(), 4, "{values:?}");
    assert!(
        values.contains(&"asked{otel_metric_overflow=\"true\"} 3".to_owned()),
        "{values:?}"
    );
}

/// A number below `end`, after the one before: xorshift, the same ones each time.
fn below(end: usize, seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    usize::try_from(*seed % end as u64).expect("it is small")
}

#[test]
fn no_names_of_a_program_make_a_page_that_prometheus_refuses() {
    const PARTS: [&str; 16] = [
        "", "a", "b", "_", ".", "-", "é", "1", ":", " ", "\"", "\n", "_count", "_sum", "_bucket",
        "\\",
    ];
    const LABELS: [&str; 8] = [
        "le",
        "__name__",
        "exported_le",
        "exported_name",
        "quantile",
        "otel_metric_overflow",
        "",
        "a.b",
    ];
    let mut seed = 0x5eed;
    for _ in 0..20 {
        let page = page_of(|recorder| {
            for _ in 0..200 {
                let mut word = || {
                    let parts = [(); 2].map(|()| PARTS[below(PARTS.len(), &mut seed)]);
                    parts.concat()
                };
                let (name, label, value, other) = (word(), word(), word(), word());
                let known = LABELS[below(LABELS.len(), &mut seed)];
                let mut labels = vec![Label::new(label, value), Label::new(known, other)];
                labels.truncate(below(3, &mut seed));
                let key = Key::from_parts(name, labels);
                match below(3, &mut seed) {
                    0 => Counter::increment(&recorder.register_counter(&key, &ABOUT), 1),
                    1 => recorder.register_gauge(&key, &ABOUT).set(1.0),
                    _ => recorder.register_histogram(&key, &ABOUT).record(1.0),
                }
            }
        });
        assert!(values(&page).len() > 20, "{page}");
    }
}

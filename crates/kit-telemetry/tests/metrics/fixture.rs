//! The metrics of this process, for one app at a time.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use kit_telemetry::metrics::{Metrics, MetricsError, MetricsOptions};

pub(crate) const MOST_SERIES: usize = 50;

static METRICS: LazyLock<Mutex<Metrics>> = LazyLock::new(|| {
    let options = MetricsOptions {
        max_series: MOST_SERIES,
        ..MetricsOptions::default()
    };
    let metrics = Metrics::install(&options).expect("the process has none");
    let again = Metrics::install(&options);
    assert!(matches!(again, Err(MetricsError::Installed)), "{again:?}");
    Mutex::new(metrics)
});

/// The metrics, until the guard is dropped.
pub(crate) fn metrics() -> MutexGuard<'static, Metrics> {
    METRICS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `promtool check metrics` says of a page.
///
/// # Errors
/// Its complaints.
pub(crate) fn promtool(page: &str) -> Result<(), String> {
    let program = std::env::var_os("KIT_PROMTOOL").unwrap_or_else(|| "promtool".into());
    let started = Command::new(&program)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut checking = started.unwrap_or_else(|error| {
        panic!(
            "NOT RUN: this test needs `promtool` of Prometheus ({}: {error}). `cargo xtask test` installs \
             it; Debian has it in the package `prometheus`; KIT_PROMTOOL names another one",
            program.display()
        )
    });
    let mut input = checking.stdin.take().expect("piped");
    input.write_all(page.as_bytes()).expect("it reads");
    drop(input);
    let checked = checking.wait_with_output().expect("it ends");
    if checked.status.success() {
        return Ok(());
    }
    let said = [checked.stdout, checked.stderr].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}

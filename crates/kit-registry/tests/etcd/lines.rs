//! The log as an operator sees it.

use kit_test_support::Lines;
use tracing::Level;
use tracing::subscriber::DefaultGuard;

/// Collects the lines at INFO and above of this thread, on which a test's whole runtime runs.
pub(crate) fn collect() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    (lines, tracing::subscriber::set_default(subscriber))
}

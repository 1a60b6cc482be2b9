//! The worker that warns of metrics at their limit.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{BoxError, Repeated};
use kit_transport::Context;
use tokio::time::sleep;

use super::store::Store;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(5);

/// Warns of metrics that have come to their limit of series, until the worker is cancelled: here, because a
/// warning from the place that records could wait for the log in the middle of a request.
pub(super) async fn watch(store: Arc<Store>, ctx: Context) -> Result<(), BoxError> {
    let mut warned = Overflows::default();
    let watch = async {
        loop {
            sleep(PERIOD).await;
            if let Some(warning) = warned.due(&store.overflows(), store.most()) {
                tracing::warn!("{warning}");
            }
        }
    };
    let _: Option<()> = ctx.scope().token().run_until_cancelled(watch).await;
    Ok(())
}

/// The overflows of which there was a warning.
#[derive(Default)]
struct Overflows {
    sum: u64,
    repeated: Repeated,
}

impl Overflows {
    /// The warning, when there are more than before and one is due.
    fn due(&mut self, overflows: &[(String, u64)], most: usize) -> Option<String> {
        let sum = overflows.iter().map(|(_, count)| count).sum();
        if sum == self.sum {
            let _ = self.repeated.ended();
            return None;
        }
        self.sum = sum;
        let names: Vec<_> = overflows.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        let times = self.repeated.failed(&names)?;
        Some(format!(
            "these metrics have come to their limit of {most} series, and further label values are one \
             series: {names}{times}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_warning_names_the_metrics_and_comes_ever_more_rarely() {
        let mut overflows = Overflows::default();
        let mut due = |name: &str, count| overflows.due(&[(name.to_owned(), count)], 1000);
        assert_eq!(due("asked_total", 0), None);
        let warning = due("asked_total", 3).expect("the first");
        assert!(
            warning.contains("1000 series") && warning.ends_with(": asked_total"),
            "{warning}"
        );
        for count in [3, 4, 5] {
            assert_eq!(due("asked_total", count), None);
        }
        assert!(due("held", 6).is_some(), "another metric");
        advance(Duration::from_secs(10)).await;
        let later = due("held", 7).expect("after 10 s");
        assert!(later.ends_with(" times in 10s)"), "{later}");
        assert_eq!(due("held", 7), None);
    }
}

//! Lines about a collector, and how often they come.

use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(600);

/// Says that spans, or metrics, cannot be exported: the first time at once, then after 10 s, and after twice as long each
/// time, up to 10 min. What happens between is counted.
///
/// Its lines come from the exporter's thread, whose spans and events are not exported.
#[derive(Debug)]
pub(super) struct Warnings {
    what: &'static str,
    collector: String,
    /// Since the export went well.
    failures: u64,
    /// Those of which a line has spoken.
    dropped: u64,
    next: Option<Instant>,
    pause: Duration,
}

impl Warnings {
    /// Of the export of spans, or of metrics, to the collector at this address.
    pub(super) fn new(what: &'static str, collector: &str) -> Warnings {
        Warnings {
            what,
            collector: collector.to_owned(),
            failures: 0,
            dropped: 0,
            next: None,
            pause: FIRST,
        }
    }

    /// The collector has failed; `dropped` is the number of all that were dropped.
    pub(super) fn failed(&mut self, reason: &str, dropped: u64) {
        self.failures += 1;
        if self.take_turn() {
            self.dropped = dropped;
            tracing::warn!(
                target: "kit_telemetry::otlp",
                collector = self.collector,
                failures = self.failures,
                dropped,
                reason,
                "{} cannot be exported", self.what
            );
        }
    }

    /// The collector has taken a batch; spans may have been dropped for want of a place.
    pub(super) fn went_well(&mut self, dropped: u64) {
        if self.failures > 0 {
            tracing::info!(
                target: "kit_telemetry::otlp",
                collector = self.collector,
                failures = self.failures,
                dropped,
                "{} are exported again", self.what
            );
            self.failures = 0;
            self.dropped = dropped;
            self.next = None;
            self.pause = FIRST;
        } else if dropped > self.dropped && self.take_turn() {
            self.dropped = dropped;
            tracing::warn!(
                target: "kit_telemetry::otlp",
                collector = self.collector,
                dropped,
                "the queue of {} was full: more end than the collector takes", self.what
            );
        }
    }

    /// Whether a line may come now, which is then the last one for a while.
    fn take_turn(&mut self) -> bool {
        let now = Instant::now();
        if self.next.is_some_and(|next| now < next) {
            return false;
        }
        self.next = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use tokio::time::advance;
    use tracing::field::{Field, Visit};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

    use super::*;

    /// Keeps the messages of all lines.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            event.record(&mut self.clone());
        }
    }

    impl Visit for Lines {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            if field.name() == "message" {
                self.0.lock().unwrap().push(format!("{value:?}"));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_said_ever_more_rarely_and_an_end_of_them_once() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        let _set = tracing::subscriber::set_default(subscriber);
        let mut warnings = Warnings::new("metrics", "localhost:4317");
        for second in 0..35 {
            warnings.failed("busy", second);
            advance(Duration::from_secs(1)).await;
        }
        // At 0 s, 10 s and 30 s.
        let seen = || std::mem::take(&mut *lines.0.lock().unwrap());
        assert_eq!(seen(), ["metrics cannot be exported"; 3]);
        warnings.went_well(34);
        warnings.went_well(34);
        assert_eq!(seen(), ["metrics are exported again"]);
        warnings.went_well(35);
        warnings.went_well(36);
        let full = "the queue of metrics was full: more end than the collector takes";
        assert_eq!(seen(), [full]);
        advance(Duration::from_secs(10)).await;
        warnings.failed("busy", 36);
        assert_eq!(seen(), ["metrics cannot be exported"]);
    }
}

//! The loop that sends metrics.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kit_app::AppHandle;
use kit_sync::policy::Backoff;
use tokio::time::{Instant, sleep_until};

use super::encode::messages;
use super::points::Times;
use super::tally::MetricsTally;
use crate::metrics::Metrics;
use crate::otlp::control::Control;
use crate::otlp::resource::PresentResource;
use crate::otlp::warnings::Warnings;
use crate::otlp::wire::{Collector, Failure, Taken};

/// A collector may ask for this much time at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The source of all values: the recordings and, while an app runs, the app.
#[derive(Clone, Debug)]
pub(crate) struct Measures {
    metrics: Metrics,
    app: Arc<Mutex<Option<AppHandle>>>,
}

/// Reads all values again and again, and sends them.
#[derive(Debug)]
pub(crate) struct MetricsExporter {
    pub(crate) measures: Measures,
    pub(crate) collector: Collector,
    pub(crate) resource: PresentResource,
    pub(crate) interval: Duration,
    pub(crate) control: Arc<Control>,
    pub(crate) tally: Arc<MetricsTally>,
    pub(crate) warnings: Warnings,
}

impl Measures {
    pub(crate) fn new(metrics: Metrics) -> Measures {
        Measures {
            metrics,
            app: Arc::default(),
        }
    }

    /// The app begins or, with `None`, has ended.
    pub(crate) fn set_app(&self, app: Option<AppHandle>) {
        *kit_sync::lock(&self.app) = app;
    }
}

impl MetricsExporter {
    /// Sends all values when the interval is over, at each flush, and earlier after a failure that may pass.
    /// Nothing that has failed is kept: the next export has newer values of the same metrics.
    pub(crate) async fn run(mut self) {
        let mut asked = self.control.asked();
        let mut flushes = 0;
        let mut backoff = Backoff::starting_at(Duration::from_millis(500));
        let mut due = Instant::now() + self.interval;
        loop {
            let now = *asked.borrow_and_update();
            if now.is_stop {
                return;
            }
            let is_flush = now.flushes != flushes;
            if is_flush || Instant::now() >= due {
                let again = self.export().await;
                let pause = match again {
                    Some(asked_for) => pause(backoff.next_delay(), self.interval, asked_for),
                    None => {
                        backoff.reset();
                        self.interval
                    }
                };
                due = Instant::now() + pause;
                if is_flush {
                    flushes = now.flushes;
                    self.control.mark_flushed(flushes);
                }
                continue;
            }
            tokio::select! {
                biased;
                _ = asked.changed() => {}
                () = sleep_until(due) => {}
            }
        }
    }

    /// Sends all values as they are now, once. Gives the pause that the collector asks for when it has
    /// failed in a way that may pass. A message that fails ends the export: the collector would fail at
    /// the others as well, each for as long as an attempt may take.
    async fn export(&mut self) -> Option<Duration> {
        self.tally.begin();
        let app = kit_sync::lock(&self.measures.app).clone();
        let samples = self.measures.metrics.read(app.as_ref());
        let times = Times {
            since: nanos(self.measures.metrics.since()),
            now: nanos(SystemTime::now()),
        };
        let mut asked = self.control.asked();
        let mut is_whole = true;
        for (body, points) in messages(&samples, &self.resource.message(), times) {
            let answer = tokio::select! {
                biased;
                _ = asked.wait_for(|asked| asked.is_stop) => return None,
                answer = self.collector.send(body) => answer,
            };
            match answer {
                Ok(Taken { rejected: 0, .. }) => {}
                Ok(Taken { rejected, message }) => {
                    is_whole = false;
                    self.tally.count_refused(rejected.min(points));
                    let reason = format!("the collector has refused {rejected} values: {message}");
                    self.warnings.failed(&reason, self.tally.lost());
                }
                Err(Failure {
                    is_final,
                    reason,
                    retry_after,
                }) => {
                    self.tally.count_failed();
                    self.warnings.failed(&reason, self.tally.lost());
                    return (!is_final).then(|| retry_after.unwrap_or_default());
                }
            }
        }
        self.tally.count_exported();
        if is_whole {
            self.warnings.went_well(self.tally.lost());
        }
        None
    }
}

/// After a failure: that of the back-off, the interval at most, and the one that the collector asks for at least.
fn pause(delay: Duration, interval: Duration, asked_for: Duration) -> Duration {
    delay.min(interval).max(asked_for.min(LONGEST_PAUSE))
}

/// Since 1970.
fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_failure_is_what_the_collector_asks_for_within_reason() {
        let seconds = Duration::from_secs;
        for (delay, interval, asked_for, expected) in [
            (2, 60, 0, 2),
            (10, 5, 0, 5),
            (2, 60, 7, 7),
            (10, 5, 20, 20),
            (2, 60, 3_600, 30),
        ] {
            let pause = pause(seconds(delay), seconds(interval), seconds(asked_for));
            assert_eq!(pause, seconds(expected), "{delay} {interval} {asked_for}");
        }
    }
}

//! The loop that sends spans.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::policy::Backoff;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::batch::Batch;
use super::control::{Asked, Control};
use super::queue::{Ended, Outlet};
use super::resource::PresentResource;
use super::tally::Tally;
use super::warnings::Warnings;
use super::wire::{Collector, Failure, Taken};

/// A batch that has failed so often is given up.
const MOST_ATTEMPTS: u32 = 5;
/// A collector may ask for this much time at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How spans are put together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The most of a batch.
    pub(super) most: usize,
    /// How long a span waits for others.
    pub(super) interval: Duration,
}

/// Takes spans out of the queue and sends them.
#[derive(Debug)]
pub(super) struct Exporter {
    outlet: Outlet,
    collector: Collector,
    resource: PresentResource,
    pace: Pace,
    control: Arc<Control>,
    tally: Arc<Tally>,
    /// Taken out of the queue, and not sent yet.
    fresh: Vec<Ended>,
    fresh_since: Instant,
    /// Sent in vain, and to be sent again.
    pending: Option<Batch>,
    backoff: Backoff,
    warnings: Warnings,
}

/// What comes next.
enum Next {
    Asked,
    Batch,
    Closed,
}

impl Exporter {
    pub(super) fn new(
        (outlet, tally): (Outlet, Arc<Tally>),
        collector: Collector,
        resource: PresentResource,
        pace: Pace,
        control: Arc<Control>,
    ) -> Exporter {
        let warnings = Warnings::new("spans", collector.address());
        Exporter {
            outlet,
            collector,
            resource,
            pace,
            control,
            tally,
            fresh: Vec::with_capacity(pace.most.min(512)),
            fresh_since: Instant::now(),
            pending: None,
            backoff: Backoff::starting_at(Duration::from_millis(500)),
            warnings,
        }
    }

    pub(super) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    /// Sends until it is asked to stop. The spans that are left then stay unfinished.
    pub(super) async fn run(mut self) {
        let mut asked = self.control.asked();
        let mut flushes = 0;
        loop {
            let now = *asked.borrow_and_update();
            if now.is_stop {
                return;
            }
            if now.flushes != flushes {
                self.flush().await;
                flushes = now.flushes;
                self.control.mark_flushed(flushes);
                continue;
            }
            match self.next(&mut asked).await {
                Next::Asked => {}
                Next::Batch => {
                    self.attempt().await;
                }
                Next::Closed => return,
            }
        }
    }

    /// Waits for a reason to act.
    ///
    /// Without a span it waits for the first. With one it looks at the queue no more until the interval has
    /// passed, so that a span that ends then wakes nothing; a queue that fills up says so. With a batch that
    /// has failed it waits for the time to send it again.
    async fn next(&mut self, asked: &mut watch::Receiver<Asked>) -> Next {
        if let Some(pending) = &self.pending {
            tokio::select! {
                biased;
                _ = asked.changed() => return Next::Asked,
                () = sleep_until(pending.due) => return Next::Batch,
            }
        }
        if self.fresh.is_empty() {
            tokio::select! {
                biased;
                _ = asked.changed() => return Next::Asked,
                taken = self.outlet.spans.recv_many(&mut self.fresh, self.pace.most) => {
                    if taken == 0 {
                        return Next::Closed;
                    }
                    self.fresh_since = Instant::now();
                }
            }
        }
        if self.fresh.len() + self.outlet.spans.len() >= self.pace.most {
            return Next::Batch;
        }
        tokio::select! {
            biased;
            _ = asked.changed() => Next::Asked,
            () = sleep_until(self.fresh_since + self.pace.interval) => Next::Batch,
            () = self.outlet.hurry.notified() => Next::Batch,
        }
    }

    /// Sends what is there now, once: at the first failure the rest stays.
    async fn flush(&mut self) {
        let pending = self.pending.as_ref().map_or(0, |batch| batch.spans);
        let mut left = pending + (self.fresh.len() + self.outlet.spans.len()) as u64;
        while left > 0 {
            match self.attempt().await {
                Some(spans) => left = left.saturating_sub(spans),
                None => return,
            }
        }
    }

    /// Sends the batch that has failed before, or the next one. Gives the number of its spans if they are
    /// off the table, arrived or given up, and `None` if the batch stays or it was asked to stop.
    async fn attempt(&mut self) -> Option<u64> {
        let mut batch = match self.pending.take() {
            Some(batch) => batch,
            None => self.fill(),
        };
        let mut asked = self.control.asked();
        let answer = tokio::select! {
            biased;
            _ = asked.wait_for(|asked| asked.is_stop) => return None,
            answer = self.collector.send(batch.body.clone()) => answer,
        };
        let spans = batch.spans;
        match answer {
            Ok(Taken { rejected, message }) => {
                let rejected = rejected.min(spans);
                self.tally.count_exported(spans - rejected);
                self.tally.count_given_up(rejected);
                self.backoff.reset();
                self.warnings.went_well(self.tally.dropped());
                if rejected > 0 {
                    let reason = format!("the collector has refused {rejected} spans: {message}");
                    self.warnings.failed(&reason, self.tally.dropped());
                }
                Some(spans)
            }
            Err(Failure {
                is_final,
                reason,
                retry_after,
            }) => {
                batch.attempts += 1;
                let is_given_up = is_final || batch.attempts >= MOST_ATTEMPTS;
                if is_given_up {
                    self.tally.count_given_up(spans);
                }
                self.warnings.failed(&reason, self.tally.dropped());
                if is_given_up {
                    return Some(spans);
                }
                let asked_for = retry_after.unwrap_or_default().min(LONGEST_PAUSE);
                batch.due = Instant::now() + self.backoff.next_delay().max(asked_for);
                self.pending = Some(batch);
                None
            }
        }
    }

    /// The next batch, as full as the queue makes it. Spans that are too many bytes for it stay for the one after it.
    fn fill(&mut self) -> Batch {
        while self.fresh.len() < self.pace.most {
            let Ok(ended) = self.outlet.spans.try_recv() else {
                break;
            };
            self.fresh.push(ended);
        }
        Batch::of(self.resource.message(), &mut self.fresh)
    }
}

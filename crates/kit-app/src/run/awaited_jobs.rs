//! The jobs of a phase for which the start waits.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use kit_transport::Phase;
use tokio::time::{Instant, sleep_until};

use crate::component::{Component, Supervision};
use crate::{Awaited, Error};

/// The jobs of a phase that hold the next one back, those with the nearest deadline first.
pub(super) struct AwaitedJobs(Vec<AwaitedJob>);

struct AwaitedJob {
    name: String,
    limit: Duration,
    deadline: Instant,
    supervision: Arc<Supervision>,
}

impl AwaitedJob {
    fn has_ended(&self) -> bool {
        self.supervision.record_end_so_far();
        self.supervision.has_ended()
    }
}

impl AwaitedJobs {
    /// Those among the components of the phase that have begun so far.
    pub(super) fn of(
        components: &[Component],
        phase: Phase,
        hook_timeout: Duration,
    ) -> AwaitedJobs {
        let of_phase = components.iter().filter(|part| part.phase == phase);
        let awaited = of_phase.filter_map(|component| {
            let supervision = Arc::clone(&component.supervision);
            let (limit, deadline) = supervision.awaited_until(hook_timeout)?;
            Some(AwaitedJob {
                name: component.name.clone(),
                limit,
                deadline,
                supervision,
            })
        });
        let mut jobs: Vec<_> = awaited.collect();
        jobs.sort_by_key(|job| job.deadline);
        AwaitedJobs(jobs)
    }

    /// When all of them have ended or are overdue; `None` when there are none.
    pub(super) fn last_deadline(&self) -> Option<Instant> {
        self.0.last().map(|job| job.deadline)
    }

    /// Those that go on.
    pub(super) fn awaited(&self) -> Awaited {
        let left = self.0.iter().filter(|job| !job.has_ended());
        Awaited::Jobs {
            jobs: left.map(|job| job.name.clone()).collect(),
        }
    }

    pub(super) async fn all_ended(&self) {
        for job in &self.0 {
            job.supervision.recorded_end().await;
        }
    }

    /// Resolves at the first deadline of a job that goes on, with an error for each that goes on and whose
    /// deadline has passed.
    pub(super) async fn overdue(&self) -> Vec<Error> {
        for job in &self.0 {
            sleep_until(job.deadline).await;
            let now = Instant::now();
            let passed = self.0.iter().filter(|job| job.deadline <= now);
            let overdue = passed.filter(|job| !job.has_ended());
            let errors: Vec<_> = overdue
                .map(|job| Error::JobTimeout {
                    job: job.name.clone(),
                    limit: job.limit,
                })
                .collect();
            if !errors.is_empty() {
                return errors;
            }
        }
        pending().await
    }
}

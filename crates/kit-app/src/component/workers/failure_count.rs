//! The failures of a component's workers so far.

use std::time::Duration;

use kit_sync::policy::{Failure, GaveUp, RestartCount};

use crate::Policy;

/// Counts the failures of all workers of a component, where its policy restarts them.
pub(super) struct FailureCount {
    /// None without such a policy.
    count: Option<RestartCount>,
    /// Which of them was the last to fail; none once it has succeeded since.
    last_failed: Option<usize>,
}

/// What follows a failure, by those before it.
pub(super) enum Judged {
    /// It begins anew after this delay.
    Restart(Failure, Duration),
    /// It has failed once too often.
    GaveUp(GaveUp),
    /// The policy restarts nothing.
    NoRestarts(Failure),
}

impl FailureCount {
    pub(super) fn new(policy: Policy) -> FailureCount {
        FailureCount {
            count: match policy {
                Policy::Restart(restarts) => Some(restarts.policy().count()),
                Policy::Stop | Policy::Ignore => None,
            },
            last_failed: None,
        }
    }

    /// Counts the failure of a worker, by its index, after it ran for `ran`.
    pub(super) fn record(&mut self, index: usize, failure: Failure, ran: Duration) -> Judged {
        self.last_failed = Some(index);
        let Some(count) = &mut self.count else {
            return Judged::NoRestarts(failure);
        };
        match count.record(failure, ran) {
            Ok((failure, delay)) => Judged::Restart(failure, delay),
            Err(gave_up) => Judged::GaveUp(gave_up),
        }
    }

    /// A time of periodic work has succeeded. The success of a sibling says nothing about the one that keeps
    /// failing.
    pub(super) fn record_success(&mut self, index: usize) {
        let was_last = self.last_failed.take_if(|last| *last == index).is_some();
        if let Some(count) = self.count.as_mut().filter(|_| was_last) {
            count.record_success();
        }
    }
}

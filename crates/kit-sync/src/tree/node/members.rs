//! Coming and going of unnamed members.

use std::task::Waker;

use super::Node;
use crate::roster::Slot;
use crate::sync::lock;
use crate::tree::observer::observe;
use crate::tree::report::TaskReport;

/// A member that has something to wait for.
#[derive(Debug)]
pub(in crate::tree) struct Waiting {
    waker: Waker,
    /// Since when, in hundredths of a second of its node's life.
    since: u32,
    site: u16,
}

impl Node {
    /// Counts a member in, unless the node has ended.
    pub(in crate::tree) fn enter_member(&self) -> bool {
        self.word.enter()
    }

    /// The member has something to wait for. Afterwards it must look once more whether the node
    /// [is aborting](Self::is_aborting).
    pub(in crate::tree) fn member_waits(&self, waker: &Waker, site: u16) -> Slot {
        let since = self.begun.elapsed().as_millis() / 10;
        self.waiting.insert(Waiting {
            waker: waker.clone(),
            since: u32::try_from(since).unwrap_or(u32::MAX),
            site,
        })
    }

    pub(in crate::tree) fn member_failed(&self, failure: TaskReport) {
        observe(self, &failure);
        lock(&self.records).add_failure(failure);
    }

    pub(in crate::tree) fn member_ended(&self, slot: Option<Slot>, aborted: bool) {
        if let Some(slot) = slot {
            drop(self.waiting.remove(slot));
        }
        if aborted {
            lock(&self.records).add_aborted_members(1);
        }
        self.leave();
    }

    pub(super) fn members_to_wake(&self) -> Vec<Waker> {
        self.waiting.collect(|member| member.waker.clone())
    }

    /// The place of each member that waits, and how long it has.
    pub(in crate::tree) fn waiting_members(&self) -> Vec<(u16, std::time::Duration)> {
        let now = self.begun.elapsed();
        self.waiting.collect(|member| {
            let since = std::time::Duration::from_millis(u64::from(member.since) * 10);
            (member.site, now.saturating_sub(since))
        })
    }
}

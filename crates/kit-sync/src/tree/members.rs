//! The unnamed members of a node that have something to wait for.

use std::task::Waker;
use std::time::Duration;

use crate::roster::{Roster, Slot};

/// Written by the members alone. Times are in hundredths of a second of the tree's life.
#[derive(Debug)]
pub(super) struct Members(Roster<WaitingMember>);

#[derive(Debug)]
struct WaitingMember {
    waker: Waker,
    since: u32,
    site: u16,
}

impl Members {
    pub(super) fn new() -> Members {
        Members(Roster::new())
    }

    /// Afterwards the member must look once more whether its node is aborting.
    pub(super) fn list(&self, waker: &Waker, site: u16, now: u32) -> Slot {
        self.0.insert(WaitingMember {
            waker: waker.clone(),
            since: now,
            site,
        })
    }

    pub(super) fn unlist(&self, slot: Slot) {
        drop(self.0.remove(slot));
    }

    pub(super) fn wake(&self) {
        let wakers = self.0.collect(|member| member.waker.clone());
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The place of each, and how long it has been listed.
    pub(super) fn ages(&self, now: u32) -> Vec<(u16, Duration)> {
        self.0.collect(|member| {
            let hundredths = now.saturating_sub(member.since);
            (
                member.site,
                Duration::from_millis(u64::from(hundredths) * 10),
            )
        })
    }
}

//! Which polls do not return.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::StuckPoll;
use crate::Scope;
use crate::polling::{self, ThreadPolling};

/// The poll that each thread was in at the last look.
#[derive(Debug, Default)]
pub(super) struct StuckPolls {
    threads: HashMap<usize, Seen>,
}

#[derive(Debug)]
struct Seen {
    poll: ThreadPolling,
    since: Instant,
    named: bool,
}

impl StuckPolls {
    /// The polls that are longer than the limit and were not given before.
    pub(super) fn look(
        &mut self,
        watched: &Scope,
        now: Instant,
        limit: Duration,
    ) -> Vec<StuckPoll> {
        let mut before = std::mem::take(&mut self.threads);
        let mut stuck = Vec::new();
        for poll in polling::all() {
            let same = |seen: &Seen| seen.poll.polling.turn == poll.polling.turn;
            let (since, named) = before
                .remove(&poll.thread)
                .filter(same)
                .map_or((now, false), |seen| (seen.since, seen.named));
            // Its errand may be another one by now.
            let mut seen = Seen { poll, since, named };
            if !seen.named && now.duration_since(seen.since) >= limit {
                seen.named = true;
                stuck.extend(seen.name(watched, now));
            }
            self.threads.insert(seen.poll.thread, seen);
        }
        stuck
    }

    /// Time in which nothing could run does not count.
    pub(super) fn forgive(&mut self, missed: Duration) {
        for seen in self.threads.values_mut() {
            seen.since += missed;
        }
    }

    /// All polls that were going on at the last look.
    pub(super) fn of(&self, watched: &Scope, now: Instant) -> Vec<StuckPoll> {
        let mut polls: Vec<_> = self
            .threads
            .values()
            .filter_map(|seen| seen.name(watched, now))
            .collect();
        polls.sort_by_key(|poll| Reverse(poll.since));
        polls
    }
}

impl Seen {
    /// `None` for a task of another tree.
    fn name(&self, watched: &Scope, now: Instant) -> Option<StuckPoll> {
        let poller = watched.poller(&self.poll.polling)?;
        Some(StuckPoll {
            path: poller.path,
            spawned_at: poller.place,
            errand: poller.errand,
            thread: self.poll.name.clone(),
            since: now.duration_since(self.since),
        })
    }
}

//! Where runners take tasks from.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use super::front::TaskId;

/// 1. Each runner has a lane. It is *awake* when it was called or takes task after task, *away*
///    when it has a task that is pending, and else *parked*.
/// 2. While something is queued, a runner is awake, or the one who brought it is about to call
///    one. What is queued never waits behind a task that is pending: a runner that goes away calls
///    another.
/// 3. A runner that is awake may be held up: by a task that blocks, or in a queue of the runtime
///    behind one. So while one is awake, the watch is armed, and looks after them.
pub(super) struct Back<T> {
    pub(super) outbox: VecDeque<T>,
    /// Tasks that have ended and whose places were not given back yet.
    pub(super) ended: usize,
    /// Somebody is in line, so places are given back one by one.
    pub(super) crowded: bool,
    pub(super) over: bool,
    armed: bool,
    awake: usize,
    /// The tasks that were started.
    started: TaskId,
    /// The same, when the watch looked last.
    seen: TaskId,
    limit: usize,
    lanes: Vec<Lane>,
    /// The last one to park is called first: its memory is warm.
    parked: Vec<usize>,
    /// Lanes whose runner went down with its runtime.
    lost: Vec<usize>,
}

#[derive(Default)]
struct Lane {
    waker: Option<Waker>,
    state: LaneState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum LaneState {
    #[default]
    Parked,
    Awake,
    Away,
}

/// How to get a runner here.
#[must_use]
#[derive(Debug)]
pub(super) enum Call {
    Wake(Waker),
    /// The lane needs a runner.
    Start(usize),
}

impl<T> Back<T> {
    pub(super) fn new(limit: usize) -> Back<T> {
        Back {
            outbox: VecDeque::new(),
            ended: 0,
            crowded: false,
            over: false,
            armed: false,
            awake: 0,
            started: 0,
            seen: 0,
            limit,
            lanes: Vec::new(),
            parked: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// Calls a runner, if one is left. There is, for something that is queued: it has a place, so
    /// fewer tasks than lanes run.
    pub(super) fn call(&mut self) -> Option<Call> {
        self.call_of(self.limit)
    }

    fn call_of(&mut self, lanes: usize) -> Option<Call> {
        let (lane, call) = if let Some(lane) = self.parked.pop() {
            (lane, Call::Wake(self.lanes[lane].waker.clone()?))
        } else if let Some(lane) = self.lost.pop() {
            (lane, Call::Start(lane))
        } else if self.lanes.len() < lanes {
            let lane = self.lanes.len();
            self.lanes.push(Lane::default());
            (lane, Call::Start(lane))
        } else {
            return None;
        };
        self.lanes[lane].state = LaneState::Awake;
        self.awake += 1;
        Some(call)
    }

    /// Calls runners for what is queued, not more than can be awake at the same time.
    pub(super) fn call_more(&mut self, queued: usize, threads: usize) -> Vec<Call> {
        let more = queued.min(threads.saturating_sub(self.awake));
        (0..more).map_while(|_| self.call()).collect()
    }

    /// A runner looks for a task. Not when it is parked: then something that it ran once has
    /// woken it.
    pub(super) fn arrive(&mut self, lane: usize) -> bool {
        let state = &mut self.lanes[lane].state;
        if *state == LaneState::Away {
            *state = LaneState::Awake;
            self.awake += 1;
        }
        *state == LaneState::Awake
    }

    pub(super) fn take(&mut self) -> Option<(T, TaskId)> {
        let item = self.outbox.pop_front()?;
        self.started += 1;
        Some((item, self.started))
    }

    /// The task of a runner is pending.
    pub(super) fn leave(&mut self, lane: usize) {
        self.stop(lane, LaneState::Away);
    }

    /// There is nothing to do.
    pub(super) fn park(&mut self, lane: usize) {
        self.stop(lane, LaneState::Parked);
        self.parked.push(lane);
        if self.started == self.seen {
            // This one was called by the watch, and meanwhile the others have done nothing.
            self.awake = 0;
            let awake = |lane: &&mut Lane| lane.state == LaneState::Awake;
            let held_up = self.lanes.iter_mut().filter(awake);
            held_up.for_each(|lane| lane.state = LaneState::Away);
        }
    }

    fn stop(&mut self, lane: usize, state: LaneState) {
        let before = mem::replace(&mut self.lanes[lane].state, state);
        self.awake -= usize::from(before == LaneState::Awake);
    }

    pub(super) fn is_anybody_awake(&self) -> bool {
        self.awake > 0
    }

    /// Whether the watch is to be armed.
    pub(super) fn arm(&mut self) -> bool {
        self.awake > 0 && !mem::replace(&mut self.armed, true)
    }

    /// The watch looks after the runners.
    pub(super) fn look(&mut self, queued: usize, threads: usize) -> Vec<Call> {
        self.armed = false;
        if self.over || self.awake == 0 {
            return Vec::new();
        }
        self.seen = self.started;
        let mut calls = self.call_more(queued, threads);
        if calls.is_empty() {
            // One more than there are places: of those that have a lane and no task, all may be
            // stuck in the queue of a thread that is blocked.
            calls.extend(self.call_of(self.limit.saturating_add(1)));
        }
        calls
    }

    /// Keeps the waker of a runner; gives the one before.
    pub(super) fn keep(&mut self, lane: usize, waker: Waker) -> Option<Waker> {
        self.lanes[lane].waker.replace(waker)
    }

    /// A runner is gone. Gives its waker.
    pub(super) fn lose(&mut self, lane: usize) -> Option<Waker> {
        self.stop(lane, LaneState::Parked);
        self.parked.retain(|&parked| parked != lane);
        self.lost.push(lane);
        self.lanes[lane].waker.take()
    }

    /// Whether no runner is left.
    pub(super) fn is_deserted(&self) -> bool {
        self.lanes.len() == self.lost.len()
    }

    /// The owner is gone: gives the queue, and all runners.
    pub(super) fn dismiss(&mut self) -> (VecDeque<T>, Vec<Waker>) {
        self.over = true;
        let wakers = self.lanes.iter_mut().filter_map(|lane| lane.waker.take());
        let wakers = wakers.collect();
        (mem::take(&mut self.outbox), wakers)
    }
}

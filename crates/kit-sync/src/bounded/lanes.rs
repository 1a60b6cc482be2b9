//! The queue of a bounded group and the runners that take from it.

use std::collections::VecDeque;
use std::task::Waker;

/// While the queue is not empty, a runner is on its way to it, or there is none to call. A future
/// that is queued must never wait behind one that does not end.
pub(super) struct Lanes<T> {
    limit: usize,
    queue: VecDeque<T>,
    lanes: Vec<Lane>,
    /// The lanes of parked runners. The last one to park is called first: its memory is warm.
    parked: Vec<usize>,
    /// The lanes that lost their runner together with its runtime.
    lost: Vec<usize>,
    searcher: Option<Searcher>,
}

/// A runner, as the others see it.
#[derive(Default)]
struct Lane {
    waker: Option<Waker>,
    parked: bool,
}

/// The runner that is on its way.
struct Searcher {
    lane: usize,
    /// The thread that called it, if that may keep it. A thread of a runtime runs the task that
    /// it woke last by itself: other threads cannot take that from it, and it may be held up by
    /// the task that it runs now.
    behind: Option<Thread>,
}

/// A thread, while it runs a task.
pub(super) type Thread = usize;

/// How to get a runner to the queue.
#[derive(Debug)]
pub(super) enum Call {
    Wake(Waker),
    /// The lane has no runner.
    Start(usize),
}

/// Why a runner asks what is next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// It was woken and holds no task.
    Woken,
    /// Its task has ended.
    Ended,
    /// Its task has ended, and it has kept its thread for long enough.
    Tired,
}

/// What is next.
pub(super) enum Next<T> {
    Run(T),
    /// Come again when others had the thread.
    Yield,
    Park,
}

impl<T> Lanes<T> {
    pub(super) fn new(limit: usize) -> Lanes<T> {
        Lanes {
            limit,
            queue: VecDeque::new(),
            lanes: Vec::new(),
            parked: Vec::new(),
            lost: Vec::new(),
            searcher: None,
        }
    }

    pub(super) fn push(&mut self, item: T, thread: Option<Thread>) -> Option<Call> {
        self.queue.push_back(item);
        if self.is_somebody_coming() {
            return None;
        }
        let (lane, call) = self.call()?;
        self.searcher = Some(match self.searcher.take() {
            // What a thread wakes next drives out what it woke before, to where all can take it.
            Some(Searcher { lane, behind }) if behind == thread => Searcher { lane, behind: None },
            _ => Searcher {
                lane,
                behind: thread,
            },
        });
        Some(call)
    }

    pub(super) fn next(&mut self, lane: usize, step: Step) -> (Next<T>, Option<Call>) {
        if self.lanes[lane].parked {
            // Woken by what an earlier task left behind.
            return (Next::Park, None);
        }
        self.searcher.take_if(|searcher| searcher.lane == lane);
        if self.queue.is_empty() {
            self.lanes[lane].parked = true;
            self.parked.push(lane);
            return (Next::Park, None);
        }
        if step == Step::Tired {
            if !self.is_somebody_coming() {
                self.searcher = Some(Searcher { lane, behind: None });
            }
            return (Next::Yield, None);
        }
        if self.queue.len() > 1
            && !self.is_somebody_coming()
            && let Some((_, call)) = self.call()
        {
            // What is called from here runs next on this thread, and nowhere else. So it takes
            // over, and this runner waits where every thread can find it.
            self.searcher = Some(Searcher { lane, behind: None });
            return (Next::Yield, Some(call));
        }
        match self.queue.pop_front() {
            Some(item) => (Next::Run(item), None),
            None => unreachable!("the queue has something"),
        }
    }

    /// Keeps the waker of a lane; gives the one that it had.
    pub(super) fn keep(&mut self, lane: usize, waker: Waker) -> Option<Waker> {
        self.lanes[lane].waker.replace(waker)
    }

    /// The lane's runner is gone.
    pub(super) fn lose(&mut self, lane: usize) -> Option<Waker> {
        self.searcher.take_if(|searcher| searcher.lane == lane);
        self.parked.retain(|&parked| parked != lane);
        self.lost.push(lane);
        std::mem::take(&mut self.lanes[lane]).waker
    }

    /// What is queued although no runner is left that could take it.
    pub(super) fn orphan(&mut self) -> Option<T> {
        let runners = self.lanes.len() - self.lost.len();
        self.queue.pop_front_if(|_| runners == 0)
    }

    /// The queue, and the wakers of all runners.
    pub(super) fn dismiss(&mut self) -> (VecDeque<T>, Vec<Waker>) {
        let wakers = self.lanes.iter_mut().filter_map(|lane| lane.waker.take());
        let wakers = wakers.collect();
        (std::mem::take(&mut self.queue), wakers)
    }

    fn is_somebody_coming(&self) -> bool {
        matches!(self.searcher, Some(Searcher { behind: None, .. }))
    }

    fn call(&mut self) -> Option<(usize, Call)> {
        if let Some(lane) = self.parked.pop() {
            let found = &mut self.lanes[lane];
            found.parked = false;
            return Some((lane, Call::Wake(found.waker.clone()?)));
        }
        let lane = self.lost.pop().or_else(|| {
            let new = self.lanes.len();
            (new < self.limit).then(|| {
                self.lanes.push(Lane::default());
                new
            })
        })?;
        Some((lane, Call::Start(lane)))
    }
}

//! What the owner, the handles and the runners of a group share.

use std::collections::VecDeque;
use std::future::Future;
use std::mem;
use std::sync::Arc;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::task::coop;

use super::member::{QueuedMember, Site};
use super::runtime::Runtime;
use crate::group_failure::GroupFailure;
use crate::panic::discard;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::{Cause, StopToken};

/// 1. A member has a permit of `places`, from before it is queued until its future is dropped.
/// 2. While members are queued, a runner is coming: it was woken, holds no member, and will take
///    the next one. So a queued member never waits for one that is pending or blocks its thread.
/// 3. Spawners write the queue, runners the batch, which they refill from the queue: they seldom
///    wait for each other. The lock of the batch is taken first.
pub(super) struct Engine<E> {
    pub(super) token: StopToken,
    pub(super) limit: usize,
    /// Closed when no runner comes any more: the owner or the runtime is gone.
    pub(super) places: Arc<Semaphore>,
    empty: Notify,
    runtime: Runtime,
    queue: Mutex<Queue<E>>,
    /// Boxed, so that spawners and runners do not write the same cache line.
    batch: Box<Mutex<Batch<E>>>,
}

struct Queue<E> {
    members: VecDeque<QueuedMember<E>>,
    /// Members that were queued and whose place was not given back.
    active: usize,
    first: Option<GroupFailure<E>>,
    /// Runners that wait to be called.
    idle: usize,
    is_coming: bool,
}

struct Batch<E> {
    members: VecDeque<QueuedMember<E>>,
    /// Ended members whose places are held back: to wake a spawner takes longer than to run a short
    /// member. Fewer than half of the limit, and none when the batch is empty.
    ended: usize,
}

impl<E: Send + 'static> Engine<E> {
    pub(super) fn new(limit: usize) -> Arc<Engine<E>> {
        let queue = Queue {
            members: VecDeque::new(),
            active: 0,
            first: None,
            idle: 0,
            // The first one, which the first push starts.
            is_coming: true,
        };
        let (members, ended) = (VecDeque::new(), 0);
        Arc::new(Engine {
            token: StopToken::new(),
            limit,
            places: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            empty: Notify::new(),
            runtime: Runtime::current(),
            queue: Mutex::new(queue),
            batch: Box::new(Mutex::new(Batch { members, ended })),
        })
    }

    /// Takes a place if one is free.
    pub(super) fn take_place(&self) -> bool {
        let take = || self.places.try_acquire().map(SemaphorePermit::forget);
        take().is_ok() || {
            let ended = mem::take(&mut lock(&self.batch).ended);
            self.give_back(ended);
            take().is_ok()
        }
    }

    /// Queues a future that has a place. Gives it back when no runner comes any more.
    pub(super) fn push<F>(self: &Arc<Self>, future: Box<F>, spawned_at: Site) -> Result<(), Box<F>>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        // Before the member is queued: a runtime that is gone drops it, and so closes the places.
        self.runtime.first.get_or_init(|| self.start());
        let mut queue = lock(&self.queue);
        if self.places.is_closed() {
            return Err(future);
        }
        let future = Box::into_pin(future);
        queue.members.push_back(QueuedMember { future, spawned_at });
        queue.active += 1;
        self.call(queue, true);
        Ok(())
    }

    /// The next member for a runner; `None` makes it idle.
    ///
    /// While others stay behind it in the batch, the member is taken from there, and no place is
    /// given back. Otherwise the batch is refilled, another runner is called for the members that
    /// stay, and the places are given back, all before the member is polled: it may block.
    fn next(self: &Arc<Self>, has_ended: bool) -> Option<QueuedMember<E>> {
        let has_budget = coop::has_budget_remaining();
        let mut batch = lock(&self.batch);
        batch.ended += usize::from(has_ended);
        let may_hold_back = batch.members.len() > 1 && batch.ended < self.limit.div_ceil(2);
        if has_ended && has_budget && may_hold_back {
            return batch.members.pop_front();
        }
        let mut queue = lock(&self.queue);
        // One without a member was called and is here.
        queue.is_coming &= has_ended;
        if batch.members.is_empty() {
            mem::swap(&mut batch.members, &mut queue.members);
        }
        let member = has_budget.then(|| batch.members.pop_front()).flatten();
        queue.idle += usize::from(member.is_none());
        let ended = mem::take(&mut batch.ended);
        let has_more = !batch.members.is_empty() || !queue.members.is_empty();
        drop(batch);
        self.call(queue, has_more);
        self.give_back(ended);
        if ended > 0 && member.is_some() {
            // The spawner that was woken last.
            self.runtime.let_go();
        }
        member
    }

    /// Calls a runner, unless one is coming. There are at most `limit`: a member that is queued has
    /// a place, so fewer runners than that hold one.
    fn call(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue<E>>, has_more: bool) {
        if !has_more || mem::replace(&mut queue.is_coming, true) {
            return;
        }
        let has_idle = queue.idle > 0;
        queue.idle -= usize::from(has_idle);
        drop(queue);
        if has_idle {
            self.runtime.call();
        } else {
            self.start();
        }
    }

    fn start(self: &Arc<Self>) {
        let engine = Arc::clone(self);
        self.runtime.start(run(Runner { engine, held: 0 }));
    }
}

impl<E> Engine<E> {
    fn give_back(&self, places: usize) {
        if places > 0 {
            self.places.add_permits(places);
            let mut queue = lock(&self.queue);
            queue.active -= places;
            if queue.active == 0 {
                drop(queue);
                self.empty.notify_waiters();
            }
        }
    }

    /// The first failure, once all members have ended.
    pub(super) async fn outcome(&self) -> Option<GroupFailure<E>> {
        loop {
            let empty = self.empty.notified();
            {
                let mut queue = lock(&self.queue);
                if queue.active == 0 {
                    return queue.first.take();
                }
            }
            empty.await;
        }
    }

    /// Keeps the first error, or the first panic instead, and then cancels the token.
    pub(super) fn fail(&self, first: GroupFailure<E>, cause: Cause) {
        let mut queue = lock(&self.queue);
        if self.runtime.is_aborted() || !first.replaces(queue.first.as_ref()) {
            drop(queue);
            return discard(first);
        }
        let replaced = queue.first.replace(first);
        drop(queue);
        self.token.cancel(cause);
        self.runtime.let_go();
        discard(replaced);
    }

    /// The owner is gone.
    pub(super) fn end(&self) {
        self.runtime.abort();
        self.token.cancel(Cause::Dropped);
        self.abandon(0);
        let first = lock(&self.queue).first.take();
        discard(first);
    }

    /// No runner comes any more, and one has dropped the members that it `held`. Queued members are
    /// dropped, too, as a runtime that is shut down does with its tasks.
    fn abandon(&self, held: usize) {
        self.places.close();
        let mut batch = lock(&self.batch);
        let mut members = mem::take(&mut batch.members);
        members.append(&mut lock(&self.queue).members);
        let places = held + members.len() + mem::take(&mut batch.ended);
        drop(batch);
        members.into_iter().for_each(discard);
        self.give_back(places);
    }
}

/// Runs members until none is queued, and again when it is called, until it is aborted. While a
/// member is pending, so is its runner: another runs the next. Each member takes from tokio's
/// budget for one poll; when that is used up, the thread is left to other tasks.
async fn run<E: Send + 'static>(mut runner: Runner<E>) {
    loop {
        while let Some(member) = runner.engine.next(runner.held > 0) {
            runner.held = 1;
            coop::consume_budget().await;
            let spawned_at = member.spawned_at;
            for first in member.run().await {
                let cause = first.cause(spawned_at);
                runner.engine.fail(first, cause);
            }
        }
        runner.held = 0;
        coop::consume_budget().await;
        runner.engine.runtime.called.notified().await;
    }
}

/// Dropped only by an abort, or with its runtime.
struct Runner<E> {
    engine: Arc<Engine<E>>,
    /// Members whose place it has to give back: 0 or 1.
    held: usize,
}

impl<E> Drop for Runner<E> {
    fn drop(&mut self) {
        self.engine.abandon(self.held);
    }
}

//! A connection as its requests see it.

use std::num::NonZeroU64;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::Duration;

use http::{Method, Uri};
use tokio::time::Instant;

use super::{Conn, leave_waker};
use crate::exchange::table::{Allowed, Key, Kind};
use crate::wire::sniff::Stage;

/// What a response that has nothing to give now should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Wait: its waker is kept.
    On,
    /// End: it was told to, and its time is up.
    Cut,
    /// Answer that this limit has passed.
    TimedOut(Duration),
}

impl Conn {
    pub(crate) fn start(&self, method: &Method, uri: &Uri, allowed: Allowed) -> Key {
        let (method, path) = (method.clone(), uri.path_and_query().cloned());
        let mut inside = self.lock();
        let now = inside.deadlines.start();
        self.head.store(false, Ordering::Relaxed);
        let written = self.written.load(Ordering::Relaxed);
        self.written_before.store(written, Ordering::Relaxed);
        self.early.store(false, Ordering::Relaxed);
        inside.in_flight.start(method, path, now, allowed)
    }

    /// The response's handler wants to be told of the drain.
    pub(crate) fn is_stream(&self, key: Key) {
        if let Some(running) = self.lock().in_flight.get_mut(key)
            && running.kind == Kind::Request
        {
            running.kind = Kind::Stream;
        }
    }

    pub(crate) fn sends_events(&self, key: Key) {
        if let Some(running) = self.lock().in_flight.get_mut(key) {
            running.kind = Kind::Events;
            running.has_head();
        }
    }

    /// On HTTP/2: whether the rest of the body waits for the client to make room for it, as it does
    /// from the moment when a part has been given to the moment when the next is asked for.
    pub(crate) fn awaits_client(&self, key: Key, awaits: bool) {
        if let Some(running) = self.lock().in_flight.get_mut(key) {
            running.awaits_client(awaits);
        }
    }

    /// The response's head is there. Need not be said of one that was there at once and whose
    /// body nobody tells to end.
    pub(crate) fn has_head(&self, key: Key) {
        if let Some(running) = self.lock().in_flight.get_mut(key) {
            running.has_head();
        }
    }

    /// Before the head is waited for, or a part of a body that can be told to end.
    pub(crate) fn waits_for(&self, key: Key, cx: &Context<'_>) -> Waits {
        let mut inside = self.lock();
        let Some(running) = inside.in_flight.get_mut(key) else {
            return Waits::On;
        };
        if running.cut {
            return Waits::Cut;
        }
        if let Some(limit) = running.timed_out {
            return Waits::TimedOut(limit);
        }
        leave_waker(&mut running.waiter, cx);
        let deadline = running.deadline();
        // The connection's task waits for the soonest of them.
        let sooner = deadline.is_some_and(|deadline| inside.in_flight.due_by(deadline));
        let task = if sooner { inside.task.clone() } else { None };
        drop(inside);
        task.iter().for_each(Waker::wake_by_ref);
        Waits::On
    }

    pub(crate) fn name_of(&self, key: Key) -> String {
        let now = Instant::now();
        let mut inside = self.lock();
        let running = inside.in_flight.get_mut(key);
        running.map_or_else(String::new, |running| running.name(self.remote(), now))
    }

    /// The number by which a watchdog's thread [finds](Self::words_of) this request.
    pub(crate) fn errand(&self, key: Key) -> NonZeroU64 {
        key.errand(self.number)
    }

    /// How a person would call the request in flight with this number, if it is one of these. No
    /// handler runs under the lock that this takes.
    pub(crate) fn words_of(&self, errand: NonZeroU64) -> Option<String> {
        let inside = self.lock();
        let running = inside.in_flight.on_errand(errand, self.number)?;
        Some(running.name(self.remote(), Instant::now()))
    }

    /// What is in flight, as a person would call it; at most so many.
    pub(crate) fn names(&self, most: usize) -> Vec<String> {
        let now = Instant::now();
        let inside = self.lock();
        let running = inside.in_flight.running().take(most);
        running
            .map(|running| running.name(self.remote(), now))
            .collect()
    }

    /// Whether an HTTP/1.1 response closes the connection.
    pub(crate) fn closes(&self) -> bool {
        let told = self.lame_duck.get();
        self.old.load(Ordering::Relaxed)
            || told.is_some_and(|duck| duck.closes(self.threshold, Instant::now()))
    }

    /// The answer was `101 Switching Protocols`.
    pub(crate) fn switched(&self) {
        self.switched.store(true, Ordering::Relaxed);
    }

    /// The response's body has come to its end (`whole`), or was dropped before, as is that of a
    /// request which its client took back.
    pub(crate) fn ended(&self, key: Key, whole: bool) {
        if self.stage.load() != Stage::Http2 {
            // There is only this one.
            self.awaits_flush.store(true, Ordering::Relaxed);
            return;
        }
        let mut inside = self.lock();
        let ended = inside.in_flight.remove(key);
        inside
            .unsent
            .extend(ended.filter(|running| whole && !running.cut));
        let sent = inside.unsent.len().saturating_sub(self.unsent(&inside));
        inside.unsent.drain(..sent);
        inside.finished += 1;
        // The connection's task may have looked just before this, while there was a request.
        let waiting = inside.deadlines.is_closing() && !inside.in_flight.is_busy();
        let task = inside.task.clone().filter(|_| waiting);
        drop(inside);
        task.iter().for_each(Waker::wake_by_ref);
    }
}

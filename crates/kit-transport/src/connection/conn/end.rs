//! A connection as the drain sees it.

use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::{Conn, Inside, Named};
use crate::Cut;
use crate::exchange::table::{Kind, Running};
use crate::wire::sniff::Stage;

impl Conn {
    /// Tells it to close as soon as it can, or after a last look if it seems idle; how many streams
    /// were running.
    pub(crate) fn tell(&self, last_look: Duration) -> usize {
        let mut inside = self.lock();
        inside.deadlines.tell(last_look);
        let streams = inside.in_flight.streams() + usize::from(self.is_upgraded(&inside));
        let task = inside.task.clone();
        drop(inside);
        task.iter().for_each(Waker::wake_by_ref);
        streams
    }

    pub(crate) fn is_told(&self) -> bool {
        self.lock().deadlines.is_told()
    }

    /// Ends server-sent events, and the connection when it was upgraded.
    pub(crate) fn cut_graced(&self) -> Vec<Named> {
        let now = Instant::now();
        let mut inside = self.lock();
        if self.is_killed() {
            return Vec::new();
        }
        if self.is_upgraded(&inside) {
            drop(inside);
            self.kill();
            return vec![(Cut::Stream, self.upgraded_name(now))];
        }
        let (mut names, mut wakers) = (Vec::new(), Vec::new());
        let ended = self.awaits_flush.load(Ordering::Relaxed);
        let events = |running: &Running| running.kind == Kind::Events && !ended;
        inside.in_flight.cut_where(events, |running| {
            names.push((Cut::Stream, running.name(self.remote(), now)));
            wakers.extend(running.waiter.take());
        });
        if !names.is_empty() {
            wakers.extend(inside.task.clone());
        }
        drop(inside);
        wakers.into_iter().for_each(Waker::wake);
        names
    }

    /// Kills it and names what that cuts: its requests and streams, or the connection itself.
    pub(crate) fn cut(&self) -> Vec<Named> {
        let now = Instant::now();
        let from = self.remote();
        let mut names = Vec::new();
        let mut inside = self.lock();
        if self.is_killed() {
            return names;
        }
        let had_cut = inside.in_flight.has_cut();
        inside.in_flight.cut_where(
            |_| true,
            |running| names.push((running.what(), running.name(from, now))),
        );
        let unsent = inside.unsent.drain(..);
        names.extend(unsent.map(|ended| (ended.what(), ended.name(from, now))));
        if self.is_upgraded(&inside) {
            names.push((Cut::Stream, self.upgraded_name(now)));
        } else if names.is_empty() && !had_cut && !inside.deadlines.is_lingering() {
            names.push((Cut::Connection, self.connection_name(now)));
        }
        drop(inside);
        self.kill();
        names
    }

    /// Makes every read and write fail, now and later.
    pub(crate) fn kill(&self) {
        let mut inside = self.lock();
        self.killed.store(true, Ordering::Relaxed);
        let Inside {
            task, read, write, ..
        } = &mut *inside;
        let wakers = [task.take(), read.take(), write.take()];
        drop(inside);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// How many requests have ended.
    pub(crate) fn finished(&self) -> u64 {
        self.lock().finished
    }

    fn is_upgraded(&self, inside: &Inside) -> bool {
        self.switched.load(Ordering::Relaxed) && inside.in_flight.is_empty()
    }

    fn upgraded_name(&self, now: Instant) -> String {
        let age = now.saturating_duration_since(self.opened).as_secs_f32();
        format!("upgraded connection from {}, {age:.1} s", self.remote())
    }

    fn connection_name(&self, now: Instant) -> String {
        let state = match self.stage.load() {
            Stage::Silent if self.ready.get().is_none() => "handshake unfinished",
            Stage::Silent => "no byte sent",
            Stage::Greeting => "greeting unfinished",
            Stage::Http1 if self.head.load(Ordering::Relaxed) => "request head unfinished",
            Stage::Http1 => "idle",
            Stage::Http2 => "close not acknowledged",
        };
        let age = now.saturating_duration_since(self.opened).as_secs_f32();
        format!("connection from {}, {state}, {age:.1} s", self.remote())
    }
}

//! What is known of one connection.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use http::{Method, Uri};
use tokio::time::Instant;

use super::deadline::{Deadlines, Next, Seen};
#[cfg(feature = "tls")]
use super::identity::Identity;
use super::in_flight::{InFlight, Key, Kind, Running};
use super::lame_duck::LameDuck;
use super::options::ConnectionOptions;
use super::peer::Peer;
use super::sniff::{AtomicStage, Stage};
use crate::{Address, Cut};

/// One connection, as its I/O, its requests, its task and the drain see it.
///
/// 1. `killed` is set under the lock and never taken back. Whoever waits looks at it after it has
///    left its waker, so a kill is never missed.
/// 2. What has entered `in_flight` leaves it once: at the end of the body on HTTP/2, at the flush
///    after that on HTTP/1.1.
/// 3. Nothing is woken and nothing foreign is called under the lock.
#[derive(Debug)]
pub(super) struct Conn {
    peer: Peer,
    #[cfg(feature = "tls")]
    identity: OnceLock<Option<Arc<Identity>>>,
    /// Its place on the lame duck's ramp.
    threshold: f32,
    lame_duck: Arc<OnceLock<LameDuck>>,
    opened: Instant,
    /// When the first byte of a request could come: at once, or after the TLS handshake.
    ready: OnceLock<Instant>,
    killed: AtomicBool,
    /// An upgraded connection's I/O belongs to somebody else, who must be woken by a kill.
    switched: AtomicBool,
    stage: AtomicStage,
    /// Bytes were read since the last request began or, if it has ended, since it ended: on
    /// HTTP/1.1 and without a request in flight, part of a head.
    head: AtomicBool,
    awaits_flush: AtomicBool,
    written: AtomicU64,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    in_flight: InFlight,
    /// The last HTTP/2 response that has ended, until its bytes have left.
    tail: Option<Running>,
    finished: u64,
    deadlines: Deadlines,
    task: Option<Waker>,
    read: Option<Waker>,
    write: Option<Waker>,
}

/// What is to be done, and the time, if anybody has looked at the clock during this poll.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) next: Next,
    pub(super) now: Option<Instant>,
}

/// Something that was cut, by name.
pub(super) type Named = (Cut, String);

impl Conn {
    /// A connection that is about to begin its TLS handshake, or else is [ready](Self::is_ready).
    pub(super) fn new(peer: Peer, threshold: f32, lame_duck: Arc<OnceLock<LameDuck>>) -> Conn {
        let inside = Inside {
            in_flight: InFlight::default(),
            tail: None,
            finished: 0,
            deadlines: Deadlines::default(),
            task: None,
            read: None,
            write: None,
        };
        Conn {
            peer,
            #[cfg(feature = "tls")]
            identity: OnceLock::new(),
            threshold,
            lame_duck,
            opened: Instant::now(),
            ready: OnceLock::new(),
            killed: AtomicBool::new(false),
            switched: AtomicBool::new(false),
            stage: AtomicStage::new(Stage::Silent),
            head: AtomicBool::new(false),
            awaits_flush: AtomicBool::new(false),
            written: AtomicU64::new(0),
            inside: Mutex::new(inside),
        }
    }

    #[cfg(feature = "tls")]
    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    pub(super) fn peer(&self) -> Peer {
        Peer {
            #[cfg(feature = "tls")]
            identity: self.identity.get().cloned().flatten(),
            ..self.peer.clone()
        }
    }

    pub(super) fn remote(&self) -> &Address {
        &self.peer.remote
    }

    // === the handshake, where there is one ===

    /// It waits for the other end, until `limit` or until it is told to go; gives which is first,
    /// or `None` when it was killed.
    #[cfg(feature = "tls")]
    pub(super) fn handshakes(&self, cx: &Context<'_>, limit: Instant) -> Option<Instant> {
        let mut inside = self.lock();
        leave_waker(&mut inside.task, cx);
        let told = inside.deadlines.told().unwrap_or(limit);
        (!self.is_killed()).then_some(limit.min(told))
    }

    #[cfg(feature = "tls")]
    pub(super) fn is_known_as(&self, identity: Option<Identity>) {
        let _ = self.identity.set(identity.map(Arc::new));
    }

    /// Requests can come.
    pub(super) fn is_ready(&self) -> Instant {
        *self.ready.get_or_init(Instant::now)
    }

    // === bytes ===

    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Bytes were read, after which the connection stands at `stage`.
    pub(super) fn received(&self, stage: Stage) {
        self.stage.store(stage);
        self.head.store(stage != Stage::Http2, Ordering::Relaxed);
    }

    pub(super) fn wrote(&self) {
        // One writer at a time, so this needs no read-modify-write.
        let written = self.written.load(Ordering::Relaxed);
        self.written
            .store(written.wrapping_add(1), Ordering::Relaxed);
    }

    pub(super) fn flushed(&self) {
        if self.awaits_flush.load(Ordering::Relaxed) {
            self.awaits_flush.store(false, Ordering::Relaxed);
            self.head.store(false, Ordering::Relaxed);
            let mut inside = self.lock();
            inside.in_flight.clear();
            inside.finished += 1;
        }
    }

    /// Before a read waits; `false` when the connection was killed. Until an upgrade it is the
    /// connection's own task that waits, and that has left its waker already.
    pub(super) fn waits_to_read(&self, cx: &Context<'_>) -> bool {
        self.waits(cx, |inside| &mut inside.read)
    }

    /// Before a write waits; `false` when the connection was killed.
    pub(super) fn waits_to_write(&self, cx: &Context<'_>) -> bool {
        self.waits(cx, |inside| &mut inside.write)
    }

    fn waits(&self, cx: &Context<'_>, place: impl Fn(&mut Inside) -> &mut Option<Waker>) -> bool {
        if !self.switched.load(Ordering::Relaxed) {
            return true;
        }
        let mut inside = self.lock();
        leave_waker(place(&mut inside), cx);
        !self.is_killed()
    }

    // === requests ===

    pub(super) fn start(&self, method: &Method, uri: &Uri) -> Key {
        let (method, path) = (method.clone(), uri.path_and_query().cloned());
        let mut inside = self.lock();
        let now = inside.deadlines.start();
        self.head.store(false, Ordering::Relaxed);
        inside.in_flight.start(method, path, now)
    }

    /// The response's handler wants to be told of the drain.
    pub(super) fn is_stream(&self, key: Key) {
        if let Some(running) = self.lock().in_flight.get_mut(key)
            && running.kind == Kind::Request
        {
            running.kind = Kind::Stream;
        }
    }

    pub(super) fn sends_events(&self, key: Key) {
        if let Some(running) = self.lock().in_flight.get_mut(key) {
            running.kind = Kind::Events;
        }
    }

    /// The events' body has nothing to send now; `false` when it should end.
    pub(super) fn waits_for_events(&self, key: Key, cx: &Context<'_>) -> bool {
        self.lock().in_flight.get_mut(key).is_none_or(|running| {
            leave_waker(&mut running.sender, cx);
            !running.cut
        })
    }

    pub(super) fn name_of(&self, key: Key) -> String {
        let now = Instant::now();
        let mut inside = self.lock();
        let running = inside.in_flight.get_mut(key);
        running.map_or_else(String::new, |running| running.name(self.remote(), now))
    }

    /// Whether an HTTP/1.1 response closes the connection.
    pub(super) fn closes(&self) -> bool {
        self.lame_duck
            .get()
            .is_some_and(|duck| duck.closes(self.threshold, Instant::now()))
    }

    /// The answer was `101 Switching Protocols`.
    pub(super) fn switched(&self) {
        self.switched.store(true, Ordering::Relaxed);
    }

    /// The response's body has come to its end (`whole`), or was dropped before, as is that of a
    /// request which its client took back.
    pub(super) fn ended(&self, key: Key, whole: bool) {
        if self.stage.load() != Stage::Http2 {
            // There is only this one.
            self.awaits_flush.store(true, Ordering::Relaxed);
            return;
        }
        let mut inside = self.lock();
        inside.tail = inside
            .in_flight
            .remove(key)
            .filter(|running| whole && !running.cut);
        inside.finished += 1;
        // The connection's task may have looked just before this, while there was a request.
        let waiting = inside.deadlines.is_closing() && !inside.in_flight.is_busy();
        let task = inside.task.clone().filter(|_| waiting);
        drop(inside);
        task.iter().for_each(Waker::wake_by_ref);
    }

    // === the connection's task ===

    /// Called after each poll of hyper: what next? `fired` when the time it was given has come.
    pub(super) fn settle(
        &self,
        cx: &Context<'_>,
        limits: &ConnectionOptions,
        fired: bool,
    ) -> Settled {
        let mut inside = self.lock();
        leave_waker(&mut inside.task, cx);
        if self.is_killed() {
            return Settled {
                next: Next::End,
                now: None,
            };
        }
        let seen = Seen {
            opened: self.ready.get().copied().unwrap_or(self.opened),
            stage: self.stage.load(),
            head: self.head.load(Ordering::Relaxed),
            busy: inside.in_flight.is_busy(),
            written: self.written.load(Ordering::Relaxed),
            fired,
        };
        let Inside {
            deadlines, tail, ..
        } = &mut *inside;
        let next = deadlines.next(&seen, tail, limits);
        Settled {
            next,
            now: deadlines.take_now(),
        }
    }

    // === the drain ===

    /// Tells it to close as soon as it can, or after a last look if it seems idle; how many streams
    /// were running.
    pub(super) fn tell(&self, last_look: Duration) -> usize {
        let mut inside = self.lock();
        inside.deadlines.tell(last_look);
        let streams = inside.in_flight.streams() + usize::from(self.is_upgraded(&inside));
        let task = inside.task.clone();
        drop(inside);
        task.iter().for_each(Waker::wake_by_ref);
        streams
    }

    pub(super) fn is_told(&self) -> bool {
        self.lock().deadlines.is_told()
    }

    /// Ends server-sent events, and the connection when it was upgraded.
    pub(super) fn cut_graced(&self) -> Vec<Named> {
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
            wakers.extend(running.sender.take());
        });
        if !names.is_empty() {
            wakers.extend(inside.task.clone());
        }
        drop(inside);
        wakers.into_iter().for_each(Waker::wake);
        names
    }

    /// Kills it and names what that cuts: its requests and streams, or the connection itself.
    pub(super) fn cut(&self) -> Vec<Named> {
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
        if self.is_upgraded(&inside) {
            names.push((Cut::Stream, self.upgraded_name(now)));
        } else if names.is_empty() && !had_cut {
            match inside.tail.take() {
                Some(tail) => names.push((tail.what(), tail.name(from, now))),
                None => names.push((Cut::Connection, self.connection_name(now))),
            }
        }
        drop(inside);
        self.kill();
        names
    }

    /// Makes every read and write fail, now and later.
    pub(super) fn kill(&self) {
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
    pub(super) fn finished(&self) -> u64 {
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

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn leave_waker(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) if waker.will_wake(cx.waker()) => {}
        _ => *place = Some(cx.waker().clone()),
    }
}

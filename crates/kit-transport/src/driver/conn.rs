//! What is known of one connection.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use http::{Method, Uri};
use tokio::time::Instant;

use super::in_flight::{InFlight, Key, Kind, Running};
use super::options::ConnectionOptions;
use super::peer::Peer;
use super::sniff::Stage;
use crate::Cut;

/// HTTP/2: the bytes of the last response have left when nothing was written for so long.
const QUIET: Duration = Duration::from_millis(500);
/// How long a connection that was asked to close may take without a request in flight.
const CLOSING: Duration = Duration::from_millis(500);
/// A connection that is told before its first byte was read: its request may lie in the socket.
const FIRST_READ: Duration = Duration::from_millis(20);

/// One connection, as its I/O, its requests, its task and the drain see it.
///
/// 1. `killed` is set under the lock and never taken back. Whoever waits looks at it after it has
///    left its waker, so a kill is never missed.
/// 2. What has entered `in_flight` leaves it once: at the end of the body on HTTP/2, at the flush
///    after that on HTTP/1.1.
/// 3. Nothing is woken and nothing foreign is called under the lock.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) peer: Peer,
    /// Its place on the lame duck's ramp.
    pub(super) threshold: f32,
    opened: Instant,
    killed: AtomicBool,
    /// An upgraded connection's I/O belongs to somebody else, who must be woken by a kill.
    switched: AtomicBool,
    awaits_flush: AtomicBool,
    written: AtomicU64,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    stage: Stage,
    /// Part of a request's head was read.
    head: bool,
    in_flight: InFlight,
    /// The last HTTP/2 response that has ended, until its bytes have left.
    tail: Option<Running>,
    finished: u64,
    /// When the drain told it.
    told: Option<Instant>,
    /// hyper was asked to close it gracefully.
    closing: bool,
    since: Since,
    task: Option<Waker>,
    read: Option<Waker>,
    write: Option<Waker>,
}

/// When the connection began to be what it is, as far as its task has noticed.
#[derive(Debug, Default)]
struct Since {
    /// The time of the current poll, if somebody has read the clock.
    now: Option<Instant>,
    last_start: Option<Instant>,
    head: Option<Instant>,
    idle: Option<Instant>,
    closing: Option<Instant>,
    quiet: Option<(Instant, u64)>,
}

/// What the connection's task does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Look again at this time at the latest.
    Wait(Instant),
    /// Ask hyper to close the connection.
    Close,
    /// Kill it: it took too long.
    Kill(TooLong),
    /// It was killed.
    End,
}

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooLong {
    FirstByte,
    Head,
    Closing,
}

/// Something that was cut, by name.
pub(super) type Named = (Cut, String);

impl Conn {
    pub(super) fn new(peer: Peer, threshold: f32) -> Conn {
        let inside = Inside {
            stage: Stage::Silent,
            head: false,
            in_flight: InFlight::default(),
            tail: None,
            finished: 0,
            told: None,
            closing: false,
            since: Since::default(),
            task: None,
            read: None,
            write: None,
        };
        Conn {
            peer,
            threshold,
            opened: Instant::now(),
            killed: AtomicBool::new(false),
            switched: AtomicBool::new(false),
            awaits_flush: AtomicBool::new(false),
            written: AtomicU64::new(0),
            inside: Mutex::new(inside),
        }
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    // === bytes ===

    pub(super) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Bytes were read, after which the connection stands at `stage`.
    pub(super) fn received(&self, stage: Stage) {
        let mut inside = self.lock();
        inside.stage = stage;
        inside.head = stage != Stage::Http2 && inside.in_flight.is_empty();
    }

    pub(super) fn wrote(&self) {
        // One writer at a time, so this needs no read-modify-write.
        let written = self.written.load(Ordering::Relaxed);
        self.written.store(written.wrapping_add(1), Ordering::Relaxed);
    }

    pub(super) fn flushed(&self) {
        if self.awaits_flush.load(Ordering::Relaxed) {
            self.awaits_flush.store(false, Ordering::Relaxed);
            let mut inside = self.lock();
            inside.finished += inside.in_flight.remove_ended();
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
        let now = inside.since.now();
        inside.since = Since { now: Some(now), last_start: Some(now), ..Since::default() };
        inside.head = false;
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
        running.map_or_else(String::new, |running| running.name(self.peer.remote, now))
    }

    /// The answer was `101 Switching Protocols`.
    pub(super) fn switched(&self) {
        self.switched.store(true, Ordering::Relaxed);
    }

    /// The response's body has ended, or the request was dropped before it had one.
    pub(super) fn ended(&self, key: Key) {
        let mut inside = self.lock();
        if inside.stage != Stage::Http2 {
            if let Some(running) = inside.in_flight.get_mut(key) {
                running.ended = true;
                self.awaits_flush.store(true, Ordering::Relaxed);
            }
            return;
        }
        inside.tail = inside.in_flight.remove(key);
        inside.finished += 1;
        // The connection's task may have looked just before this, while there was a request.
        let waiting = inside.closing && !inside.in_flight.is_busy();
        let task = inside.task.clone().filter(|_| waiting);
        drop(inside);
        task.iter().for_each(Waker::wake_by_ref);
    }

    // === the connection's task ===

    /// Called after each poll of hyper: what next? `fired` when the time it was given has come.
    pub(super) fn settle(&self, cx: &Context<'_>, limits: &ConnectionOptions, fired: bool) -> Next {
        let mut inside = self.lock();
        leave_waker(&mut inside.task, cx);
        if self.is_killed() {
            return Next::End;
        }
        if fired {
            inside.since.now = Some(Instant::now());
        }
        let next = inside.next(self.opened, self.written.load(Ordering::Relaxed), limits, fired);
        inside.since.now = None;
        next
    }

    // === the drain ===

    /// Tells it to close as soon as it can; how many streams were running.
    pub(super) fn tell(&self) -> usize {
        let mut inside = self.lock();
        inside.told.get_or_insert_with(Instant::now);
        let streams = inside.in_flight.streams() + usize::from(self.is_upgraded(&inside));
        let task = inside.task.clone();
        drop(inside);
        task.iter().for_each(Waker::wake_by_ref);
        streams
    }

    pub(super) fn is_told(&self) -> bool {
        self.lock().told.is_some()
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
        let events = |running: &Running| running.kind == Kind::Events && !running.ended;
        inside.in_flight.cut_where(events, |running| {
            names.push((Cut::Stream, running.name(self.peer.remote, now)));
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
        let from = self.peer.remote;
        let mut names = Vec::new();
        let mut inside = self.lock();
        if self.is_killed() {
            return names;
        }
        let had_cut = inside.in_flight.has_cut();
        inside.in_flight.cut_where(|_| true, |running| names.push((running.what(), running.name(from, now))));
        if self.is_upgraded(&inside) {
            names.push((Cut::Stream, self.upgraded_name(now)));
        } else if names.is_empty() && !had_cut {
            match inside.tail.take() {
                Some(tail) => names.push((tail.what(), tail.name(from, now))),
                None => names.push((Cut::Connection, self.connection_name(&inside, now))),
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
        let Inside { task, read, write, .. } = &mut *inside;
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
        format!("upgraded connection from {}, {age:.1} s", self.peer.remote)
    }

    fn connection_name(&self, inside: &Inside, now: Instant) -> String {
        let state = match inside.stage {
            Stage::Silent => "no byte sent",
            Stage::Greeting => "greeting unfinished",
            Stage::Http1 if inside.head => "request head unfinished",
            Stage::Http1 => "idle",
            Stage::Http2 => "close not acknowledged",
        };
        let age = now.saturating_duration_since(self.opened).as_secs_f32();
        format!("connection from {}, {state}, {age:.1} s", self.peer.remote)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn next(&mut self, opened: Instant, written: u64, limits: &ConnectionOptions, fired: bool) -> Next {
        let past = |deadline: Instant, now: Option<Instant>| fired && now.is_some_and(|now| deadline <= now);
        if let Some(told) = self.told
            && !self.closing
        {
            let deadline = told + FIRST_READ;
            if self.stage == Stage::Silent && !past(deadline, self.since.now) {
                return Next::Wait(deadline);
            }
            self.closing = true;
            return Next::Close;
        }
        if self.in_flight.is_busy() {
            // Its end comes with bytes to write, so this task looks again; unless it looked just
            // before that end, and then this is when it is noticed.
            let base = self.since.now.or(self.since.last_start).unwrap_or(opened);
            return Next::Wait(after(base, limits.idle));
        }
        if self.tail.is_some() {
            let now = self.since.now();
            let (deadline, mark) = *self.since.quiet.get_or_insert((now + QUIET, written));
            if !past(deadline, Some(now)) {
                return Next::Wait(deadline);
            }
            if mark != written {
                self.since.quiet = Some((now + QUIET, written));
                return Next::Wait(now + QUIET);
            }
            self.since.quiet = None;
            self.tail = None;
        }
        let (deadline, next) = if self.closing {
            let now = self.since.now();
            (*self.since.closing.get_or_insert(now) + CLOSING, Next::Kill(TooLong::Closing))
        } else if self.stage == Stage::Silent {
            (after(opened, limits.first_byte), Next::Kill(TooLong::FirstByte))
        } else if self.stage == Stage::Greeting || self.head {
            let now = self.since.now();
            (after(*self.since.head.get_or_insert(now), limits.head), Next::Kill(TooLong::Head))
        } else {
            let now = self.since.now();
            (after(*self.since.idle.get_or_insert(now), limits.idle), Next::Close)
        };
        if !past(deadline, self.since.now) {
            return Next::Wait(deadline);
        }
        self.closing |= next == Next::Close;
        next
    }
}

impl Since {
    /// The clock, read once per poll.
    fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(Instant::now)
    }
}

/// A limit may be longer than the clock can tell.
pub(super) fn after(instant: Instant, limit: Duration) -> Instant {
    const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    instant + limit.min(AGES)
}

fn leave_waker(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) if waker.will_wake(cx.waker()) => {}
        _ => *place = Some(cx.waker().clone()),
    }
}

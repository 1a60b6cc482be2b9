//! The exchanges of one connection, as its service, its bodies, its task and the drain share them.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Waker};
use std::time::Duration;

use http::{Method, Uri};
use tokio::time::Instant;

use crate::Cut;
use crate::exchange::about::About;
use crate::exchange::allowance::{Allowance, Arrival, ResponseLimit};
use crate::exchange::ended::EndedExchanges;
use crate::exchange::last_response::LastResponse;
use crate::exchange::pipeline::Pipeline;
use crate::exchange::table::{ExchangeTable, Key};
use crate::time::PollClock;
use crate::wire::meter::WireMeter;
use crate::wire::orders::{Orders, leave_waker};
use crate::wire::preface::Preface;

/// The exchanges of one connection.
///
/// 1. An exchange enters the table once, and ends once, with its response's body. It stays in the
///    table until the bytes of that body have left the process.
/// 2. Nothing is woken and no foreign code runs under the lock.
/// 3. The connection's task leaves its waker under the lock and looks at what concerns it then. What
///    concerns it is changed first, and the waker taken under the lock then. So no change is missed.
#[derive(Debug)]
pub(crate) struct Exchanges {
    pub(crate) about: About,
    pub(crate) meter: Arc<WireMeter>,
    pub(crate) orders: Arc<Orders>,
    pub(crate) last_response: LastResponse,
    clock: PollClock,
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    table: ExchangeTable,
    ended: EndedExchanges,
    /// The time at which the last exchange began, until the task of the connection has looked.
    began: Option<Instant>,
    /// HTTP/1.1: the [bytes](WireMeter::read) that had been read when an exchange began or ended last.
    read: u64,
    pipeline: Pipeline,
    /// The connection's task, or after an upgrade the one that has its socket.
    task: Option<Waker>,
}

/// The lengths of a request of HTTP/1.1, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Http1Lengths {
    pub(crate) head: u64,
    /// `None` if it comes in chunks.
    pub(crate) body: Option<u64>,
}

/// What a response that has nothing to give now should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Wait: its waker is kept.
    Wait,
    /// End: it was cut.
    Cut,
    /// Answer that this limit has passed.
    TimedOut(ResponseLimit),
}

/// The exchanges at one moment, as the connection's clock needs them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    /// How many exchanges have begun so far.
    pub(crate) begun: u64,
    /// An exchange is in flight, or its bytes have not left.
    pub(crate) busy: bool,
    /// HTTP/2: responses have ended that were not sent to their ends.
    pub(crate) unsent: bool,
    /// Bytes were read since the last exchange: on HTTP/1.1, part of a head.
    pub(crate) has_head: bool,
    /// When to look for exchanges that take too long; may lie in the past if none is in flight.
    pub(crate) due: Option<Instant>,
}

/// What the connection's task finds when it looks after a poll of hyper.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) load: Load,
    /// The time at which an exchange began during this poll.
    pub(crate) began: Option<Instant>,
}

impl Shared {
    /// HTTP/1.1: the bytes of the exchanges that have ended have left.
    fn finish_ended(&mut self) {
        let count = self.table.remove_ended();
        self.ended.finish(count);
    }

    /// HTTP/2: `count` responses that have ended were not sent to their ends; the bytes of the others
    /// have left.
    fn set_unsent(&mut self, count: usize) {
        let Shared { table, ended, .. } = self;
        ended.take_sent(count).for_each(|key| table.remove(key));
    }
}

impl Exchanges {
    pub(crate) fn new(
        about: About,
        meter: Arc<WireMeter>,
        orders: Arc<Orders>,
        last_response: LastResponse,
    ) -> Exchanges {
        Exchanges {
            clock: PollClock::new(),
            about,
            meter,
            orders,
            last_response,
            shared: Mutex::default(),
        }
    }

    // === the time of a poll ===

    /// A poll of the connection begins.
    pub(crate) fn begin_poll(&self) {
        self.clock.forget();
    }

    /// The time of the connection's present poll, or of its last.
    pub(crate) fn poll_time(&self) -> Instant {
        self.clock.now(self.about.opened())
    }

    // === by the service and the bodies ===

    /// An exchange begins, with the server's own limit and its client's. On HTTP/1.1 its request has
    /// `lengths`.
    pub(crate) fn start(
        &self,
        method: &Method,
        uri: &Uri,
        (own, client): (Option<Duration>, Option<Duration>),
        lengths: Option<Http1Lengths>,
    ) -> Key {
        let now = match lengths {
            // There is mostly one in a poll.
            Some(_) => Instant::now(),
            None => self.poll_time(),
        };
        self.orders.begin_exchange(self.meter.written());
        let mut shared = self.lock();
        shared.began = Some(now);
        if let Some(Http1Lengths { head, body }) = lengths {
            let read = self.meter.read();
            shared.read = read;
            let behind = shared.pipeline.claim_head(read, head);
            let end = body.map(|body| (read - behind).saturating_add(body));
            self.orders.set_watched(end);
        }
        let allowance = Allowance::new(now, own, client);
        shared.table.start((method, uri), allowance)
    }

    /// HTTP/1.1: the body of the request, of this length if its head said it, has come to its end, as
    /// the task of `cx` has seen.
    ///
    /// The client's going is looked for from the end of the request on, if nothing is behind it. Where
    /// a body in chunks ends is known only here: the connection's task looks after this poll, and must
    /// be woken when it is another task that has read the body.
    pub(crate) fn end_request(&self, key: Key, length: Option<u64>, cx: &Context<'_>) {
        let mut shared = self.lock();
        let exchange = shared.table.get_mut(key);
        if exchange.is_none_or(|exchange| exchange.has_ended()) {
            return;
        }
        let read = self.meter.read();
        shared.pipeline.claim_body(read, length);
        if length.is_some() {
            return;
        }
        self.orders.set_watched(Some(read));
        self.orders.mark_unlooked();
        let task = shared.task.as_ref();
        let other = task.filter(|task| !task.will_wake(cx.waker()));
        let other = other.cloned();
        drop(shared);
        other.iter().for_each(Waker::wake_by_ref);
    }

    /// The response's handler ends it when the drain begins.
    pub(crate) fn mark_stream(&self, key: Key) {
        if let Some(exchange) = self.lock().table.get_mut(key) {
            exchange.mark_stream();
        }
    }

    /// The response's head is there, and the driver ends its body at a drain.
    pub(crate) fn mark_graced(&self, key: Key) {
        if let Some(exchange) = self.lock().table.get_mut(key) {
            exchange.mark_graced();
            exchange.mark_head_sent();
        }
    }

    /// The response's handler asks for this time at a drain.
    pub(crate) fn set_finish_within(&self, key: Key, limit: Duration) {
        if let Some(exchange) = self.lock().table.get_mut(key) {
            exchange.set_finish_within(limit);
        }
    }

    /// A part of the request's body has arrived.
    pub(crate) fn record_arrival(&self, key: Key, arrival: Arrival) {
        if let Some(exchange) = self.lock().table.get_mut(key) {
            exchange.allowance.record(arrival, Instant::now());
        }
    }

    /// On HTTP/2: whether the rest of the body waits for the client to make room for it, as it does
    /// from the moment when a part has been given to the moment when the next is asked for.
    pub(crate) fn set_awaits_client(&self, key: Key, awaits: bool) {
        if let Some(exchange) = self.lock().table.get_mut(key) {
            exchange.set_awaits_client(awaits);
        }
    }

    /// The response's head is there. Need not be called for one that was there at once and whose
    /// body is not ended early.
    pub(crate) fn mark_head_sent(&self, key: Key) {
        if let Some(exchange) = self.lock().table.get_mut(key) {
            exchange.mark_head_sent();
        }
    }

    /// Called before the head is waited for, or a part of a body that can be ended early.
    pub(crate) fn wait_for(&self, key: Key, cx: &Context<'_>) -> Verdict {
        let mut shared = self.lock();
        let Some(exchange) = shared.table.get_mut(key) else {
            return Verdict::Wait;
        };
        if exchange.cut {
            return Verdict::Cut;
        }
        if let Some(limit) = exchange.timed_out() {
            return Verdict::TimedOut(limit);
        }
        exchange.leave_waker(cx);
        let deadline = exchange.deadline();
        // The connection's task waits for the soonest of them.
        let is_sooner = deadline.is_some_and(|deadline| shared.table.add_deadline(deadline));
        let task = if is_sooner { shared.task.clone() } else { None };
        drop(shared);
        task.iter().for_each(Waker::wake_by_ref);
        Verdict::Wait
    }

    /// Whether the driver gives it up: it was cut, or a limit has passed. `None` while it does not, and
    /// once it has ended.
    #[cfg_attr(
        not(any(feature = "http", feature = "grpc")),
        expect(dead_code, reason = "there are no layers")
    )]
    pub(crate) fn verdict_of(&self, key: Key) -> Option<Verdict> {
        let mut shared = self.lock();
        let exchange = shared.table.get_mut(key)?;
        match exchange.timed_out() {
            _ if exchange.cut => Some(Verdict::Cut),
            Some(limit) => Some(Verdict::TimedOut(limit)),
            None => None,
        }
    }

    /// The code that serves it has panicked, and the driver ends it.
    #[cold]
    pub(crate) fn mark_panicked(&self, key: Key) {
        if let Some(exchange) = self.lock().table.get_mut(key) {
            exchange.panicked = true;
        }
    }

    /// Whether the driver ends it because its code has panicked; false once it has ended.
    #[cfg_attr(
        not(any(feature = "http", feature = "grpc")),
        expect(dead_code, reason = "there are no layers")
    )]
    pub(crate) fn has_panicked(&self, key: Key) -> bool {
        let mut shared = self.lock();
        let exchange = shared.table.get_mut(key);
        exchange.is_some_and(|exchange| exchange.panicked)
    }

    /// The response's body has come to its end (`whole`), or was dropped before, as is that of a
    /// request which its client took back.
    pub(crate) fn end(&self, key: Key, whole: bool) {
        let is_http2 = self.meter.preface() == Preface::Http2;
        let mut shared = self.lock();
        let ended = shared.table.end(key);
        let (is_stream, is_cut) =
            ended.map_or((false, false), |ended| (ended.is_stream(), ended.cut));
        self.count_drained(&mut shared, is_stream);
        if !is_http2 {
            shared.read = self.meter.read();
            self.orders.set_watched(None);
            shared.ended.end_http1(self.meter.flushes());
            return;
        }
        let may_be_unsent = whole && !is_cut;
        if !may_be_unsent {
            shared.table.remove(key);
        }
        shared.ended.end_http2(may_be_unsent.then_some(key));
        let count = self.count_unsent(&shared);
        shared.set_unsent(count);
        // The connection's task may have looked just before this, while there was an exchange.
        let is_waiting = self.orders.is_closing() && !shared.table.is_in_flight();
        let task = shared.task.clone().filter(|_| is_waiting);
        drop(shared);
        task.iter().for_each(Waker::wake_by_ref);
    }

    /// An exchange has ended: counts it if it was a stream, and the drain had begun.
    fn count_drained(&self, shared: &mut Shared, is_stream: bool) {
        if is_stream && self.about.scope().is_cancelled() {
            shared.ended.count_drained_stream();
        }
    }

    /// HTTP/2: how many responses have ended that were not sent to their ends.
    fn count_unsent(&self, shared: &Shared) -> usize {
        self.meter.open().saturating_sub(shared.table.in_flight())
    }

    // === by the connection's task ===

    /// Leaves the waker of the task that has the connection's socket.
    pub(crate) fn leave_task_waker(&self, cx: &Context<'_>) {
        leave_waker(&mut self.lock().task, cx);
    }

    /// The timer has fired: marks the exchanges that take too long and wakes their tasks. Whether a
    /// client has made no room for a body within `unread`.
    #[cold]
    pub(crate) fn time_out(&self, now: Instant, unread: Duration) -> bool {
        let mut shared = self.lock();
        let late = match shared.table.due() {
            Some(_) => shared.table.time_out(now),
            None => Vec::new(),
        };
        let is_unread = shared.table.look_for_unread(now, unread);
        drop(shared);
        late.into_iter().for_each(Waker::wake);
        is_unread
    }

    /// Called after each poll of hyper: leaves the task's waker and gives what there is to see. `None`
    /// when the connection was killed.
    pub(crate) fn look(&self, cx: &Context<'_>) -> Option<Look> {
        let mut shared = self.lock();
        leave_waker(&mut shared.task, cx);
        if self.orders.is_killed() {
            return None;
        }
        let began = shared.began.take();
        if self.orders.mark_looked() {
            // The end of a body was seen after the last flush of this poll.
            cx.waker().wake_by_ref();
        }
        let is_http2 = self.meter.preface() == Preface::Http2;
        let mut unsent = false;
        if is_http2 {
            let count = self.count_unsent(&shared);
            unsent = count > 0;
            shared.set_unsent(count);
        } else if shared.ended.have_left(self.meter.flushes()) {
            shared.finish_ended();
        }
        let load = Load {
            begun: shared.table.begun(),
            busy: shared.table.is_busy() || unsent,
            unsent,
            has_head: !is_http2 && shared.read != self.meter.read(),
            due: shared.table.due(),
        };
        Some(Look { load, began })
    }

    /// The connection's task ends; an upgraded connection lives on without it.
    pub(crate) fn end_task(&self) {
        let is_http2 = self.meter.preface() == Preface::Http2;
        let mut shared = self.lock();
        if !is_http2 {
            shared.finish_ended();
        }
        let task = shared.task.take();
        drop(shared);
        drop(task);
    }

    // === by the drain ===

    pub(crate) fn wake_task(&self) {
        let task = self.lock().task.clone();
        task.iter().for_each(Waker::wake_by_ref);
    }

    /// Whether the connection was upgraded, and the response that did it has left.
    pub(crate) fn is_upgraded(&self) -> bool {
        let shared = self.lock();
        self.is_upgraded_now(&shared)
    }

    fn is_upgraded_now(&self, shared: &Shared) -> bool {
        self.orders.is_upgraded() && shared.table.is_empty()
    }

    /// HTTP/1.1: whether bytes were read since the last exchange, which are part of a head.
    pub(crate) fn has_head(&self) -> bool {
        self.lock().read != self.meter.read()
    }

    /// Ends the streams whose time is over, `drained_for` after the drain began; gives their names.
    /// `usual` is the grace of a stream.
    pub(crate) fn cut_streams(&self, drained_for: Duration, usual: Duration) -> Vec<String> {
        let now = Instant::now();
        let (mut names, mut wakers) = (Vec::new(), Vec::new());
        let mut shared = self.lock();
        shared.table.cut_where(
            |exchange| {
                exchange
                    .grace(usual)
                    .is_some_and(|grace| grace <= drained_for)
            },
            |exchange| {
                names.push(exchange.name(self.about.remote(), now));
                wakers.extend(exchange.take_waker());
            },
        );
        if !names.is_empty() {
            wakers.extend(shared.task.clone());
        }
        drop(shared);
        wakers.into_iter().for_each(Waker::wake);
        names
    }

    /// Gives up all that is in flight or has not left; what that cuts, and whether something was cut
    /// before.
    pub(crate) fn cut_all(&self) -> (Vec<(Cut, String)>, bool) {
        let (from, now) = (self.about.remote(), Instant::now());
        let mut names = Vec::new();
        let mut shared = self.lock();
        let had_cut = shared.table.has_cut();
        shared.table.cut_where(
            |_| true,
            |exchange| names.push((exchange.as_cut(), exchange.name(from, now))),
        );
        (names, had_cut)
    }

    /// How many exchanges have ended.
    pub(crate) fn finished(&self) -> u64 {
        self.lock().ended.finished()
    }

    /// How many exchanges have ended, and how many are in flight.
    pub(crate) fn counts(&self) -> (u64, usize) {
        let shared = self.lock();
        (shared.ended.finished(), shared.table.in_flight())
    }

    /// How many streams there were since the drain began.
    pub(crate) fn drained_streams(&self) -> usize {
        let shared = self.lock();
        let upgraded = usize::from(self.is_upgraded_now(&shared));
        shared.ended.drained_streams() + shared.table.streams() + upgraded
    }

    // === names ===

    pub(crate) fn name_of(&self, key: Key) -> String {
        let now = Instant::now();
        let mut shared = self.lock();
        let exchange = shared.table.get_mut(key);
        exchange.map_or_else(String::new, |exchange| {
            exchange.name(self.about.remote(), now)
        })
    }

    /// The number by which a watchdog's thread [finds](Self::name_of_errand) this exchange.
    pub(crate) fn errand(&self, key: Key) -> NonZeroU64 {
        key.errand(self.about.number())
    }

    /// The name of the exchange in flight with this number, if it is one of these. No handler runs
    /// under the lock that this takes.
    pub(crate) fn name_of_errand(&self, errand: NonZeroU64) -> Option<String> {
        let shared = self.lock();
        let exchange = shared.table.on_errand(errand, self.about.number())?;
        Some(exchange.name(self.about.remote(), Instant::now()))
    }

    /// The names of at most `most` exchanges in flight.
    pub(crate) fn names(&self, most: usize) -> Vec<String> {
        let now = Instant::now();
        let shared = self.lock();
        let exchanges = shared.table.iter().take(most);
        exchanges
            .map(|exchange| exchange.name(self.about.remote(), now))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        kit_sync::lock(&self.shared)
    }
}

//! What is known of one connection.

use std::io;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::{Context, Waker};

use kit_sync::Scope;
use tokio::time::Instant;

use crate::connection::clock::{Deadlines, Next, Seen, TooLong};
use crate::connection::options::ConnectionOptions;
use crate::drain::lame_duck::LameDuck;
use crate::exchange::table::{InFlight, Running};
use crate::wire::frames::Frames;
#[cfg(feature = "tls")]
use crate::wire::identity::Identity;
use crate::wire::peer::Peer;
use crate::wire::sniff::{AtomicStage, Stage};
use crate::{Address, Cut};

mod end;
mod requests;

pub(crate) use requests::Waits;

/// One connection, as its I/O, its requests, its task and the drain see it.
///
/// 1. `killed` is set under the lock and never taken back. Whoever waits looks at it after it has
///    left its waker, so a kill is never missed.
/// 2. What has entered `in_flight` leaves it once: at the end of the body on HTTP/2, at the flush
///    after that on HTTP/1.1.
/// 3. Nothing is woken and nothing foreign is called under the lock.
#[derive(Debug)]
pub(crate) struct Conn {
    /// The server's.
    scope: Scope,
    /// Its own among the server's, from 1.
    number: NonZeroU64,
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
    /// Whoever has its I/O was told of the kill.
    knows_end: AtomicBool,
    /// An upgraded connection's I/O belongs to somebody else, who must be woken by a kill.
    switched: AtomicBool,
    stage: AtomicStage,
    /// Bytes were read since the last request began or, if it has ended, since it ended: on
    /// HTTP/1.1 and without a request in flight, part of a head.
    head: AtomicBool,
    awaits_flush: AtomicBool,
    /// How many bytes.
    written: AtomicU64,
    /// HTTP/1.1: how many of them when the last request began.
    written_before: AtomicU64,
    /// HTTP/2: what the frames have told, see [`Frames`].
    open: AtomicUsize,
    sent: AtomicU64,
    taken_in: AtomicU64,
    /// The last write was not taken.
    blocked: AtomicBool,
    /// HTTP/1.1: the last read has found nothing.
    dry: AtomicBool,
    /// An HTTP/1.1 connection whose next response is its last.
    old: AtomicBool,
    early: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    in_flight: InFlight,
    /// The last HTTP/2 responses that have ended, until they are sent to their ends.
    unsent: Vec<Running>,
    finished: u64,
    deadlines: Deadlines,
    task: Option<Waker>,
    read: Option<Waker>,
    write: Option<Waker>,
}

/// What is to be done, and the time, if anybody has looked at the clock during this poll.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) next: Next,
    pub(crate) now: Option<Instant>,
}

/// Something that was cut, by name.
pub(crate) type Named = (Cut, String);

impl Conn {
    /// A connection that is about to begin its TLS handshake, or else is [ready](Self::is_ready).
    pub(crate) fn new(
        scope: Scope,
        number: NonZeroU64,
        peer: Peer,
        threshold: f32,
        lame_duck: Arc<OnceLock<LameDuck>>,
    ) -> Conn {
        let inside = Inside {
            in_flight: InFlight::default(),
            unsent: Vec::new(),
            finished: 0,
            deadlines: Deadlines::default(),
            task: None,
            read: None,
            write: None,
        };
        Conn {
            scope,
            number,
            peer,
            #[cfg(feature = "tls")]
            identity: OnceLock::new(),
            threshold,
            lame_duck,
            opened: Instant::now(),
            ready: OnceLock::new(),
            killed: AtomicBool::new(false),
            knows_end: AtomicBool::new(false),
            switched: AtomicBool::new(false),
            stage: AtomicStage::new(Stage::Silent),
            head: AtomicBool::new(false),
            awaits_flush: AtomicBool::new(false),
            written: AtomicU64::new(0),
            written_before: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            taken_in: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            dry: AtomicBool::new(false),
            old: AtomicBool::new(false),
            early: AtomicBool::new(false),
            inside: Mutex::new(inside),
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer {
            #[cfg(feature = "tls")]
            identity: self.identity.get().cloned().flatten(),
            ..self.peer.clone()
        }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn remote(&self) -> &Address {
        &self.peer.remote
    }

    // === the handshake, where there is one ===

    /// It waits for the other end, until `limit` or until it is told to go; gives which is first,
    /// or `None` when it was killed.
    #[cfg(feature = "tls")]
    pub(crate) fn handshakes(&self, cx: &Context<'_>, limit: Instant) -> Option<Instant> {
        let mut inside = self.lock();
        leave_waker(&mut inside.task, cx);
        let told = inside.deadlines.may_shake_hands_until().unwrap_or(limit);
        (!self.is_killed()).then_some(limit.min(told))
    }

    #[cfg(feature = "tls")]
    pub(crate) fn is_known_as(&self, identity: Option<Identity>) {
        let _ = self.identity.set(identity.map(Arc::new));
    }

    /// Requests can come.
    pub(crate) fn is_ready(&self) -> Instant {
        *self.ready.get_or_init(Instant::now)
    }

    // === bytes ===

    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// The error for whoever reads or writes on a connection that was killed.
    pub(crate) fn end(&self) -> io::Error {
        self.knows_end.store(true, Ordering::Relaxed);
        io::ErrorKind::ConnectionAborted.into()
    }

    /// Before somebody waits who has an upgraded connection's I/O, perhaps for something else.
    #[cfg(feature = "ws")]
    pub(crate) fn waits_upgraded(&self, cx: &Context<'_>) {
        leave_waker(&mut self.lock().task, cx);
    }

    /// It was killed, and whoever has its I/O has not looked at it.
    #[cfg(feature = "ws")]
    pub(crate) fn is_forgotten(&self) -> bool {
        self.is_killed() && !self.knows_end.load(Ordering::Relaxed)
    }

    /// HTTP/1.1: whether the last read of the socket waits for bytes.
    pub(crate) fn read_waits(&self) -> bool {
        self.dry.load(Ordering::Relaxed)
    }

    /// HTTP/1.1: what a read of the socket has come to. It and
    /// [`read_waits`](Self::read_waits) are of one task.
    pub(crate) fn set_read_waits(&self, waits: bool) {
        self.dry.store(waits, Ordering::Relaxed);
    }

    /// Bytes were read, after which the connection stands at `stage`.
    pub(crate) fn received(&self, stage: Stage) {
        self.stage.store(stage);
        self.head.store(stage != Stage::Http2, Ordering::Relaxed);
    }

    /// Frames went by.
    pub(crate) fn passed(&self, frames: &Frames) {
        self.open.store(frames.open(), Ordering::Relaxed);
        self.sent.store(frames.sent(), Ordering::Relaxed);
        self.taken_in.store(frames.taken_in(), Ordering::Relaxed);
    }

    /// How many bytes were sent since the last HTTP/1.1 request began: nobody says how many of them
    /// were read.
    pub(crate) fn answered(&self) -> u64 {
        let written = self.written.load(Ordering::Relaxed);
        written.wrapping_sub(self.written_before.load(Ordering::Relaxed))
    }

    pub(crate) fn wrote(&self, bytes: usize) {
        // One writer at a time, so this needs no read-modify-write.
        let written = self.written.load(Ordering::Relaxed);
        self.written
            .store(written.wrapping_add(bytes as u64), Ordering::Relaxed);
        self.blocked.store(false, Ordering::Relaxed);
    }

    /// A write or a flush must wait for the client to read.
    pub(crate) fn is_blocked(&self) {
        self.blocked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn flushed(&self) {
        self.blocked.store(false, Ordering::Relaxed);
        if self.awaits_flush.load(Ordering::Relaxed) {
            self.awaits_flush.store(false, Ordering::Relaxed);
            self.head.store(false, Ordering::Relaxed);
            let mut inside = self.lock();
            inside.in_flight.clear();
            inside.finished += 1;
        }
    }

    /// An HTTP/1.1 request was answered before its body was read.
    pub(crate) fn answers_early(&self) {
        self.early.store(true, Ordering::Relaxed);
    }

    pub(crate) fn was_early(&self) -> bool {
        self.early.load(Ordering::Relaxed)
    }

    /// It was asked to end in good order.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().deadlines.is_closing()
    }

    /// It is shut down, and bytes still come.
    pub(crate) fn lingers(&self) {
        self.lock().deadlines.linger();
    }

    /// It belongs to whom it was handed over to.
    pub(crate) fn is_switched(&self) -> bool {
        self.switched.load(Ordering::Relaxed)
    }

    /// Before a read waits; `false` when the connection was killed. Until an upgrade it is the
    /// connection's own task that waits, and that has left its waker already.
    pub(crate) fn waits_to_read(&self, cx: &Context<'_>) -> bool {
        self.waits(cx, |inside| &mut inside.read)
    }

    /// Before a write waits; `false` when the connection was killed.
    pub(crate) fn waits_to_write(&self, cx: &Context<'_>) -> bool {
        self.is_blocked();
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

    // === the connection's task ===

    /// Called after each poll of hyper: what next? `fired` when the time it was given has come.
    pub(crate) fn settle(
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
        let due = inside.in_flight.due();
        let late = (fired && due.is_some()).then(|| inside.in_flight.time_out(Instant::now()));
        if fired && inside.in_flight.has_unread(Instant::now(), limits.unread) {
            let next = Next::Kill(TooLong::Unread);
            return Settled { next, now: None };
        }
        let stage = self.stage.load();
        let http2 = stage == Stage::Http2;
        let unsent = http2 && self.unsent(&inside) > 0;
        if !unsent {
            inside.unsent.clear();
        }
        let written = self.written.load(Ordering::Relaxed);
        let (sent, unread) = if http2 {
            let sent = self.sent.load(Ordering::Relaxed);
            (
                sent,
                sent.saturating_sub(self.taken_in.load(Ordering::Relaxed)),
            )
        } else {
            // Nobody says how much of it, and many a client closes only when it asks again.
            (written, 0)
        };
        let seen = Seen {
            opened: self.ready.get().copied().unwrap_or(self.opened),
            stage,
            head: self.head.load(Ordering::Relaxed),
            busy: inside.in_flight.is_busy() || unsent,
            due: inside.in_flight.due(),
            written,
            sent,
            unread,
            unsent,
            blocked: self.blocked.load(Ordering::Relaxed),
            jitter: self.threshold,
            fired,
        };
        let deadlines = &mut inside.deadlines;
        let next = deadlines.next(&seen, limits);
        let now = deadlines.take_now();
        if fired && deadlines.is_old() {
            self.old.store(true, Ordering::Relaxed);
        }
        drop(inside);
        late.into_iter().flatten().for_each(Waker::wake);
        Settled { next, now }
    }

    /// How many HTTP/2 responses have ended that were not sent to their ends.
    fn unsent(&self, inside: &Inside) -> usize {
        let open = self.open.load(Ordering::Relaxed);
        open.saturating_sub(inside.in_flight.len())
    }

    /// What was upgraded lives on without it.
    pub(crate) fn task_ended(&self) {
        let task = self.lock().task.take();
        drop(task);
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        kit_sync::lock(&self.inside)
    }
}

fn leave_waker(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) if waker.will_wake(cx.waker()) => {}
        _ => *place = Some(cx.waker().clone()),
    }
}

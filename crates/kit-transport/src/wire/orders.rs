//! What those above ask of a connection's I/O.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Waker};

/// Orders to the I/O of a connection. The connection's exchanges, its task and the drain write them;
/// the I/O obeys them, and writes only that it has noticed a kill.
///
/// `killed` is never taken back. A reader or writer that must wait leaves its waker first and looks
/// at `killed` then; a kill sets `killed` first and takes the wakers then. Both go through the lock
/// of the wakers, so one of the two sees the other.
#[derive(Debug)]
pub(crate) struct Orders {
    killed: AtomicBool,
    /// A read or a write has failed because of the kill.
    noticed: AtomicBool,
    /// The socket belongs to a handler, whose reads and writes a kill must wake.
    upgraded: AtomicBool,
    /// The connection's task has asked hyper to close it.
    closing: AtomicBool,
    /// HTTP/1.1: the response was given before the request's body was read.
    early: AtomicBool,
    /// HTTP/1.1: the client's going ends the exchange while this number of bytes was read;
    /// [`UNWATCHED`] when it does not.
    watched_at: AtomicU64,
    /// The I/O must be called once more, to look for the client's going.
    unlooked: AtomicBool,
    /// HTTP/1.1: the bytes that were written when the last exchange began.
    exchange_began_at: AtomicU64,
    wakers: Mutex<IoWakers>,
}

/// The waiting halves of an upgraded connection.
#[derive(Debug, Default)]
struct IoWakers {
    read: Option<Waker>,
    write: Option<Waker>,
}

/// More bytes than are ever read.
const UNWATCHED: u64 = u64::MAX;

impl Default for Orders {
    fn default() -> Orders {
        Orders {
            killed: AtomicBool::new(false),
            noticed: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            early: AtomicBool::new(false),
            watched_at: AtomicU64::new(UNWATCHED),
            unlooked: AtomicBool::new(false),
            exchange_began_at: AtomicU64::new(0),
            wakers: Mutex::default(),
        }
    }
}

impl Orders {
    // === by those above ===

    /// Makes every read and write fail, now and later.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
        let mut wakers = kit_sync::lock(&self.wakers);
        let waiting = [wakers.read.take(), wakers.write.take()];
        drop(wakers);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// The answer was `101 Switching Protocols`, or a tunnel over HTTP/1.1.
    pub(crate) fn mark_upgraded(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    /// HTTP/1.1: when to look for the client's going, which fails the next flush: while this number
    /// of bytes was read, which is to say all of the request and nothing behind it.
    pub(crate) fn set_watched(&self, at: Option<u64>) {
        self.watched_at
            .store(at.unwrap_or(UNWATCHED), Ordering::Relaxed);
        self.unlooked.store(false, Ordering::Relaxed);
    }

    /// The I/O may not be called again by itself since it was to look for the client's going.
    pub(crate) fn mark_unlooked(&self) {
        self.unlooked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn mark_closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// HTTP/1.1: an exchange begins, after `written` bytes of the connection.
    pub(crate) fn begin_exchange(&self, written: u64) {
        self.exchange_began_at.store(written, Ordering::Relaxed);
        self.early.store(false, Ordering::Relaxed);
    }

    /// HTTP/1.1: the response was given before the request's body was read.
    pub(crate) fn mark_early(&self) {
        self.early.store(true, Ordering::Relaxed);
    }

    // === for the I/O ===

    /// The error of a read or a write on a connection that was killed.
    pub(crate) fn end(&self) -> io::Error {
        self.noticed.store(true, Ordering::Relaxed);
        io::ErrorKind::ConnectionAborted.into()
    }

    /// Before a read waits; `false` when the connection was killed.
    pub(crate) fn wait_to_read(&self, cx: &Context<'_>) -> bool {
        self.wait(cx, |wakers| &mut wakers.read)
    }

    /// Before a write waits; `false` when the connection was killed.
    pub(crate) fn wait_to_write(&self, cx: &Context<'_>) -> bool {
        self.wait(cx, |wakers| &mut wakers.write)
    }

    /// Until an upgrade it is the connection's own task that waits, and that leaves its waker
    /// elsewhere.
    fn wait(&self, cx: &Context<'_>, half: impl Fn(&mut IoWakers) -> &mut Option<Waker>) -> bool {
        if !self.is_upgraded() {
            return true;
        }
        leave_waker(half(&mut kit_sync::lock(&self.wakers)), cx);
        !self.is_killed()
    }

    /// Whether to look for the client's going, when `read` bytes were read.
    pub(crate) fn is_watched(&self, read: u64) -> bool {
        self.watched_at.load(Ordering::Relaxed) == read
    }

    /// The I/O looks for the client's going, or is called once more to do it; whether it had not done
    /// that since it was ordered.
    pub(crate) fn mark_looked(&self) -> bool {
        // Nearly always nothing is to be changed.
        self.unlooked.load(Ordering::Relaxed) && self.unlooked.swap(false, Ordering::Relaxed)
    }

    /// HTTP/1.1: whether the response was given before the request's body was read.
    pub(crate) fn is_early(&self) -> bool {
        self.early.load(Ordering::Relaxed)
    }

    /// HTTP/1.1: how many of `written` bytes belong to the last exchange.
    pub(crate) fn bytes_of_exchange(&self, written: u64) -> u64 {
        written.wrapping_sub(self.exchange_began_at.load(Ordering::Relaxed))
    }

    // === for both ===

    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }

    /// Whether the connection was killed and no read or write has failed of it.
    #[cfg(feature = "ws")]
    pub(crate) fn is_kill_unnoticed(&self) -> bool {
        self.is_killed() && !self.noticed.load(Ordering::Relaxed)
    }

    pub(crate) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Ordering::Relaxed)
    }

    /// Whether hyper was asked to close the connection.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// Replaces the waker in `slot` unless it wakes the same task.
pub(crate) fn leave_waker(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) if waker.will_wake(cx.waker()) => {}
        _ => *slot = Some(cx.waker().clone()),
    }
}

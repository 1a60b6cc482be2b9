//! What the I/O of a connection has seen.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::wire::frames::Frames;
use crate::wire::preface::{AtomicPreface, Preface};

/// Counts what goes over a connection. Only the connection's I/O writes it, one task at a time; its
/// task, its exchanges and the drain read it.
///
/// All accesses are relaxed. A reader compares a number with one that it read before, and decides
/// nothing about other memory by it; the I/O and the connection's task are the same task, which sees
/// its own writes.
#[derive(Debug, Default)]
pub(crate) struct WireMeter {
    preface: AtomicPreface,
    /// Bytes of HTTP/1.1, or of a client that has not shown what it speaks.
    read: AtomicU64,
    /// HTTP/1.1: the last read of the socket found nothing.
    read_waits: AtomicBool,
    /// Bytes.
    written: AtomicU64,
    /// Completed flushes.
    flushes: AtomicU64,
    /// The socket took nothing at the last write.
    blocked: AtomicBool,
    /// HTTP/2: responses that have not been sent to their ends, see [`Frames`].
    open: AtomicUsize,
    /// HTTP/2: bytes of bodies that were sent.
    sent: AtomicU64,
    /// HTTP/2: for how many of them the client has made room again.
    taken_in: AtomicU64,
    /// The connection is shut down for writing, and what the client still sends is thrown away.
    lingering: AtomicBool,
}

/// A [`WireMeter`] at one moment, as the connection's clock needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireReading {
    pub(crate) preface: Preface,
    /// Bytes.
    pub(crate) written: u64,
    /// How many of them are bodies; on HTTP/1.1 all.
    pub(crate) sent: u64,
    /// HTTP/2: how many of those the client may still have to read. HTTP/1.1 does not say, and many
    /// a client closes only when it asks again: 0.
    pub(crate) unread: u64,
    /// There is something to write that the client does not take.
    pub(crate) blocked: bool,
    /// The connection is shut down, and the client still sends.
    pub(crate) lingering: bool,
}

impl WireMeter {
    // === by the I/O ===

    /// This number of bytes was read, after which the client has shown `preface`.
    pub(crate) fn record_read(&self, bytes: usize, preface: Preface) {
        self.preface.store(preface);
        if preface != Preface::Http2 {
            add(&self.read, bytes as u64);
        }
    }

    /// HTTP/1.1: whether a read of the socket found nothing.
    pub(crate) fn set_read_waits(&self, waits: bool) {
        self.read_waits.store(waits, Ordering::Relaxed);
    }

    pub(crate) fn record_write(&self, bytes: usize) {
        add(&self.written, bytes as u64);
        self.blocked.store(false, Ordering::Relaxed);
    }

    /// A write or a flush must wait for the client to read.
    pub(crate) fn mark_blocked(&self) {
        self.blocked.store(true, Ordering::Relaxed);
    }

    pub(crate) fn record_flush(&self) {
        add(&self.flushes, 1);
        self.blocked.store(false, Ordering::Relaxed);
    }

    pub(crate) fn record_frames(&self, frames: &Frames) {
        self.open.store(frames.open(), Ordering::Relaxed);
        self.sent.store(frames.sent(), Ordering::Relaxed);
        self.taken_in.store(frames.taken_in(), Ordering::Relaxed);
    }

    pub(crate) fn mark_lingering(&self) {
        self.lingering.store(true, Ordering::Relaxed);
    }

    // === for those above ===

    pub(crate) fn reading(&self) -> WireReading {
        let preface = self.preface();
        let written = self.written();
        let (sent, unread) = if preface == Preface::Http2 {
            let sent = self.sent.load(Ordering::Relaxed);
            let taken_in = self.taken_in.load(Ordering::Relaxed);
            (sent, sent.saturating_sub(taken_in))
        } else {
            (written, 0)
        };
        WireReading {
            preface,
            written,
            sent,
            unread,
            blocked: self.blocked.load(Ordering::Relaxed),
            lingering: self.lingering.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn preface(&self) -> Preface {
        self.preface.load()
    }

    /// HTTP/1.1: bytes.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    pub(crate) fn read_waits(&self) -> bool {
        self.read_waits.load(Ordering::Relaxed)
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(crate) fn flushes(&self) -> u64 {
        self.flushes.load(Ordering::Relaxed)
    }

    /// HTTP/2: responses that have not been sent to their ends.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(crate) fn is_lingering(&self) -> bool {
        self.lingering.load(Ordering::Relaxed)
    }
}

/// One writer at a time, so this needs no read-modify-write.
fn add(counter: &AtomicU64, count: u64) {
    let sum = counter.load(Ordering::Relaxed).wrapping_add(count);
    counter.store(sum, Ordering::Relaxed);
}

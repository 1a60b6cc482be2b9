//! The exchanges of one connection that have ended.

use crate::exchange::table::Key;

/// Exchanges whose responses have ended: the keys of those of HTTP/2 whose bytes have not left yet, and
/// counts of all.
///
/// An exchange stays in its table until its bytes have left. On HTTP/1.1 they have left at the first
/// flush after its end. On HTTP/2 the frames show how many responses were not sent to their ends; the
/// last ones that have ended are those.
#[derive(Debug, Default)]
pub(crate) struct EndedExchanges {
    unsent: Vec<Key>,
    /// HTTP/1.1: how many flushes there had been at the last end.
    flushes_at_end: Option<u64>,
    finished: u64,
    /// Streams that have ended after the drain had begun.
    drained_streams: usize,
}

impl EndedExchanges {
    /// An exchange of HTTP/1.1 has ended, when the connection had seen this number of flushes.
    pub(crate) fn end_http1(&mut self, flushes: u64) {
        self.flushes_at_end = Some(flushes);
    }

    /// HTTP/1.1: whether the bytes of the exchanges that have ended have left, now that the connection
    /// has seen this number of flushes.
    pub(crate) fn have_left(&self, flushes: u64) -> bool {
        self.flushes_at_end.is_some_and(|at_end| at_end != flushes)
    }

    /// HTTP/1.1: the bytes of `count` exchanges, all that have ended, have left.
    pub(crate) fn finish(&mut self, count: u64) {
        self.flushes_at_end = None;
        self.finished += count;
    }

    /// An exchange of HTTP/2 has ended. Its key is given when its response may not have been sent to
    /// its end.
    pub(crate) fn end_http2(&mut self, unsent: Option<Key>) {
        self.unsent.extend(unsent);
        self.finished += 1;
    }

    /// HTTP/2: `count` responses that have ended were not sent to their ends. Takes the exchanges of
    /// the others.
    pub(crate) fn take_sent(&mut self, count: usize) -> impl Iterator<Item = Key> + '_ {
        let sent = self.unsent.len().saturating_sub(count);
        self.unsent.drain(..sent)
    }

    /// A stream has ended, after the drain had begun.
    pub(crate) fn count_drained_stream(&mut self) {
        self.drained_streams += 1;
    }

    pub(crate) fn drained_streams(&self) -> usize {
        self.drained_streams
    }

    /// How many exchanges have ended.
    pub(crate) fn finished(&self) -> u64 {
        self.finished
    }
}

//! The exchanges of one connection that have ended.

use crate::exchange::in_flight::Exchange;

/// Exchanges whose responses have ended: those whose bytes have not left yet, and counts of all.
///
/// On HTTP/1.1 the bytes of a response have left at the first flush after its end. On HTTP/2 the
/// frames show how many responses were not sent to their ends; the last ones that have ended are
/// those.
#[derive(Debug, Default)]
pub(crate) struct EndedExchanges {
    unsent: Vec<Exchange>,
    /// HTTP/1.1: how many flushes there had been at the last end.
    flushes_at_end: Option<u64>,
    finished: u64,
    /// Streams that have ended after the drain had begun.
    drained_streams: usize,
}

impl EndedExchanges {
    /// An exchange of HTTP/1.1 has ended, when the connection had seen this number of flushes.
    pub(crate) fn end_http1(&mut self, exchange: Option<Exchange>, flushes: u64) {
        self.unsent.extend(exchange);
        self.flushes_at_end = Some(flushes);
    }

    /// HTTP/1.1: the connection has seen this number of flushes.
    pub(crate) fn mark_flushed(&mut self, flushes: u64) {
        if self.flushes_at_end.is_some_and(|at_end| at_end != flushes) {
            self.finish();
        }
    }

    /// HTTP/1.1: the bytes of all ended exchanges have left.
    pub(crate) fn finish(&mut self) {
        self.flushes_at_end = None;
        self.finished += self.unsent.len() as u64;
        self.unsent.clear();
    }

    /// An exchange of HTTP/2 has ended. It is given when its response may not have been sent to its
    /// end.
    pub(crate) fn end_http2(&mut self, exchange: Option<Exchange>) {
        self.unsent.extend(exchange);
        self.finished += 1;
    }

    /// HTTP/2: `count` responses that have ended were not sent to their ends.
    pub(crate) fn set_unsent(&mut self, count: usize) {
        let sent = self.unsent.len().saturating_sub(count);
        self.unsent.drain(..sent);
    }

    /// A stream has ended, after the drain had begun.
    pub(crate) fn count_drained_stream(&mut self) {
        self.drained_streams += 1;
    }

    pub(crate) fn drained_streams(&self) -> usize {
        self.drained_streams
    }

    /// Exchanges whose bytes have not left and that were not given up.
    pub(crate) fn take_uncut(&mut self) -> impl Iterator<Item = Exchange> + '_ {
        self.unsent.extract_if(.., |exchange| !exchange.cut)
    }

    /// Whether there is an exchange whose bytes have not left and that was not given up.
    pub(crate) fn is_busy(&self) -> bool {
        self.unsent.iter().any(|exchange| !exchange.cut)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unsent.is_empty()
    }

    pub(crate) fn has_cut(&self) -> bool {
        self.unsent.iter().any(|exchange| exchange.cut)
    }

    /// How many exchanges have ended.
    pub(crate) fn finished(&self) -> u64 {
        self.finished
    }
}

//! The parts of one request's body, as they arrive.

use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http_body::Frame;

use crate::exchange::allowance::Arrival;
use crate::exchange::exchanges::Exchanges;
use crate::exchange::messages::Messages;
use crate::exchange::table::Key;

/// Records the parts of one request's body, which put the end of `request_timeout` off.
///
/// A part that was there at the first poll has cost no time, so it is recorded with the next one: a
/// request whose body came with its head, as most do, pays nothing for this.
#[derive(Debug)]
pub(crate) struct Arrivals {
    exchanges: Arc<Exchanges>,
    key: Key,
    /// Of a gRPC call.
    messages: Option<Messages>,
    /// Bytes that were not recorded yet.
    bytes: u64,
    pace: Pace,
}

/// How a body has come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Untouched,
    /// One part, which was there when the handler asked for it.
    OnePart,
    /// In several parts, or the handler had to wait for it.
    Slow,
}

impl Arrivals {
    /// The arrivals of an exchange; `is_call` for a gRPC call.
    pub(crate) fn new(exchanges: Arc<Exchanges>, key: Key, is_call: bool) -> Arrivals {
        Arrivals {
            exchanges,
            key,
            messages: is_call.then(Messages::default),
            bytes: 0,
            pace: Pace::Untouched,
        }
    }

    /// The body was polled; `is_whole` if nothing follows.
    ///
    /// An end is the whole body; a part is a message if one ends in it, and bytes otherwise. The
    /// table of exchanges learns of it if the body is slow. Until then the bytes are kept for the
    /// next part.
    pub(crate) fn record<E>(
        &mut self,
        polled: &Poll<Option<Result<Frame<Bytes>, E>>>,
        is_whole: bool,
    ) {
        let arrival = match polled {
            Poll::Pending => {
                self.pace = Pace::Slow;
                return;
            }
            Poll::Ready(Some(Err(_))) => return,
            Poll::Ready(None) => Arrival::Whole,
            Poll::Ready(Some(Ok(frame))) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                self.bytes += data.len() as u64;
                let messages = self.messages.as_mut();
                let ends_message = messages.is_some_and(|messages| messages.record(data) > 0);
                self.pace = match self.pace {
                    Pace::Untouched => Pace::OnePart,
                    Pace::OnePart | Pace::Slow => Pace::Slow,
                };
                if is_whole {
                    Arrival::Whole
                } else if ends_message {
                    Arrival::Message
                } else {
                    Arrival::Part(self.bytes)
                }
            }
        };
        if self.pace != Pace::Slow {
            return;
        }
        self.bytes = 0;
        self.exchanges.record_arrival(self.key, arrival);
    }
}

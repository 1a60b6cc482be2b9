//! The frames of an HTTP/2 connection, as they go by.

mod cursor;

use cursor::{Cursor, Header, PING, Step, WINDOW_UPDATE};

pub(crate) use cursor::HEADER;

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
/// A type that is not defined, which must be ignored (RFC 9113, section 4.1).
const NOTHING: u8 = 0xff;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;

/// What h2 puts into the PING that it sends with its first GOAWAY. When that is acknowledged it
/// sends the last one, and serves no stream that begins from there on.
const GOODBYE: u64 = 0x0b7b_a2f0_8b9b_fe54;

/// Follows the frames of one connection, in both directions and from the first one on.
///
/// h2 takes a response as fast as its handler gives it, and sends it as fast as the client makes
/// room. Only the frames tell when a response has been sent, and what of it was taken in.
///
/// It also hides what h2 trips over: a client that has not read the last GOAWAY yet may begin a
/// stream and widen its window, as grpcio does in one breath; h2 (0.4.20) ignores the stream, but
/// takes the WINDOW_UPDATE for one on an idle stream, and ends the connection with PROTOCOL_ERROR
/// and all its requests.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    read: Cursor,
    written: Cursor,
    /// The streams whose responses have not been sent to their end. There are at most as many as
    /// the server allows, and mostly few.
    open: Vec<u32>,
    newest_stream: u32,
    /// The last stream that is served, when there is one.
    last_stream: Option<u32>,
    sent: u64,
    taken_in: u64,
}

impl Frames {
    /// How many responses have not been sent to their end.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// How many bytes of bodies were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// For how many of them the client has made room again, so that it has taken them in.
    pub(crate) fn taken_in(&self) -> u64 {
        self.taken_in
    }

    /// Takes the next bytes of the client, and hides in them what must be hidden. Gives how many of
    /// the last ones it has not looked at, because they begin a header that may be one to hide: they
    /// come again, before those that follow.
    pub(crate) fn read(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if self.last_stream.is_some() && self.read.at_boundary() && rest.len() < HEADER {
                return rest.len();
            }
            let (part, seen) = self.read.advance(rest);
            at += part;
            match seen {
                Step::Part => {}
                Step::Header(header) => {
                    if self.client_says(header) {
                        bytes[at - HEADER + 3] = NOTHING;
                    }
                }
                Step::Payload(header, value) => self.client_said(header, value),
            }
        }
        0
    }

    /// Takes the next bytes that were written.
    pub(crate) fn wrote(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (part, seen) = self.written.advance(bytes);
            bytes = &bytes[part..];
            if let Step::Header(header) = seen {
                if header.kind == DATA {
                    self.sent += u64::from(header.length);
                }
                let last = matches!(header.kind, DATA | HEADERS) && header.flags & END_STREAM != 0;
                if last || header.kind == RST_STREAM {
                    self.close(header.stream);
                }
            }
        }
    }

    /// Whether it is to be hidden.
    fn client_says(&mut self, header: Header) -> bool {
        let is_late = |stream| self.last_stream.is_some_and(|last| last < stream);
        match header.kind {
            HEADERS if self.newest_stream < header.stream && !is_late(header.stream) => {
                self.newest_stream = header.stream;
                self.open.push(header.stream);
            }
            RST_STREAM => self.close(header.stream),
            WINDOW_UPDATE => return is_late(header.stream),
            _ => {}
        }
        false
    }

    fn client_said(&mut self, header: Header, value: u64) {
        match header.kind {
            PING if header.flags & ACK != 0 && value == GOODBYE => {
                self.last_stream.get_or_insert(self.newest_stream);
            }
            WINDOW_UPDATE if header.stream == 0 => {
                // Room beyond the bytes that were sent widens the window, and shows no reading.
                let room = value & u64::from(u32::MAX >> 1);
                self.taken_in = self.taken_in.saturating_add(room).min(self.sent);
            }
            _ => {}
        }
    }

    fn close(&mut self, stream: u32) {
        if let Some(at) = self.open.iter().position(|open| *open == stream) {
            self.open.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests;

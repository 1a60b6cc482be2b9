//! The frames of an HTTP/2 connection, as they go by.

/// The length of a frame's header (RFC 9113, section 4.1).
pub(crate) const HEADER: usize = 9;

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const PING: u8 = 0x6;
const WINDOW_UPDATE: u8 = 0x8;
/// A type that nobody has defined, which must be ignored (RFC 9113, section 4.1).
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
                Seen::Part => {}
                Seen::Header(header) => {
                    if self.client_says(header) {
                        bytes[at - HEADER + 3] = NOTHING;
                    }
                }
                Seen::Payload(header, value) => self.client_said(header, value),
            }
        }
        0
    }

    /// Takes the next bytes that were written.
    pub(crate) fn wrote(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (part, seen) = self.written.advance(bytes);
            bytes = &bytes[part..];
            if let Seen::Header(header) = seen {
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
                // What is more than was sent makes the window wider, and says nothing.
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

#[derive(Clone, Copy, Debug, Default)]
struct Header {
    length: u32,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Header {
    fn parse(bytes: [u8; HEADER]) -> Header {
        let [l0, l1, l2, kind, flags, stream @ ..] = bytes;
        Header {
            length: u32::from_be_bytes([0, l0, l1, l2]),
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
        }
    }
}

/// What the bytes that were just passed have ended.
enum Seen {
    Part,
    Header(Header),
    /// The last eight bytes of the payload, as a number.
    Payload(Header, u64),
}

/// A place in a sequence of frames.
#[derive(Debug, Default)]
struct Cursor {
    /// A header of which only so much has come.
    part: [u8; HEADER],
    have: usize,
    /// The last header that was whole.
    header: Header,
    /// How much of its payload was not passed.
    payload: usize,
    value: u64,
}

impl Cursor {
    fn at_boundary(&self) -> bool {
        self.have == 0 && self.payload == 0
    }

    /// Passes the rest of a header or of a payload, as far as it is there: so many bytes.
    fn advance(&mut self, bytes: &[u8]) -> (usize, Seen) {
        if self.payload > 0 {
            return self.pass_payload(bytes);
        }
        // Mostly it comes in one piece.
        if self.have == 0
            && let Some(header) = bytes.first_chunk()
        {
            return (HEADER, self.begin(*header));
        }
        let part = bytes.len().min(HEADER - self.have);
        self.part[self.have..self.have + part].copy_from_slice(&bytes[..part]);
        self.have += part;
        if self.have < HEADER {
            return (part, Seen::Part);
        }
        self.have = 0;
        (part, self.begin(self.part))
    }

    fn begin(&mut self, header: [u8; HEADER]) -> Seen {
        self.header = Header::parse(header);
        self.payload = self.header.length as usize;
        Seen::Header(self.header)
    }

    fn pass_payload(&mut self, bytes: &[u8]) -> (usize, Seen) {
        let part = bytes.len().min(self.payload);
        self.payload -= part;
        if matches!(self.header.kind, PING | WINDOW_UPDATE) {
            for byte in &bytes[part.saturating_sub(8)..part] {
                self.value = self.value << 8 | u64::from(*byte);
            }
        }
        if self.payload > 0 {
            return (part, Seen::Part);
        }
        let value = std::mem::take(&mut self.value);
        (part, Seen::Payload(self.header, value))
    }
}

#[cfg(test)]
mod tests;

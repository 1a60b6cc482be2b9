//! The frames of an HTTP/2 client, as they go by.

/// The length of a frame's header (RFC 9113, section 4.1).
pub(super) const HEADER: usize = 9;

const HEADERS: u8 = 0x1;
const PING: u8 = 0x6;
const WINDOW_UPDATE: u8 = 0x8;
/// A type that nobody has defined, which must be ignored (RFC 9113, section 4.1).
const NOTHING: u8 = 0xff;
const ACK: u8 = 0x1;

/// What h2 puts into the PING that it sends with its first GOAWAY. When that is acknowledged it
/// sends the last one, and serves no stream that begins from there on.
const GOODBYE: [u8; 8] = [0x0b, 0x7b, 0xa2, 0xf0, 0x8b, 0x9b, 0xfe, 0x54];

/// Follows the frames of one connection from the first one on.
///
/// It sees which of them say that the client takes in what it was sent. And it hides what h2 trips
/// over: a client that has not read the last GOAWAY yet may begin a stream and widen its window, as
/// grpcio does in one breath; h2 (0.4.20) ignores the stream, but takes the WINDOW_UPDATE for one
/// on an idle stream, and ends the connection with PROTOCOL_ERROR and all its requests.
#[derive(Debug)]
pub(super) struct Frames {
    header: [u8; HEADER],
    /// How much of the header was read.
    have: usize,
    /// How much of the payload was not.
    payload: usize,
    /// How much of the payload is that of the goodbye's acknowledgement, if it is one so far.
    goodbye: Option<usize>,
    newest_stream: u32,
    /// The last stream that is served, when there is one.
    last_stream: Option<u32>,
    window_updates: u64,
}

impl Frames {
    pub(super) fn new() -> Frames {
        Frames {
            header: [0; HEADER],
            have: 0,
            payload: 0,
            goodbye: None,
            newest_stream: 0,
            last_stream: None,
            window_updates: 0,
        }
    }

    /// How often the client has made room for more.
    pub(super) fn window_updates(&self) -> u64 {
        self.window_updates
    }

    /// Takes the next bytes, and hides in them what must be hidden. Gives how many of the last ones
    /// it has not looked at, because they begin a header that may be one to hide: they come again,
    /// before those that follow. That is asked for only where there is room for more.
    pub(super) fn feed(&mut self, bytes: &mut [u8], more: bool) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if self.payload > 0 {
                let part = rest.len().min(self.payload);
                self.payload(&rest[..part]);
                at += part;
                continue;
            }
            let part = rest.len().min(HEADER - self.have);
            if more && part < HEADER && self.have == 0 && self.last_stream.is_some() {
                return part;
            }
            self.header[self.have..self.have + part].copy_from_slice(&rest[..part]);
            self.have += part;
            at += part;
            if self.have == HEADER {
                self.have = 0;
                if self.frame() && part == HEADER {
                    bytes[at - HEADER + 3] = NOTHING;
                }
            }
        }
        0
    }

    /// A header is whole; whether it is to be hidden.
    fn frame(&mut self) -> bool {
        let [l0, l1, l2, kind, flags, stream @ ..] = self.header;
        let length = u32::from_be_bytes([0, l0, l1, l2]);
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        self.payload = length as usize;
        self.goodbye = None;
        match kind {
            HEADERS => self.newest_stream = self.newest_stream.max(stream),
            PING if flags & ACK != 0 => self.goodbye = Some(0),
            WINDOW_UPDATE => {
                self.window_updates += 1;
                return self.last_stream.is_some_and(|last| last < stream);
            }
            _ => {}
        }
        false
    }

    fn payload(&mut self, part: &[u8]) {
        self.payload -= part.len();
        let Some(before) = self.goodbye else {
            return;
        };
        let expected = GOODBYE.get(before..).unwrap_or_default();
        self.goodbye = expected.starts_with(part).then_some(before + part.len());
        if self.goodbye == Some(GOODBYE.len()) && self.payload == 0 {
            self.last_stream.get_or_insert(self.newest_stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        [&head, payload].concat()
    }

    fn window_update(stream: u32) -> Vec<u8> {
        frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, 5])
    }

    /// What comes out when the bytes come in parts of this size.
    fn through(frames: &mut Frames, bytes: &[u8], size: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut held = Vec::new();
        for part in bytes.chunks(size) {
            let mut read = [&held, part].concat();
            let hold = frames.feed(&mut read, true);
            held = read.split_off(read.len() - hold);
            out.extend(read);
        }
        assert!(held.is_empty());
        out
    }

    #[test]
    fn a_window_of_a_stream_that_came_after_the_goodbye_is_hidden_however_it_is_cut() {
        let before = [
            frame(HEADERS, 4, 1, b"some headers"),
            window_update(1),
            frame(PING, 0, 0, &GOODBYE),
            frame(PING, ACK, 0, b"whatever"),
            // Not yet: it will be served.
            frame(HEADERS, 4, 3, b""),
            window_update(3),
            frame(PING, ACK, 0, &GOODBYE),
            window_update(0),
            window_update(1),
            window_update(3),
            frame(HEADERS, 4, 5, b"headers"),
        ]
        .concat();
        let late = window_update(5);
        let after = frame(0, 1, 5, b"data");
        let hidden = frame(NOTHING, 0, 5, &[0, 0, 0, 5]);
        let bytes = [&before[..], &late, &after].concat();
        for size in 1..=bytes.len() {
            let mut frames = Frames::new();
            let out = through(&mut frames, &bytes, size);
            assert_eq!(out, [&before[..], &hidden, &after].concat(), "{size}");
            assert_eq!(frames.window_updates(), 6);
        }
    }

    #[test]
    fn nothing_is_held_back_before_the_goodbye() {
        let mut frames = Frames::new();
        for byte in [frame(HEADERS, 4, 1, b"headers"), window_update(1)].concat() {
            assert_eq!(frames.feed(&mut [byte], true), 0);
        }
        assert_eq!(frames.window_updates(), 1);
    }
}

//! A place in a sequence of HTTP/2 frames.

/// The length of a frame's header (RFC 9113, section 4.1).
pub(crate) const HEADER: usize = 9;

// The types of frames whose payload is read.
pub(super) const PING: u8 = 0x6;
pub(super) const WINDOW_UPDATE: u8 = 0x8;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Header {
    pub(super) length: u32,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
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

/// The piece of a frame that ends with the bytes that were just passed.
pub(super) enum Step {
    Part,
    Header(Header),
    /// The last eight bytes of the payload, as a number.
    Payload(Header, u64),
}

/// A place in a sequence of frames.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// The bytes of a header that has not come whole.
    part: [u8; HEADER],
    have: usize,
    /// The last header that was whole.
    header: Header,
    /// How many bytes of its payload were not passed.
    payload: usize,
    value: u64,
}

impl Cursor {
    pub(super) fn at_boundary(&self) -> bool {
        self.have == 0 && self.payload == 0
    }

    /// Passes the rest of a header or of a payload, as far as it is there; gives the number of bytes
    /// that this took.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> (usize, Step) {
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
            return (part, Step::Part);
        }
        self.have = 0;
        (part, self.begin(self.part))
    }

    fn begin(&mut self, header: [u8; HEADER]) -> Step {
        self.header = Header::parse(header);
        self.payload = self.header.length as usize;
        Step::Header(self.header)
    }

    fn pass_payload(&mut self, bytes: &[u8]) -> (usize, Step) {
        let part = bytes.len().min(self.payload);
        self.payload -= part;
        if matches!(self.header.kind, PING | WINDOW_UPDATE) {
            for byte in &bytes[part.saturating_sub(8)..part] {
                self.value = self.value << 8 | u64::from(*byte);
            }
        }
        if self.payload > 0 {
            return (part, Step::Part);
        }
        let value = std::mem::take(&mut self.value);
        (part, Step::Payload(self.header, value))
    }
}

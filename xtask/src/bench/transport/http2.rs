//! Unary gRPC over HTTP/2, by hand: a client that costs next to nothing takes next to nothing from
//! the server that it measures on the same cores.
//!
//! Its headers go into the server's table with the first request and are named by their numbers in
//! all others, as real clients do. The server's headers are never read: an answer is judged by its
//! message, and by an orderly end of its stream.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::client::{Connection, connect, read_more};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// `HelloRequest { name: "kit" }` as a gRPC message: not compressed, length, field 1.
const REQUEST: &[u8] = b"\0\0\0\0\x05\x0a\x03kit";
/// `HelloReply { message: "Hello kit" }`.
const REPLY: &[u8] = b"\0\0\0\0\x0b\x0a\x09Hello kit";
/// What all answers together may take before the window is opened again; far below the initial
/// 65 535 even if every stream of a batch answers in one go.
const WINDOW_STEP: usize = 16 * 1024;
const FRAME_HEAD: usize = 9;
/// Of a message of gRPC: whether it is compressed, and its length.
const MESSAGE_HEAD: usize = 5;
/// What `first_headers` says, by the numbers of its entries: the newest in the server's table is 62.
const KNOWN_HEADERS: [u8; 6] = [
    0x80 | 3,
    0x80 | 6,
    0x80 | 65,
    0x80 | 64,
    0x80 | 63,
    0x80 | 62,
];

mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PING: u8 = 6;
    pub(super) const WINDOW_UPDATE: u8 = 8;
}

mod flag {
    pub(super) const ACK: u8 = 1;
    pub(super) const END_STREAM: u8 = 1;
    pub(super) const END_HEADERS: u8 = 4;
}

pub(crate) struct Grpc {
    stream: TcpStream,
    address: SocketAddr,
    next_stream: u32,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    answers: Answers,
}

#[derive(Default)]
struct Answers {
    /// Messages whose streams have not yet ended.
    replies: u32,
    /// Bytes of messages since the window was last opened.
    taken: usize,
}

impl Connection for Grpc {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let mut outgoing = PREFACE.to_vec();
        frame(&mut outgoing, kind::SETTINGS, 0, 0, &[]);
        Ok(Self {
            stream: connect(address)?,
            address,
            next_stream: 1,
            outgoing,
            incoming: Vec::with_capacity(4096),
            answers: Answers::default(),
        })
    }

    fn ask(&mut self, requests: u32, answered: impl FnMut()) -> io::Result<()> {
        for _ in 0..requests {
            self.call(REQUEST);
        }
        self.exchange(requests, answered)
    }

    fn send_delayed(&mut self, delay: Duration) -> io::Result<()> {
        self.call(&delayed_request(delay));
        self.flush()
    }

    fn receive(&mut self) -> io::Result<()> {
        self.exchange(1, || {})
    }
}

impl Grpc {
    /// Makes the frames of a call ready to be written.
    fn call(&mut self, message: &[u8]) {
        let stream = self.next_stream;
        self.next_stream += 2;
        let out = &mut self.outgoing;
        let headers = match stream {
            1 => first_headers(self.address),
            _ => KNOWN_HEADERS.to_vec(),
        };
        frame(out, kind::HEADERS, flag::END_HEADERS, stream, &headers);
        frame(out, kind::DATA, flag::END_STREAM, stream, message);
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.outgoing)?;
        self.outgoing.clear();
        Ok(())
    }

    // All requests are written at once. Then frames are read until each open stream has its answer,
    // and acknowledgements that they ask for are written before the next read.
    fn exchange(&mut self, mut open: u32, mut answered: impl FnMut()) -> io::Result<()> {
        loop {
            if !self.outgoing.is_empty() {
                self.flush()?;
            }
            if open == 0 {
                return Ok(());
            }
            read_more(&mut self.stream, &mut self.incoming)?;
            let mut read = 0;
            while let Some((head, payload)) = next_frame(&self.incoming[read..]) {
                read += FRAME_HEAD + payload.len();
                if self.answers.take(&head, payload, &mut self.outgoing)? {
                    open -= 1;
                    answered();
                }
            }
            self.incoming.drain(..read);
        }
    }
}

struct Head {
    kind: u8,
    flags: u8,
}

impl Answers {
    /// Whether a stream came to its end.
    fn take(&mut self, head: &Head, payload: &[u8], out: &mut Vec<u8>) -> io::Result<bool> {
        match (head.kind, head.flags) {
            (kind::DATA, _) if payload == REPLY => {
                self.replies += 1;
                self.taken += payload.len();
                if self.taken >= WINDOW_STEP {
                    let more = u32::try_from(self.taken).unwrap_or(0).to_be_bytes();
                    frame(out, kind::WINDOW_UPDATE, 0, 0, &more);
                    self.taken = 0;
                }
                // A unary answer ends with trailers, not with its message.
                Ok(false)
            }
            // Without a message, the trailers tell of a failure.
            (kind::HEADERS, flags) if flags & flag::END_STREAM != 0 && self.replies > 0 => {
                self.replies -= 1;
                Ok(true)
            }
            (kind::HEADERS, flags) if flags & flag::END_STREAM == 0 => Ok(false),
            (kind::SETTINGS | kind::PING, flags) if flags & flag::ACK == 0 => {
                let same = if head.kind == kind::PING {
                    payload
                } else {
                    &[]
                };
                frame(out, head.kind, flag::ACK, 0, same);
                Ok(false)
            }
            (kind::SETTINGS | kind::PING | kind::WINDOW_UPDATE, _) => Ok(false),
            (kind, _) => Err(io::Error::other(format!(
                "unexpected answer: frame {kind} {payload:?}"
            ))),
        }
    }
}

/// [`REQUEST`] with a second field, `delay`.
fn delayed_request(delay: Duration) -> Vec<u8> {
    let delay = format!("{}ms", delay.as_millis());
    let short = |length: usize| u8::try_from(length).unwrap_or(0);
    let fields = REQUEST.len() - MESSAGE_HEAD + 2 + delay.len();
    let mut message = vec![0, 0, 0, 0, short(fields)];
    message.extend_from_slice(&REQUEST[MESSAGE_HEAD..]);
    message.extend_from_slice(&[0x12, short(delay.len())]);
    message.extend_from_slice(delay.as_bytes());
    message
}

/// The first frame, once it is all there.
fn next_frame(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let (head, rest) = bytes.split_at_checked(FRAME_HEAD)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let payload = rest.get(..length as usize)?;
    let (kind, flags) = (head[3], head[4]);
    Some((Head { kind, flags }, payload))
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(0);
    out.extend_from_slice(&length.to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// The headers that all requests have, as literals which the server keeps in its table.
///
/// `:method: POST` and `:scheme: http` are entries of the static table, 3 and 6; of `:path` (4),
/// `:authority` (1) and `content-type` (31) only the names are.
fn first_headers(address: SocketAddr) -> Vec<u8> {
    let mut block = vec![0x80 | 3, 0x80 | 6];
    let mut literal = |name: &[u8], value: &str| {
        block.extend_from_slice(name);
        // All values are shorter than 127 bytes: one byte of length, no Huffman code.
        block.push(u8::try_from(value.len()).unwrap_or(0));
        block.extend_from_slice(value.as_bytes());
    };
    literal(&[0x40 | 4], "/helloworld.v1.Greeter/SayHello");
    literal(&[0x40 | 1], &address.to_string());
    literal(&[0x40 | 31], "application/grpc");
    literal(b"\x40\x02te", "trailers");
    block
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answers, FRAME_HEAD, REPLY, delayed_request, flag, frame, kind, next_frame};

    const RST_STREAM: u8 = 3;
    const GOAWAY: u8 = 7;

    /// The results of these frames, one after the other, and the bytes sent in return.
    fn take(frames: &[(u8, u8, &[u8])]) -> (Vec<Result<bool, ()>>, Vec<u8>) {
        let mut answers = Answers::default();
        let mut out = Vec::new();
        let taken = frames.iter().map(|&(kind, flags, payload)| {
            let mut bytes = Vec::new();
            frame(&mut bytes, kind, flags, 1, payload);
            let (head, payload) = next_frame(&bytes).expect("a whole frame");
            answers.take(&head, payload, &mut out).map_err(drop)
        });
        (taken.collect(), out)
    }

    #[test]
    fn a_frame_is_read_when_it_is_complete() {
        let mut bytes = Vec::new();
        frame(&mut bytes, kind::DATA, 0, 1, REPLY);
        assert!(next_frame(&bytes[..FRAME_HEAD - 1]).is_none());
        assert!(next_frame(&bytes[..bytes.len() - 1]).is_none());
        let (head, payload) = next_frame(&bytes).expect("a whole frame");
        assert_eq!((head.kind, payload), (kind::DATA, REPLY));
    }

    #[test]
    fn a_call_is_answered_by_headers_the_message_and_trailers() {
        let (taken, _) = take(&[
            (kind::HEADERS, flag::END_HEADERS, b"head"),
            (kind::DATA, 0, REPLY),
            (
                kind::HEADERS,
                flag::END_HEADERS | flag::END_STREAM,
                b"status",
            ),
        ]);
        assert_eq!(taken, [Ok(false), Ok(false), Ok(true)]);
    }

    #[test]
    fn nothing_else_passes_for_an_answer() {
        let other: &[u8] = b"\0\0\0\0\x00";
        for frame in [
            (kind::HEADERS, flag::END_HEADERS | flag::END_STREAM, other),
            (kind::DATA, 0, other),
            (RST_STREAM, 0, other),
            (GOAWAY, 0, other),
        ] {
            assert_eq!(take(&[frame]).0, [Err(())], "{frame:?}");
        }
    }

    #[test]
    fn a_delay_is_the_second_field() {
        let message = delayed_request(Duration::from_millis(500));
        assert_eq!(message, b"\0\0\0\0\x0c\x0a\x03kit\x12\x05500ms");
    }

    #[test]
    fn settings_and_pings_are_acknowledged_once() {
        let (_, out) = take(&[
            (kind::PING, 0, b"12345678"),
            (kind::PING, flag::ACK, b"12345678"),
        ]);
        let mut expected = Vec::new();
        frame(&mut expected, kind::PING, flag::ACK, 0, b"12345678");
        assert_eq!(out, expected);
    }
}

//! Telling HTTP/2 from HTTP/1.1 by the first bytes.

use std::sync::atomic::{AtomicU8, Ordering};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The preface and the header of the first frame, which must be SETTINGS.
const GREETING: usize = PREFACE.len() + 9;

/// What a connection has shown so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// No byte yet.
    Silent,
    /// Bytes, but neither something that is not the preface nor all of the greeting.
    Greeting,
    /// Something that is not the preface.
    Http1,
    /// The preface and a first frame's header.
    Http2,
}

/// Which of hyper's connections serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// A [`Stage`] that the connection's own task moves on while others look.
#[derive(Debug)]
pub(crate) struct AtomicStage(AtomicU8);

impl AtomicStage {
    pub(crate) fn new(stage: Stage) -> AtomicStage {
        AtomicStage(AtomicU8::new(stage as u8))
    }

    pub(crate) fn store(&self, stage: Stage) {
        self.0.store(stage as u8, Ordering::Relaxed);
    }

    pub(crate) fn load(&self) -> Stage {
        const STAGES: [Stage; 4] = [Stage::Silent, Stage::Greeting, Stage::Http1, Stage::Http2];
        STAGES[usize::from(self.0.load(Ordering::Relaxed) & 3)]
    }
}

#[derive(Debug)]
pub(crate) struct Sniffer {
    stage: Stage,
    seen: usize,
}

impl Sniffer {
    pub(crate) fn new() -> Sniffer {
        Sniffer {
            stage: Stage::Silent,
            seen: 0,
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// What the client speaks, when that is known.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self.stage {
            Stage::Http1 => Some(Protocol::Http1),
            _ if self.seen >= PREFACE.len() => Some(Protocol::Http2),
            _ => None,
        }
    }

    /// Takes the next bytes (at least one) and says where the connection stands.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Stage {
        if matches!(self.stage, Stage::Silent | Stage::Greeting) {
            let expected = PREFACE.get(self.seen..).unwrap_or_default();
            let common = expected.len().min(bytes.len());
            self.seen += bytes.len();
            self.stage = if bytes[..common] != expected[..common] {
                Stage::Http1
            } else if self.seen < GREETING {
                Stage::Greeting
            } else {
                Stage::Http2
            };
        }
        self.stage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(parts: &[&[u8]]) -> Stage {
        let mut sniffer = Sniffer::new();
        parts
            .iter()
            .map(|part| sniffer.feed(part))
            .last()
            .unwrap_or(Stage::Silent)
    }

    #[test]
    fn http2_is_known_after_preface_and_frame_header_however_they_are_cut() {
        let greeting = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
        assert_eq!(after(&[&greeting]), Stage::Http2);
        for cut in 1..greeting.len() {
            let (first, rest) = greeting.split_at(cut);
            assert_eq!(after(&[first]), Stage::Greeting, "{cut}");
            assert_eq!(after(&[first, rest]), Stage::Http2, "{cut}");
        }
        let bytes: Vec<&[u8]> = greeting.chunks(1).collect();
        assert_eq!(after(&bytes), Stage::Http2);
    }

    #[test]
    fn anything_else_is_http1_at_the_first_byte_that_differs() {
        assert_eq!(after(&[b"G"]), Stage::Http1);
        assert_eq!(after(&[b"P"]), Stage::Greeting);
        assert_eq!(after(&[b"P", b"OST / HTTP/1.1\r\n"]), Stage::Http1);
        assert_eq!(after(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r"]), Stage::Http1);
        assert_eq!(after(&[b"G", PREFACE]), Stage::Http1);
    }
}

//! Telling HTTP/2 from HTTP/1.1 by the first bytes.

use std::sync::atomic::{AtomicU8, Ordering};

/// The first bytes of a client of HTTP/2 (RFC 9113, section 3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The preface and the header of the first frame, which must be SETTINGS.
const GREETING: usize = PREFACE.len() + 9;

/// What the first bytes of a client have shown so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preface {
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

/// A [`Preface`] that the connection's I/O moves on while others read it; at first
/// [`Preface::Silent`], which is 0.
#[derive(Debug, Default)]
pub(crate) struct AtomicPreface(AtomicU8);

impl AtomicPreface {
    pub(crate) fn store(&self, preface: Preface) {
        self.0.store(preface as u8, Ordering::Relaxed);
    }

    pub(crate) fn load(&self) -> Preface {
        const ALL: [Preface; 4] = [
            Preface::Silent,
            Preface::Greeting,
            Preface::Http1,
            Preface::Http2,
        ];
        ALL[usize::from(self.0.load(Ordering::Relaxed) & 3)]
    }
}

/// Finds out what a client speaks.
#[derive(Debug)]
pub(crate) struct Sniffer {
    preface: Preface,
    seen: usize,
}

impl Sniffer {
    pub(crate) fn new() -> Sniffer {
        Sniffer {
            preface: Preface::Silent,
            seen: 0,
        }
    }

    pub(crate) fn preface(&self) -> Preface {
        self.preface
    }

    /// What the client speaks, when that is known.
    pub(crate) fn protocol(&self) -> Option<Protocol> {
        match self.preface {
            Preface::Http1 => Some(Protocol::Http1),
            _ if self.seen >= PREFACE.len() => Some(Protocol::Http2),
            _ => None,
        }
    }

    /// Takes the next bytes (at least one) and says where the connection stands.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Preface {
        if matches!(self.preface, Preface::Silent | Preface::Greeting) {
            let expected = PREFACE.get(self.seen..).unwrap_or_default();
            let common = expected.len().min(bytes.len());
            self.seen += bytes.len();
            self.preface = if bytes[..common] != expected[..common] {
                Preface::Http1
            } else if self.seen < GREETING {
                Preface::Greeting
            } else {
                Preface::Http2
            };
        }
        self.preface
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(parts: &[&[u8]]) -> Preface {
        let mut sniffer = Sniffer::new();
        parts
            .iter()
            .map(|part| sniffer.feed(part))
            .last()
            .unwrap_or(Preface::Silent)
    }

    #[test]
    fn http2_is_known_after_preface_and_frame_header_however_they_are_cut() {
        let greeting = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
        assert_eq!(after(&[&greeting]), Preface::Http2);
        for cut in 1..greeting.len() {
            let (first, rest) = greeting.split_at(cut);
            assert_eq!(after(&[first]), Preface::Greeting, "{cut}");
            assert_eq!(after(&[first, rest]), Preface::Http2, "{cut}");
        }
        let bytes: Vec<&[u8]> = greeting.chunks(1).collect();
        assert_eq!(after(&bytes), Preface::Http2);
    }

    #[test]
    fn anything_else_is_http1_at_the_first_byte_that_differs() {
        assert_eq!(after(&[b"G"]), Preface::Http1);
        assert_eq!(after(&[b"P"]), Preface::Greeting);
        assert_eq!(after(&[b"P", b"OST / HTTP/1.1\r\n"]), Preface::Http1);
        assert_eq!(
            after(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\r"]),
            Preface::Http1
        );
        assert_eq!(after(&[b"G", PREFACE]), Preface::Http1);
    }
}

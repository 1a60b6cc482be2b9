//! The messages of a gRPC call, as the bytes of a body bring them.

/// Finds the ends of messages. Each begins with five bytes: a flag, and the length of the rest.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    head: [u8; 5],
    /// How many bytes of the head have come.
    of_head: usize,
    /// How many bytes are left of the message whose head has come.
    left: usize,
}

impl Messages {
    /// Takes the next bytes; how many messages end in them.
    pub(crate) fn record(&mut self, mut bytes: &[u8]) -> u64 {
        let mut ends = 0;
        while let Some((&first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let taken = self.left.min(bytes.len());
                self.left -= taken;
                bytes = &bytes[taken..];
            } else {
                self.head[self.of_head] = first;
                self.of_head += 1;
                bytes = rest;
                if self.of_head < self.head.len() {
                    continue;
                }
                let [_, length @ ..] = self.head;
                self.left = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                self.of_head = 0;
            }
            ends += u64::from(self.left == 0);
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_with_its_last_byte_however_the_bytes_come() {
        let bytes = b"\0\0\0\0\x03abc\x01\0\0\0\0\0\0\0\x01\0";
        let mut ends = Vec::new();
        let mut messages = Messages::default();
        for (at, byte) in bytes.iter().enumerate() {
            if messages.record(&[*byte]) > 0 {
                ends.push(at);
            }
        }
        assert_eq!(ends, [7, 12], "the third has 256 bytes");
        assert_eq!(messages.record(&[0; 255]), 0);
        assert_eq!(messages.record(&[0]), 1);

        let mut messages = Messages::default();
        assert_eq!(messages.record(bytes), 2, "two at once");
        assert_eq!(messages.left, 256);
        assert_eq!(messages.record(&[]), 0);
        assert_eq!(
            messages.record(&[0; 300]),
            9,
            "one of 256 bytes, and eight empty ones"
        );
        assert_eq!(messages.head[..], [0; 5], "and 44 bytes of zero messages");
    }
}

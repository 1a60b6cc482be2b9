//! HTTP/1.1: whether hyper holds bytes behind the request whose handler runs.

/// The bytes that hyper has read and that belong to no request so far.
///
/// hyper does not say how much it holds, so this adds up what was read and takes off what each request
/// takes. A head is taken to be written as clients write it, with one space after a colon. One with more
/// spaces leaves bytes over, which look like another request; the next head that comes whole by
/// itself clears them.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    /// All bytes that were read, when it was looked last.
    read: u64,
    unclaimed: u64,
}

impl Pipeline {
    /// A request begins with a head of this length, when `read` bytes have been read; how many of them
    /// are behind the head.
    pub(crate) fn claim_head(&mut self, read: u64, length: u64) -> u64 {
        let new = self.look(read);
        if new >= length {
            // It came whole since the last look: hyper held nothing then.
            self.unclaimed = new;
        }
        self.unclaimed = self.unclaimed.saturating_sub(length);
        self.unclaimed
    }

    /// The body of the request has come to its end, when `read` bytes have been read. A body in chunks
    /// has no `length`; a client does not send another request behind one.
    pub(crate) fn claim_body(&mut self, read: u64, length: Option<u64>) {
        self.look(read);
        let claimed = length.unwrap_or(self.unclaimed);
        self.unclaimed = self.unclaimed.saturating_sub(claimed);
    }

    /// The bytes that were read since the last look.
    fn look(&mut self, read: u64) -> u64 {
        let new = read.wrapping_sub(self.read);
        self.read = read;
        self.unclaimed += new;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::Pipeline;

    #[test]
    fn nothing_is_behind_requests_that_come_one_by_one() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.claim_head(100, 100), 0);
        // In two segments.
        assert_eq!(pipeline.claim_head(300, 200), 0);
        // With a body that comes with the head, in part.
        assert_ne!(pipeline.claim_head(450, 100), 0);
        pipeline.claim_body(550, Some(150));
        assert_ne!(pipeline.claim_head(700, 100), 0);
        pipeline.claim_body(790, None);
        assert_eq!(pipeline.claim_head(890, 100), 0);
    }

    #[test]
    fn the_last_of_several_requests_in_a_segment_has_nothing_behind_it() {
        let mut pipeline = Pipeline::default();
        assert_ne!(pipeline.claim_head(300, 100), 0);
        assert_ne!(pipeline.claim_head(300, 100), 0);
        assert_eq!(pipeline.claim_head(300, 100), 0);
        assert_eq!(
            pipeline.claim_head(410, 100),
            10,
            "part of another is behind it"
        );
        assert_eq!(pipeline.claim_head(500, 100), 0);
    }

    #[test]
    fn a_head_that_is_written_otherwise_spoils_no_later_one() {
        let mut pipeline = Pipeline::default();
        // More spaces than are counted, then fewer.
        assert_ne!(pipeline.claim_head(103, 100), 0);
        assert_ne!(pipeline.claim_head(206, 100), 0);
        assert_eq!(pipeline.claim_head(306, 100), 0);
        assert_eq!(pipeline.claim_head(400, 100), 0);
        assert_eq!(pipeline.claim_head(500, 100), 0);
    }

    #[test]
    fn a_body_that_its_handler_has_left_spoils_no_later_request() {
        let mut pipeline = Pipeline::default();
        assert_ne!(pipeline.claim_head(200, 100), 0);
        assert_eq!(pipeline.claim_head(300, 100), 0);
    }
}

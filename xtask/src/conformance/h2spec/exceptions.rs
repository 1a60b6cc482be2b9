//! The cases of h2spec that do not pass, and why that is right.

use super::report::Outcome::{self, Failed, Passed};

/// A case, and how it may end instead of passing.
pub(super) struct Exception {
    pub(super) case: &'static str,
    pub(super) outcomes: &'static [Outcome],
    pub(super) why: &'static str,
}

pub(super) const EVERYWHERE: &[Exception] = &[Exception {
    case: "http2/3.5: Sends invalid connection preface",
    outcomes: &[Failed],
    why: "bytes other than the preface are HTTP/1.1 by design, and is answered in HTTP/1.1",
}];

const RACE: &str = "the case adds something wrong to a request that has perhaps been answered; on the \
                    other ports, where the answer waits for the whole request, it always passes";

/// The port that speaks gRPC only: a request without its content type is answered with 415 at once.
///
/// These ended in both ways in 300 runs, twelve at a time.
pub(super) const ANSWERED_AT_ONCE: &[Exception] = &[
    perhaps("http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame"),
    perhaps("http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame"),
    perhaps(
        "http2/5.1.2: Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded",
    ),
    perhaps(
        "http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
    ),
    perhaps("http2/8.1: Sends a second HEADERS frame without the END_STREAM flag"),
    perhaps("http2/8.1.2.1: Sends a HEADERS frame that contains a pseudo-header field as trailers"),
    perhaps(
        "http2/8.1.2.6: Sends a HEADERS frame with the \"content-length\" header field which does not equal the DATA frame payload length",
    ),
    perhaps(
        "http2/8.1.2.6: Sends a HEADERS frame with the \"content-length\" header field which does not equal the sum of the multiple DATA frames payload length",
    ),
];

const fn perhaps(case: &'static str) -> Exception {
    Exception {
        case,
        outcomes: &[Failed, Passed],
        why: RACE,
    }
}

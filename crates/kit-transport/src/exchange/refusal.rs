//! Requests that the driver answers without their handler.

use http::request::Parts;

use crate::exchange::host::BadHost;
use crate::exchange::http1_head::Http1Head;

/// Why a request is answered by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400.
    Host(BadHost),
    /// HTTP/2: a head of more bytes than this, 431. (A larger one of HTTP/1.1 is not read.)
    Head(usize),
    /// A gRPC call over HTTP/1.1, 505: its status is in trailers, and would be lost.
    Version,
}

impl Refusal {
    /// The HTTP status.
    pub(crate) fn code(self) -> u16 {
        match self {
            Refusal::Host(_) => 400,
            Refusal::Head(_) => 431,
            Refusal::Version => 505,
        }
    }

    /// For programs.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Refusal::Host(bad) => bad.reason(),
            Refusal::Head(_) => "HEAD_TOO_LARGE",
            Refusal::Version => "HTTP_VERSION_NOT_SUPPORTED",
        }
    }

    /// For people; plain text that needs no escapes.
    pub(crate) fn message(self) -> String {
        match self {
            Refusal::Host(bad) => bad.message().to_owned(),
            Refusal::Head(most) => format!(
                "a request has at most {most} bytes of headers or metadata, and 32 more for each"
            ),
            Refusal::Version => {
                "a gRPC call needs HTTP/2, as HTTP/1.1 loses its status; a proxy before this \
                                 server has to speak HTTP/2 to it"
                    .to_owned()
            }
        }
    }

    /// Why this request is refused, if it is; a head has at most `max_head` bytes. One of HTTP/1.1
    /// was looked at already.
    #[inline]
    pub(crate) fn of(
        head: &Parts,
        http1: Option<Http1Head>,
        is_call: bool,
        max_head: usize,
    ) -> Option<Refusal> {
        if let Some(http1) = http1 {
            let version = is_call.then_some(Refusal::Version);
            return http1.host.err().map(Refusal::Host).or(version);
        }
        (head_size(head) > max_head).then_some(Refusal::Head(max_head))
    }
}

/// The bytes of a field beside its name and its value, by RFC 9113, 6.5.2.
const OVERHEAD: usize = 32;

/// The size of a head as HTTP/2 counts it, its pseudo-headers included.
fn head_size(head: &Parts) -> usize {
    let uri = &head.uri;
    let pseudo = [
        (":method", Some(head.method.as_str())),
        (":scheme", uri.scheme_str()),
        (
            ":authority",
            uri.authority().map(http::uri::Authority::as_str),
        ),
        (
            ":path",
            uri.path_and_query().map(http::uri::PathAndQuery::as_str),
        ),
    ];
    let pseudo = pseudo
        .into_iter()
        .filter_map(|(name, value)| Some(name.len() + value?.len() + OVERHEAD));
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + OVERHEAD);
    pseudo.chain(headers).sum()
}

//! Responses of a service, with statuses that its clients can take.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::ApiError;
use crate::error::grpc::bound::MARK;

/// Bytes in a status's headers, by the count of HTTP/2: the limit of grpcio, less the headers that
/// are still added.
const MOST: usize = (8 << 10) - 128;
/// The bytes of a header beside its name and its value, by RFC 9113, 6.5.2.
const OVERHEAD: usize = 32;
/// The bytes of a message that are kept beside details and other metadata.
const SOME: usize = 512;
/// The mark of a message whose details were too large, in the encoding of `grpc-message`.
const NO_DETAILS: &str = "%E2%80%A6(details%20cut)";

/// The beginning of what tonic says of a message that is no protobuf, in the encoding of `grpc-message`.
const UNREADABLE: &[u8] = b"failed%20to%20decode%20Protobuf%20message";

pin_project! {
    /// The body of an answer, whose trailers [may be sent](mend).
    #[derive(Debug)]
    pub(crate) struct AnswerBody {
        #[pin]
        body: Body,
    }
}

impl AnswerBody {
    /// An answer whose status, in its head or behind its body, may be sent.
    pub(crate) fn of(mut response: Response<Body>) -> Response<AnswerBody> {
        mend(response.headers_mut());
        explain(response.headers_mut());
        response.map(|body| AnswerBody { body })
    }
}

/// The answer to a call whose handler has panicked.
pub(crate) fn panicked() -> Response<AnswerBody> {
    AnswerBody::of(Status::internal("internal error").into_http())
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut polled = self.project().body.poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
        {
            mend(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Gives a message that was too large for tonic the code that gRPC has for it, and bounds a status,
/// so that its code arrives. Metadata that a handler adds to its status stays as it is.
fn mend(headers: &mut HeaderMap) {
    let Some(code) = headers.get(Status::GRPC_STATUS) else {
        return;
    };
    let code = Code::from_bytes(code.as_bytes());
    if code == Code::Ok {
        return;
    }
    if code == Code::OutOfRange
        && let Some(message) = headers.get(Status::GRPC_MESSAGE).and_then(too_large)
    {
        let error = ApiError::too_many_requests("MESSAGE_TOO_LARGE", message);
        let _ = Status::from(error).add_header(headers);
    }
    let size: usize = headers.iter().map(size_of).sum();
    if size > MOST {
        bound(headers, size);
    }
}

/// Gives a reason to what tonic and generated code answer by themselves: a method that a service does
/// not have, and a request that cannot be read. Both are heads without a body; neither has details, which
/// a handler's own status may have.
fn explain(headers: &mut HeaderMap) {
    let Some(code) = headers.get(Status::GRPC_STATUS) else {
        return;
    };
    let message = headers.get(Status::GRPC_MESSAGE);
    let message = message.map_or(&b""[..], HeaderValue::as_bytes);
    let error = match Code::from_bytes(code.as_bytes()) {
        Code::Unimplemented if message.is_empty() => {
            ApiError::not_implemented("METHOD_UNKNOWN", "the service has no such method")
        }
        Code::Internal if message.starts_with(UNREADABLE) => {
            let status = Status::from_header_map(headers);
            let text = status.map_or(String::new(), |status| status.message().to_owned());
            ApiError::internal("MESSAGE_INVALID", text)
        }
        _ => return,
    };
    if !headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        let _ = Status::from(error).add_header(headers);
    }
}

/// The text for a message that tonic reports as too large.
fn too_large(message: &HeaderValue) -> Option<String> {
    let message = message.to_str().ok()?.replace("%20", " ");
    let (what, limit) = if let Some(rest) = message.strip_prefix("Error, decoded message") {
        (rest, "max_decoding_message_size")
    } else {
        let rest = message.strip_prefix("Error, encoded message")?;
        (rest, "max_encoding_message_size")
    };
    let numbers = what.strip_prefix(" length too large: found ")?;
    let (found, most) = numbers.split_once(" bytes, the limit is: ")?;
    let most = most.strip_suffix(" bytes")?;
    let number = |text: &str| text.parse::<u64>().is_ok();
    let whose = if limit.contains("decoding") {
        "request"
    } else {
        "response"
    };
    (number(found) && number(most)).then(|| {
        format!(
            "a message of the {whose} has {found} bytes, and at most {most} are taken ({limit})"
        )
    })
}

fn size_of((name, value): (&HeaderName, &HeaderValue)) -> usize {
    name.as_str().len() + value.len() + OVERHEAD
}

/// Leaves out details that are too large, and cuts the message to the room beside all other headers.
fn bound(headers: &mut HeaderMap, size: usize) {
    let length = |name| headers.get(name).map_or(0, HeaderValue::len);
    let message = length(Status::GRPC_MESSAGE);
    let details = length(Status::GRPC_STATUS_DETAILS);
    // More than there is room for, if other metadata is that large.
    let others = size - message - details;
    let room = MOST.saturating_sub(others).max(SOME);
    let mut mark = "";
    let mut room_for_message = room.saturating_sub(details);
    if details > room || room_for_message < message.min(SOME) {
        headers.remove(Status::GRPC_STATUS_DETAILS);
        mark = NO_DETAILS;
        room_for_message = room;
    }
    let text = headers.get(Status::GRPC_MESSAGE);
    let text = text.map_or(&b""[..], HeaderValue::as_bytes);
    let cut = cut(text, room_for_message.saturating_sub(mark.len()), mark);
    if let Ok(cut) = HeaderValue::from_maybe_shared(Bytes::from(cut)) {
        headers.insert(Status::GRPC_MESSAGE, cut);
    }
}

/// As much of a percent-encoded message as has room, and a mark if that is not all; then `mark`.
fn cut(message: &[u8], most: usize, mark: &str) -> Vec<u8> {
    if message.len() <= most {
        return [message, mark.as_bytes()].concat();
    }
    let cut_mark: String = MARK.bytes().map(encode).collect();
    let mut end = most.saturating_sub(cut_mark.len());
    while !is_boundary(message, end) {
        end -= 1;
    }
    [&message[..end], cut_mark.as_bytes(), mark.as_bytes()].concat()
}

fn encode(byte: u8) -> String {
    if byte.is_ascii() {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Whether a character begins here: not inside an escape, nor before one that continues a character.
fn is_boundary(message: &[u8], at: usize) -> bool {
    let escape = |at: usize| -> Option<u8> {
        let digits = message.get(at..at + 3)?.strip_prefix(b"%")?;
        u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let inside = (1..=2).any(|back| at >= back && escape(at - back).is_some());
    let continues = escape(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    at == 0 || !(inside || continues)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(status: &Status) -> HeaderMap {
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).expect("it can be sent");
        headers
    }

    fn mended(status: &Status) -> Status {
        let mut headers = headers(status);
        mend(&mut headers);
        Status::from_header_map(&headers).expect("a status")
    }

    fn size(headers: &HeaderMap) -> usize {
        headers.iter().map(size_of).sum()
    }

    #[test]
    fn a_status_of_any_size_keeps_its_code_and_fits() {
        for kind in ["x", "%", "\u{1}", "\u{e4}", "\u{20ac}", "\u{1f600}"] {
            for length in (0..3_000).step_by(7).chain([9_000, 100_000]) {
                for details in [0, 100, 5_000, 6_000, 7_000, 50_000] {
                    let message = kind.repeat(length);
                    let details = Bytes::from(vec![7; details]);
                    let status =
                        Status::with_details(Code::DataLoss, message.clone(), details.clone());
                    let mut headers = headers(&status);
                    let before = headers.clone();
                    mend(&mut headers);
                    assert!(size(&headers) <= MOST, "{}", size(&headers));
                    if size(&before) <= MOST {
                        assert_eq!(headers, before);
                        continue;
                    }
                    let mended = Status::from_header_map(&headers).expect("a status");
                    assert_eq!(mended.code(), Code::DataLoss);
                    let text = mended.message();
                    let (text, is_marked) = match text.strip_suffix("…(details cut)") {
                        Some(text) => (text, true),
                        None => (text, false),
                    };
                    assert_eq!(
                        is_marked,
                        mended.details().is_empty() && !details.is_empty()
                    );
                    if let Some(kept) = text.strip_suffix(MARK) {
                        assert!(message.starts_with(kept) && kept.len() < message.len());
                    } else {
                        assert_eq!(text, message);
                    }
                }
            }
        }
    }

    #[test]
    fn only_what_tonic_says_of_sizes_becomes_resource_exhausted() {
        let large = |what: &str| {
            let text = format!(
                "Error, {what} message length too large: found 9 bytes, the limit is: 4 bytes"
            );
            mended(&Status::out_of_range(text))
        };
        let decoded = large("decoded");
        assert_eq!(decoded.code(), Code::ResourceExhausted);
        assert_eq!(
            decoded.message(),
            "a message of the request has 9 bytes, and at most 4 are taken (max_decoding_message_size)"
        );
        let encoded = large("encoded");
        assert_eq!(encoded.code(), Code::ResourceExhausted);
        assert!(
            encoded
                .message()
                .starts_with("a message of the response has 9 bytes")
        );
        for own in [
            "",
            "page 9 of 4",
            "Error, decoded message length too large: found it",
        ] {
            let own = Status::out_of_range(own);
            let mended = mended(&own);
            assert_eq!(
                (mended.code(), mended.message()),
                (own.code(), own.message())
            );
        }
    }

    #[test]
    fn metadata_of_a_handlers_own_is_counted_and_kept() {
        let mut status = Status::aborted("x".repeat(5_000));
        let own = "y".repeat(5_000);
        status.metadata_mut().insert("own", own.parse().unwrap());
        let mut headers = headers(&status);
        mend(&mut headers);
        assert!(size(&headers) <= MOST);
        assert_eq!(headers["own"], own);
        assert!(
            Status::from_header_map(&headers)
                .unwrap()
                .message()
                .ends_with(MARK)
        );
    }
}

//! The id of a request.

use std::fmt;
use std::time::SystemTime;

use ::http::HeaderValue;
use bytes::Bytes;

use crate::layers::digits::digits_of;
use crate::layers::random::random_bytes;

/// The most characters of an id that a client may bring.
const MOST: usize = 128;

/// The id of a request, by which the lines of all services about it are found: the client's if it is
/// well-formed, and a UUID of version 7 otherwise. Cheap to clone.
///
/// It is there on a server with [`request_id`](crate::layers::request_id): an extractor of axum,
/// [`CallContext::request_id`](crate::CallContext::request_id), and `grpc::RequestExt::request_id`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The one that a client has sent, if it is well-formed: 1 to 128 ASCII letters, digits, and
    /// `-._~+/=:@`.
    pub(super) fn parse(value: &HeaderValue) -> Option<RequestId> {
        let bytes = value.as_bytes();
        let is_well_formed = (1..=MOST).contains(&bytes.len()) && bytes.iter().all(is_allowed);
        // A copy: the value is part of the buffer of its whole head.
        let copy = is_well_formed.then(|| HeaderValue::from_bytes(bytes));
        copy?.ok().map(RequestId)
    }

    /// A new one.
    ///
    /// Its text is made where it stays: the request, the response and all clones share this one block.
    pub(super) fn make() -> RequestId {
        let since_1970 = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let millis = since_1970.as_secs() * 1_000 + u64::from(since_1970.subsec_millis());
        let text = Bytes::from_owner(text_of(uuid(millis, random_bytes())));
        let value = HeaderValue::from_maybe_shared(text);
        RequestId(value.unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn value(&self) -> &HeaderValue {
        &self.0
    }
}

/// The UUID of version 7 with this time, in milliseconds since 1970, and these random bytes.
fn uuid(millis: u64, random: [u8; 10]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes[6] = bytes[6] & 0x0f | 0x70;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}

/// The digits of a UUID, with its hyphens.
fn text_of(uuid: [u8; 16]) -> [u8; 36] {
    // Where the digits of each byte stand: between them is room for four hyphens.
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (at, byte) in PLACES.into_iter().zip(uuid) {
        [text[at], text[at + 1]] = digits_of(byte);
    }
    text
}

fn is_allowed(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=:@".contains(byte)
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn parsed(text: &[u8]) -> Option<String> {
        let value = HeaderValue::from_bytes(text).expect("a value");
        RequestId::parse(&value).map(|id| id.to_string())
    }

    #[test]
    fn an_id_is_taken_when_it_is_well_formed() {
        let longest = "x".repeat(128);
        for id in ["1", "a-B_9.~+/=:@", &longest] {
            assert_eq!(parsed(id.as_bytes()).as_deref(), Some(id));
        }
        let too_long = "x".repeat(129);
        for id in [
            "", " ", "a b", "a\tb", "a\"b", "a,b", "a;b", "{a}", "ä", &too_long,
        ] {
            assert_eq!(parsed(id.as_bytes()), None, "{id}");
        }
    }

    #[test]
    fn an_id_that_is_made_is_a_uuid_of_version_7_and_none_comes_twice() {
        let ids: Vec<_> = (0..10_000).map(|_| RequestId::make().to_string()).collect();
        for id in &ids {
            let uuid = uuid::Uuid::parse_str(id).expect("a uuid");
            assert_eq!(uuid.get_version_num(), 7);
            assert_eq!(parsed(id.as_bytes()).as_ref(), Some(id));
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }
}

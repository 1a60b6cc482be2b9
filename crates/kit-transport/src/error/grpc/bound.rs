//! How large a gRPC status may be.
//!
//! A status travels as trailers, and clients bound those: grpcio takes 8 KiB, and shows
//! `RESOURCE_EXHAUSTED` in place of a code that came with more. The message travels twice,
//! percent-encoded as `grpc-message` and inside `grpc-status-details-bin`, which is base64.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// For message, reason and metadata as they are sent, in thirds of a byte, of which base64 takes four
/// for each byte. The rest of 8 KiB is for the names of their headers, for the other headers, and
/// for metadata that a handler adds to its status.
const MOST: usize = 3 * (7 << 10);
const MOST_OF_REASON: usize = 256;
/// Bytes of numbers, lengths and type URL of a status with one detail.
const FIXED: usize = 80;
/// Bytes of its tags and lengths.
const ENTRY: usize = 12;
/// Ends a text that was cut.
pub(crate) const MARK: &str = "…(cut)";
/// The entry of metadata that says how many others were left out.
const LEFT_OUT: &str = "metadata_cut";

/// The parts of an error that fit into a status.
#[derive(Debug)]
pub(super) struct Bounded<'a> {
    pub(super) reason: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    pub(super) metadata: BTreeMap<&'a str, Cow<'a, str>>,
}

/// All of it if it fits. Else the message has what the metadata leaves, and at least half; the
/// metadata has the rest, by entries in their order, of which those too large are left out and
/// counted in one more.
pub(super) fn bound<'a>(
    reason: &'a str,
    message: &'a str,
    metadata: &'a BTreeMap<String, String>,
) -> Bounded<'a> {
    let reason = cut(reason, MOST_OF_REASON, char::len_utf8);
    let fixed = base64(FIXED + reason.len());
    let of_message = text_size(message);
    let of_metadata = metadata.iter().map(entry_size).sum::<usize>();
    let all = |entry: (&'a String, &'a String)| (entry.0.as_str(), Cow::from(entry.1));
    if fixed + of_message + of_metadata <= MOST {
        return Bounded {
            reason,
            message: Cow::Borrowed(message),
            metadata: metadata.iter().map(all).collect(),
        };
    }
    let count = metadata.len().to_string();
    let room = MOST - fixed - base64(ENTRY + LEFT_OUT.len() + count.len());
    let for_message = room.saturating_sub(of_metadata).max(room / 2);
    let message = cut(message, for_message, char_size);
    let mut left = room.saturating_sub(text_size(&message));
    let mut fitting = BTreeMap::new();
    for entry in metadata {
        let size = entry_size(entry);
        if size <= left {
            left -= size;
            let (key, value) = all(entry);
            fitting.insert(key, value);
        }
    }
    let left_out = metadata.len() - fitting.len();
    if left_out > 0 {
        fitting.insert(LEFT_OUT, Cow::Owned(left_out.to_string()));
    }
    Bounded {
        reason,
        message,
        metadata: fitting,
    }
}

/// The beginning of a text up to this size, with a mark if that is not all.
fn cut(text: &str, most: usize, size: fn(char) -> usize) -> Cow<'_, str> {
    if text.chars().map(size).sum::<usize>() <= most {
        return Cow::Borrowed(text);
    }
    let mut left = most.saturating_sub(MARK.chars().map(size).sum());
    let end = text.char_indices().find_map(|(at, char)| {
        match left.checked_sub(size(char)) {
            Some(less) => left = less,
            None => return Some(at),
        }
        None
    });
    let kept = &text[..end.unwrap_or(text.len())];
    Cow::Owned(format!("{kept}{MARK}"))
}

/// The size of a message, in both places.
fn text_size(text: &str) -> usize {
    text.chars().map(char_size).sum()
}

fn char_size(char: char) -> usize {
    let bytes = char.len_utf8();
    let encoded = if is_plain(char) { 1 } else { 3 * bytes };
    3 * encoded + base64(bytes)
}

/// Whether `grpc-message` holds a character as it is; others are percent-encoded.
fn is_plain(char: char) -> bool {
    matches!(char, '!'..='~') && !"\"#%<>`?{}".contains(char)
}

fn entry_size((key, value): (&String, &String)) -> usize {
    base64(ENTRY + key.len() + value.len())
}

/// In thirds of a byte; the bytes by which base64 is rounded up are in [`FIXED`].
fn base64(bytes: usize) -> usize {
    4 * bytes
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use tonic::Status;
    use tonic_types::StatusExt as _;

    use super::*;
    use crate::ApiError;

    /// One to four bytes of UTF-8, plain, escaped and control.
    const KINDS: [&str; 7] = ["x", "%", " ", "\u{1}", "\u{e4}", "\u{20ac}", "\u{1f600}"];
    const SIZES: [usize; 16] = [
        0, 1, 20, 300, 511, 800, 1_200, 1_500, 2_000, 3_000, 3_070, 4_000, 7_168, 8_192, 20_000,
        300_000,
    ];

    fn sent(status: &Status) -> usize {
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).expect("it can be sent");
        let headers = headers.iter();
        headers
            .map(|(name, value)| name.as_str().len() + value.len() + 32)
            .sum()
    }

    #[test]
    fn every_status_can_be_sent_and_says_what_was_cut() {
        for (kind, other) in KINDS.into_iter().zip(KINDS.into_iter().rev()) {
            for size in SIZES {
                for (entries, value) in [
                    (0, 0),
                    (1, 5),
                    (1, 20_000),
                    (3, 1_500),
                    (200, 50),
                    (2_000, 1),
                ] {
                    let message = kind.repeat(size / kind.len());
                    let mut error = ApiError::not_found("ORDER_UNKNOWN", message.clone());
                    for key in 0..entries {
                        error = error
                            .with_metadata(format!("key{key}"), other.repeat(value / other.len()));
                    }
                    let metadata = error.metadata().clone();
                    let status = Status::from(error);
                    let what = format!("{size} of {kind:?}, {entries} of {value}");
                    assert_eq!(status.code(), tonic::Code::NotFound, "{what}");
                    assert!(sent(&status) <= 7_500, "{what}: {}", sent(&status));
                    let info = status.get_details_error_info().expect("details");
                    assert_eq!(info.reason, "ORDER_UNKNOWN", "{what}");
                    match status.message().strip_suffix(MARK) {
                        Some(kept) => {
                            assert!(message.starts_with(kept) && kept.len() < message.len());
                        }
                        None => assert_eq!(status.message(), message),
                    }
                    let left_out = metadata.len()
                        - info
                            .metadata
                            .iter()
                            .filter(|(key, _)| *key != LEFT_OUT)
                            .count();
                    let count = info.metadata.get(LEFT_OUT).map_or("0", String::as_str);
                    assert_eq!(count, left_out.to_string(), "{what}");
                    let whole = info.metadata.iter().filter(|(key, _)| *key != LEFT_OUT);
                    assert!(
                        whole
                            .into_iter()
                            .all(|(key, value)| metadata.get(key) == Some(value))
                    );
                }
            }
        }
    }

    #[test]
    fn what_fits_is_not_touched() {
        let text = |size| "x".repeat(size);
        let cut = |error: ApiError| {
            let status = Status::from(error);
            let info = status.get_details_error_info().expect("details");
            (
                status.message().ends_with(MARK),
                info.metadata.contains_key(LEFT_OUT),
            )
        };
        let error = |size| ApiError::internal("R", text(size));
        assert_eq!(cut(error(3_000)), (false, false));
        assert_eq!(cut(error(3_100)), (true, false));
        assert_eq!(
            cut(error(1_000).with_metadata("k", text(3_000))),
            (false, false)
        );
        assert_eq!(
            cut(error(1_000).with_metadata("k", text(3_800))),
            (false, true)
        );
        // Both want more than half: the message is cut, and of the metadata what still fits is kept.
        let both = error(3_000)
            .with_metadata("a", text(5_000))
            .with_metadata("b", text(1_000));
        assert_eq!(cut(both), (true, true));
    }

    #[test]
    fn a_long_reason_is_cut_too() {
        let status = Status::from(ApiError::internal("R".repeat(9_000), "m"));
        assert!(sent(&status) <= 7_500);
        assert!(
            status
                .get_details_error_info()
                .unwrap()
                .reason
                .ends_with(MARK)
        );
        assert_eq!(status.message(), "m");
    }
}

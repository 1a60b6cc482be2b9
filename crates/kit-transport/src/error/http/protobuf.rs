//! An error as the protobuf message of Kratos.
//!
//! ```proto
//! message Status {
//!   int32 code = 1;
//!   string reason = 2;
//!   string message = 3;
//!   map<string, string> metadata = 4;
//! }
//! ```
//!
//! Four fields are less to write than a code generator is to keep; the tests compare with prost.

use std::collections::BTreeMap;

use crate::ApiError;

/// How a field is written, in the last three bits of its tag.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED_32: u64 = 5;

/// What a message holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Message {
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) metadata: BTreeMap<String, String>,
}

/// Why bytes are not such a message.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Malformed {
    #[error("the message ends within a field")]
    Short,
    #[error("a number has more than ten bytes")]
    Number,
    #[error("a field has the unknown type {0}")]
    Type(u64),
    #[error("a text is not UTF-8")]
    Text,
}

pub(super) fn encode(error: &ApiError) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + error.message().len());
    if error.code() != 0 {
        put_number(&mut out, 1 << 3 | VARINT);
        put_number(&mut out, u64::from(error.code()));
    }
    for (field, text) in [(2, error.reason()), (3, error.message())] {
        if !text.is_empty() {
            put_bytes(&mut out, field, text.as_bytes());
        }
    }
    let mut entry = Vec::new();
    for (key, value) in error.metadata() {
        entry.clear();
        for (field, text) in [(1, key), (2, value)] {
            if !text.is_empty() {
                put_bytes(&mut entry, field, text.as_bytes());
            }
        }
        put_bytes(&mut out, 4, &entry);
    }
    out
}

fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_number(out, field << 3 | LENGTH);
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads a message. Its code is passed over, because a client takes the status of the answer; so are
/// fields that later versions may add.
pub(super) fn decode(bytes: &[u8]) -> Result<Message, Malformed> {
    let mut read = Message::default();
    fields(bytes, |field, bytes| {
        match field {
            2 => read.reason = text(bytes)?,
            3 => read.message = text(bytes)?,
            4 => {
                let (mut key, mut value) = (String::new(), String::new());
                fields(bytes, |field, bytes| {
                    match field {
                        1 => key = text(bytes)?,
                        2 => value = text(bytes)?,
                        _ => {}
                    }
                    Ok(())
                })?;
                read.metadata.insert(key, value);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(read)
}

fn text(bytes: &[u8]) -> Result<String, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::Text)?;
    Ok(text.to_owned())
}

/// Shows each field that has a length to `visit`, by its number.
fn fields(
    mut bytes: &[u8],
    mut visit: impl FnMut(u64, &[u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    while !bytes.is_empty() {
        let tag = take_number(&mut bytes)?;
        match tag & 7 {
            VARINT => {
                take_number(&mut bytes)?;
            }
            FIXED_64 => {
                take(&mut bytes, 8)?;
            }
            FIXED_32 => {
                take(&mut bytes, 4)?;
            }
            LENGTH => {
                let length = take_number(&mut bytes)?;
                visit(tag >> 3, take(&mut bytes, length)?)?;
            }
            other => return Err(Malformed::Type(other)),
        }
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Malformed> {
    let length = usize::try_from(length).map_err(|_| Malformed::Short)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Malformed::Short)?;
    *bytes = rest;
    Ok(taken)
}

fn take_number(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for at in 0..10 {
        let byte = *bytes.get(at).ok_or(Malformed::Short)?;
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Ok(number);
        }
    }
    Err(Malformed::Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    /// The message of Kratos, as prost has it.
    #[derive(Clone, PartialEq, prost::Message)]
    struct OfProst {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        reason: String,
        #[prost(string, tag = "3")]
        message: String,
        #[prost(btree_map = "string, string", tag = "4")]
        metadata: BTreeMap<String, String>,
    }

    fn any_status() -> impl Strategy<Value = OfProst> {
        let texts = ("\\PC{0,40}", "\\PC{0,200}");
        let metadata = prop::collection::btree_map("[a-z]{0,3}", "\\PC{0,20}", 0..5);
        (any::<u16>(), texts, metadata).prop_map(|(code, (reason, message), metadata)| OfProst {
            code: i32::from(code),
            reason,
            message,
            metadata,
        })
    }

    proptest! {
        #[test]
        fn prost_reads_what_was_written_and_the_other_way_round(status in any_status()) {
            let code = u16::try_from(status.code).unwrap();
            let mut error = ApiError::new(code, status.reason.clone(), status.message.clone());
            for (key, value) in &status.metadata {
                error = error.with_metadata(key, value);
            }
            let written = encode(&error);
            prop_assert_eq!(&OfProst::decode(&written[..]).unwrap(), &status);
            let read = decode(&status.encode_to_vec()).unwrap();
            let expected = Message {
                reason: status.reason,
                message: status.message,
                metadata: status.metadata,
            };
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn no_bytes_are_too_much_for_it(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn what_is_no_message_is_an_error_and_unknown_fields_are_passed_over() {
        assert_eq!(decode(b"\x12\x05abc"), Err(Malformed::Short));
        assert_eq!(
            decode(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            Err(Malformed::Short)
        );
        assert_eq!(decode(&[0xff; 12]), Err(Malformed::Number));
        assert_eq!(decode(b"\x0b"), Err(Malformed::Type(3)));
        assert_eq!(decode(b"\x12\x01\xff"), Err(Malformed::Text));
        let more = b"\x08\x94\x03\x12\x01R\x29abcdefgh\x35abcd\x3a\x01x";
        assert_eq!(decode(more).unwrap().reason, "R");
    }
}

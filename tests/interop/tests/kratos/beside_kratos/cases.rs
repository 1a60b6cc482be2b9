//! The errors that travel.

use interop::{Status, Version};

/// The codes that HTTP and gRPC have in common.
pub(super) const TABLE: [i32; 12] = [400, 401, 403, 404, 409, 412, 429, 499, 500, 501, 503, 504];
/// Codes of HTTP that gRPC does not have.
pub(super) const OF_HTTP: [i32; 10] = [402, 405, 410, 418, 422, 451, 502, 505, 511, 599];
/// Codes that no protocol has.
pub(super) const CUSTOM: [i32; 7] = [0, 99, 600, 999, 1000, 10_001, 65_535];

pub(super) fn all_codes() -> impl Iterator<Item = i32> {
    TABLE.into_iter().chain(OF_HTTP).chain(CUSTOM)
}

/// The same code with texts and metadata of all sorts.
pub(super) fn errors(code: i32) -> [Status; 4] {
    let error = |reason: &str, message: &str, metadata: &[(&str, &str)]| {
        let own = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        Status {
            code,
            reason: reason.to_owned(),
            message: message.to_owned(),
            metadata: metadata.iter().map(own).collect(),
        }
    };
    [
        error("ORDER_UNKNOWN", "there is no order 7", &[("id", "7")]),
        error("", "a message alone", &[]),
        error("A_REASON_ALONE", "", &[]),
        error(
            "ODD",
            "\"quoted\" \\ % \u{20ac} \u{1f600}\n<&>",
            &[("", "empty"), ("empty", ""), ("k\u{e4}se", "\u{1f9c0}\t\"")],
        ),
    ]
}

/// The code that a client reads over gRPC, from a server of this version or as a client of it.
pub(super) fn over_grpc(code: i32) -> i32 {
    if TABLE.contains(&code) { code } else { 500 }
}

/// What a client of Kratos reads of a code that Kit has sent over gRPC: the table of v2 has no 412, and
/// reads its code as 400.
pub(super) fn read_by(version: Version, code: i32) -> i32 {
    match (version, code) {
        (Version::V2, 412) => 400,
        _ => over_grpc(code),
    }
}

/// What Kit reads of a code that Kratos has sent over gRPC.
pub(super) fn sent_by(version: Version, code: i32) -> i32 {
    match (version, code) {
        (Version::V2, 412) => 500,
        _ => over_grpc(code),
    }
}

/// The same error with another code.
pub(super) fn with_code(error: &Status, code: i32) -> Status {
    Status {
        code,
        ..error.clone()
    }
}

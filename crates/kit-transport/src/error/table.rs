//! The codes that HTTP and gRPC have in common.

/// An HTTP status, and the name of the gRPC code that stands for it.
const TABLE: [(u16, &str); 12] = [
    (400, "INVALID_ARGUMENT"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (409, "ABORTED"),
    (412, "FAILED_PRECONDITION"),
    (429, "RESOURCE_EXHAUSTED"),
    (499, "CANCELLED"),
    (500, "INTERNAL"),
    (501, "UNIMPLEMENTED"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
];

/// The code that a client of gRPC sees: one without a code of gRPC's is sent as `UNKNOWN`, which is read
/// as 500.
pub(super) fn over_grpc(code: u16) -> u16 {
    if TABLE.iter().any(|(of_http, _)| *of_http == code) {
        code
    } else {
        500
    }
}

/// Whether a client may see this code of an error that had that one: as it was; as gRPC carried it; or as
/// Kratos v2 did, whose table has no 412, sends it as `UNKNOWN`, and reads `FAILED_PRECONDITION` as
/// 400.
pub(super) fn is_seen_of(seen: u16, code: u16) -> bool {
    let by_kratos_v2 = code == 412 && (seen == 400 || seen == 500);
    seen == code || seen == over_grpc(code) || by_kratos_v2
}

/// The name of the gRPC code, as `google.rpc.Code` has it.
#[cfg_attr(not(feature = "http"), expect(dead_code))]
pub(super) fn name(code: u16) -> &'static str {
    let found = TABLE.iter().find(|(of_http, _)| *of_http == code);
    found.map_or("UNKNOWN", |(_, name)| *name)
}

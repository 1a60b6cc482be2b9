//! The table between HTTP statuses and gRPC codes.

use tonic::Code;

/// The gRPC code of an error with this HTTP status.
pub(super) fn from_http(status: u16) -> Code {
    match status {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        409 => Code::Aborted,
        412 => Code::FailedPrecondition,
        429 => Code::ResourceExhausted,
        499 => Code::Cancelled,
        500 => Code::Internal,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        504 => Code::DeadlineExceeded,
        // An error is never OK, not even one that says 200: a client would miss the answer.
        _ => Code::Unknown,
    }
}

/// The HTTP status of a gRPC code.
pub(crate) fn to_http(code: Code) -> u16 {
    match code {
        Code::Ok => 200,
        Code::Cancelled => 499,
        Code::InvalidArgument | Code::OutOfRange => 400,
        Code::DeadlineExceeded => 504,
        Code::NotFound => 404,
        Code::AlreadyExists | Code::Aborted => 409,
        Code::PermissionDenied => 403,
        Code::ResourceExhausted => 429,
        Code::FailedPrecondition => 412,
        Code::Unimplemented => 501,
        Code::Unavailable => 503,
        Code::Unauthenticated => 401,
        Code::Unknown | Code::Internal | Code::DataLoss => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::table;

    #[test]
    fn http_statuses_have_the_grpc_codes_of_the_table() {
        let table = [
            (400, Code::InvalidArgument),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::NotFound),
            (409, Code::Aborted),
            (412, Code::FailedPrecondition),
            (429, Code::ResourceExhausted),
            (499, Code::Cancelled),
            (500, Code::Internal),
            (501, Code::Unimplemented),
            (503, Code::Unavailable),
            (504, Code::DeadlineExceeded),
        ];
        for (status, code) in table {
            assert_eq!(from_http(status), code, "{status}");
            assert_eq!(to_http(code), status, "{code:?}");
            let name = table::name(status).replace('_', "");
            assert_eq!(name, format!("{code:?}").to_uppercase());
            assert_eq!(table::over_grpc(status), status);
        }
    }

    #[test]
    fn what_is_outside_the_table_is_unknown() {
        for status in [0, 99, 200, 418, 422, 502, 1000, u16::MAX] {
            assert_eq!(from_http(status), Code::Unknown, "{status}");
            assert_eq!(table::name(status), "UNKNOWN");
            assert_eq!(table::over_grpc(status), to_http(Code::Unknown));
        }
    }

    #[test]
    fn codes_that_share_a_status_lose_their_difference() {
        assert_eq!(to_http(Code::AlreadyExists), 409);
        assert_eq!(to_http(Code::OutOfRange), 400);
        assert_eq!(to_http(Code::Unknown), 500);
        assert_eq!(to_http(Code::DataLoss), 500);
        assert_eq!(to_http(Code::Ok), 200);
    }
}

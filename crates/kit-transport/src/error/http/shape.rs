//! The shapes of an error's body.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use super::media::Media;
use super::protobuf;
use crate::ApiError;
use crate::error::table;

/// The shape of the answers with a status of 400 or more, an option of
/// [`http::Server`](crate::http::Server::error_shape).
///
/// To a client that asks for protobuf each shape is the message of Kratos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ErrorShape {
    /// As Kratos writes them: `{"code":404,"reason":"ORDER_UNKNOWN","message":"…","metadata":{…}}`.
    #[default]
    Kratos,
    /// As the services of Google do, by [AIP-193](https://google.aip.dev/193):
    /// `{"error":{"code":404,"message":"…","status":"NOT_FOUND","details":[…]}}`, with reason and
    /// metadata in a `google.rpc.ErrorInfo`.
    Aip193,
    /// As RFC 9457 has it, `application/problem+json`:
    /// `{"title":"Not Found","status":404,"detail":"…","reason":"ORDER_UNKNOWN","metadata":{…}}`.
    Problem,
}

#[derive(Serialize)]
struct InKratos<'a> {
    code: u16,
    reason: &'a str,
    message: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct InAip193<'a> {
    error: RpcStatus<'a>,
}

/// `google.rpc.Status`, in the JSON of AIP-193.
#[derive(Serialize)]
struct RpcStatus<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<[ErrorInfo<'a>; 1]>,
}

#[derive(Serialize)]
struct ErrorInfo<'a> {
    #[serde(rename = "@type")]
    of: &'static str,
    reason: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

/// RFC 9457. Its `type` is left out, which stands for `about:blank`: the title is that of the status.
#[derive(Serialize)]
struct InProblem<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    reason: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

impl ErrorShape {
    /// The body of an answer with this status.
    ///
    /// A code that no answer can have stands in the shape of Kratos only; the others have a field for
    /// the status itself.
    pub(crate) fn write(self, media: Media, status: StatusCode, error: &ApiError) -> Bytes {
        let (code, reason, message) = (error.code(), error.reason(), error.message());
        let metadata = error.metadata();
        if media.is_protobuf() {
            return protobuf::encode(error).into();
        }
        let json = match self {
            ErrorShape::Kratos => serde_json::to_vec(&InKratos {
                code,
                reason,
                message,
                metadata,
            }),
            ErrorShape::Aip193 => {
                let info = ErrorInfo {
                    of: "type.googleapis.com/google.rpc.ErrorInfo",
                    reason,
                    metadata,
                };
                let is_empty = reason.is_empty() && metadata.is_empty();
                serde_json::to_vec(&InAip193 {
                    error: RpcStatus {
                        code: status.as_u16(),
                        message,
                        status: table::name(code),
                        details: (!is_empty).then_some([info]),
                    },
                })
            }
            ErrorShape::Problem => serde_json::to_vec(&InProblem {
                title: status.canonical_reason().unwrap_or_default(),
                status: status.as_u16(),
                detail: message,
                reason,
                metadata,
            }),
        };
        // Strings, numbers and maps of strings can be written.
        json.unwrap_or_default().into()
    }

    /// The content type of such a body.
    pub(crate) fn content_type(self, media: Media) -> &'static str {
        match self {
            ErrorShape::Problem if !media.is_protobuf() => "application/problem+json",
            _ => media.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(shape: ErrorShape, error: &ApiError) -> String {
        let status = super::super::status(error.code());
        let body = shape.write(Media::Json, status, error);
        String::from_utf8(body.to_vec()).expect("text")
    }

    #[test]
    fn each_shape_is_written_as_its_specification_has_it() {
        let error = ApiError::conflict("TOO_LATE", "it was sent").with_metadata("id", "7");
        for (shape, expected) in [
            (
                ErrorShape::Kratos,
                r#"{"code":409,"reason":"TOO_LATE","message":"it was sent","metadata":{"id":"7"}}"#,
            ),
            (
                ErrorShape::Aip193,
                r#"{"error":{"code":409,"message":"it was sent","status":"ABORTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TOO_LATE","metadata":{"id":"7"}}]}}"#,
            ),
            (
                ErrorShape::Problem,
                r#"{"title":"Conflict","status":409,"detail":"it was sent","reason":"TOO_LATE","metadata":{"id":"7"}}"#,
            ),
        ] {
            assert_eq!(written(shape, &error), expected);
        }
    }

    #[test]
    fn an_error_without_a_reason_has_no_error_info() {
        assert_eq!(
            written(
                ErrorShape::Aip193,
                &ApiError::internal("", "internal error")
            ),
            r#"{"error":{"code":500,"message":"internal error","status":"INTERNAL"}}"#
        );
        let odd = written(ErrorShape::Aip193, &ApiError::new(418, "TEAPOT", ""));
        assert!(odd.contains(r#""status":"UNKNOWN""#), "{odd}");
    }
}

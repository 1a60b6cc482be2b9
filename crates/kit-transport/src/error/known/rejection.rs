//! The rejections of axum's extractors.

use std::borrow::Cow;
use std::error::Error;

use axum::extract::rejection::{
    BytesRejection, ExtensionRejection, FailedToBufferBody, FailedToDeserializeForm,
    FailedToDeserializeFormBody, FailedToDeserializePathParams, FailedToDeserializeQueryString,
    FormRejection, InvalidFormContentType, InvalidUtf8, InvalidUtf8InPathParam, JsonDataError,
    JsonRejection, JsonSyntaxError, LengthLimitError, MatchedPathMissing, MatchedPathRejection,
    MissingExtension, MissingJsonContentType, MissingPathParams, NestedPathRejection,
    PathRejection, QueryRejection, RawFormRejection, RawPathParamsRejection, StringRejection,
    UnknownBodyError,
};
use http::StatusCode;

use crate::error::parts::Parts;

/// A request that an extractor refuses keeps the status that axum gives it; a failure that is not
/// the client's (an extension that was forgotten) is an error like any other.
pub(crate) fn of_rejection(error: &(dyn Error + 'static)) -> Option<Parts> {
    /// For each type that could be named, each reason.
    macro_rules! of_types {
        ($($reason:literal: $($rejection:ty)*;)*) => {
            $($(
                if let Some(rejection) = error.downcast_ref::<$rejection>() {
                    return of_client($reason, rejection.status(), || rejection.body_text());
                }
            )*)*
        };
    }
    of_types! {
        "JSON_INVALID": JsonRejection JsonDataError JsonSyntaxError MissingJsonContentType;
        "QUERY_INVALID": QueryRejection FailedToDeserializeQueryString;
        "FORM_INVALID": FormRejection RawFormRejection InvalidFormContentType
            FailedToDeserializeForm FailedToDeserializeFormBody;
        "PATH_INVALID": PathRejection RawPathParamsRejection FailedToDeserializePathParams
            InvalidUtf8InPathParam MissingPathParams MatchedPathRejection MatchedPathMissing
            NestedPathRejection;
        "BODY_INVALID": BytesRejection StringRejection FailedToBufferBody LengthLimitError
            UnknownBodyError InvalidUtf8;
        "EXTENSION_MISSING": ExtensionRejection MissingExtension;
    }
    #[cfg(feature = "ws")]
    of_types! { "WEBSOCKET_INVALID": axum::extract::ws::rejection::WebSocketUpgradeRejection; }
    error.is::<http_body_util::LengthLimitError>().then(|| {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        refused("BODY_TOO_LARGE", status, "the body is too large")
    })
}

fn of_client(
    reason: &'static str,
    status: StatusCode,
    text: impl FnOnce() -> String,
) -> Option<Parts> {
    let reason = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "BODY_TOO_LARGE",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "CONTENT_TYPE_UNSUPPORTED",
        _ => reason,
    };
    status
        .is_client_error()
        .then(|| refused(reason, status, text()))
}

fn refused(reason: &'static str, status: StatusCode, text: impl Into<Cow<'static, str>>) -> Parts {
    Parts::new(status.as_u16(), reason, text)
}

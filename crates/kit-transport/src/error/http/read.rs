//! An error as a client reads it from a response.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value};

use super::media::Media;
use super::protobuf;
use super::without_body::of_status;
use crate::ApiError;

/// Most of a body of another kind that an error shows.
const SHOWN: usize = 200;

/// A body that has none of the shapes.
#[derive(Debug, thiserror::Error)]
#[error("reading the body of an answer as an error: {why}; it begins with {begin:?}")]
struct Unreadable {
    why: String,
    begin: String,
}

impl ApiError {
    /// The error of an HTTP response, for clients: of each shape that
    /// [`http::ErrorShape`](crate::http::ErrorShape) has, in JSON or in protobuf, from services of
    /// Kit, of Kratos and of others.
    ///
    /// The code is the `status`, as a client of Kratos takes it. A body of none of the shapes leaves
    /// what the status says, with the beginning of the body in the [source](Self::source).
    ///
    /// ```
    /// use http::StatusCode;
    /// use kit_transport::ApiError;
    ///
    /// let problem = br#"{"title":"Not Found","detail":"there is no order 7","reason":"ORDER_UNKNOWN"}"#;
    /// let kind = Some("application/problem+json");
    /// let error = ApiError::from_response(StatusCode::NOT_FOUND, kind, problem);
    /// assert!(error.has_reason(404, "ORDER_UNKNOWN"));
    /// assert_eq!(error.message(), "there is no order 7");
    /// ```
    #[must_use]
    pub fn from_response(status: StatusCode, content_type: Option<&str>, body: &[u8]) -> ApiError {
        let media = content_type.and_then(Media::named).unwrap_or_default();
        let read = if media.is_protobuf() {
            protobuf::decode(body)
                .map(|read| (read.reason, read.message, read.metadata))
                .map_err(|error| error.to_string())
        } else {
            serde_json::from_slice(body)
                .map_err(|error| error.to_string())
                .and_then(|value| of_json(&value).ok_or_else(|| "no known shape".to_owned()))
        };
        match read {
            Ok((reason, message, metadata)) => {
                let error = ApiError::new(status.as_u16(), reason, message);
                let entries = metadata.into_iter();
                entries.fold(error, |error, (key, value)| error.with_metadata(key, value))
            }
            Err(_) if body.is_empty() => of_status(status),
            Err(why) => {
                let begin = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]).into_owned();
                of_status(status).with_source(Unreadable { why, begin })
            }
        }
    }
}

type Read = (String, String, BTreeMap<String, String>);

/// The shape is known by its keys, because not every service sets the content type of problems. A
/// missing key is an empty field: services leave those out.
fn of_json(value: &Value) -> Option<Read> {
    let object = value.as_object()?;
    if let Some(status) = object.get("error").and_then(Value::as_object) {
        let details = status.get("details").and_then(Value::as_array);
        let info = details.into_iter().flatten().find(|detail| {
            let kind = detail.get("@type").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.ends_with("/google.rpc.ErrorInfo"))
        });
        let empty = Map::new();
        let info = info.and_then(Value::as_object).unwrap_or(&empty);
        return Some((
            text(info, "reason"),
            text(status, "message"),
            metadata(info),
        ));
    }
    let has = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
    // In the shape of Kratos a problem's `title` is no key, and `message` none of a problem's.
    if has(&["message", "reason", "code", "metadata"]) && !has(&["title", "detail"]) {
        return Some((
            text(object, "reason"),
            text(object, "message"),
            metadata(object),
        ));
    }
    let detail = match text(object, "detail") {
        detail if detail.is_empty() && !object.contains_key("detail") => text(object, "title"),
        detail => detail,
    };
    let is_problem = has(&["title", "detail", "type"]);
    is_problem.then(|| (text(object, "reason"), detail, metadata(object)))
}

fn text(object: &Map<String, Value>, key: &str) -> String {
    let text = object.get(key).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// Values that are not texts, as others may write them, are kept as JSON.
fn metadata(object: &Map<String, Value>) -> BTreeMap<String, String> {
    let entries = object.get("metadata").and_then(Value::as_object);
    let entries = entries.into_iter().flatten();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    entries
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> ApiError {
        ApiError::from_response(StatusCode::CONFLICT, Some(kind), body.as_bytes())
    }

    #[test]
    fn what_other_services_leave_out_is_empty() {
        for (kind, body, reason, message) in [
            ("application/json", r#"{"code":409,"reason":"R"}"#, "R", ""),
            (
                "application/json; charset=utf-8",
                r#"{"message":"m","metadata":null}"#,
                "",
                "m",
            ),
            (
                "application/json",
                r#"{"code":7,"message":"m","details":[]}"#,
                "",
                "m",
            ),
            (
                "application/problem+json",
                r#"{"type":"about:blank","title":"Conflict"}"#,
                "",
                "Conflict",
            ),
            (
                "application/problem+json",
                r#"{"detail":"d","title":"t","reason":"R"}"#,
                "R",
                "d",
            ),
            (
                "application/json",
                r#"{"error":{"code":409,"message":"m"}}"#,
                "",
                "m",
            ),
            (
                "application/json",
                r#"{"error":{"message":"m","details":[{"@type":"x/google.rpc.Help"},{"@type":"x/google.rpc.ErrorInfo","reason":"R"}]}}"#,
                "R",
                "m",
            ),
        ] {
            let error = read(kind, body);
            assert_eq!(
                (error.code(), error.reason(), error.message()),
                (409, reason, message),
                "{body}"
            );
            assert!(error.source().is_none(), "{body}");
        }
        let error = read(
            "application/json",
            r#"{"reason":"R","metadata":{"n":7,"t":"7"}}"#,
        );
        assert_eq!(error.metadata()["n"], "7");
        assert_eq!(error.metadata()["t"], "7");
    }

    #[test]
    fn a_body_of_another_kind_leaves_the_status_and_is_shown_in_the_source() {
        for (kind, body) in [
            ("text/html", "<html>"),
            ("application/json", "[]"),
            ("application/json", r#"{"a":1}"#),
            ("application/json", r#"{"error":"text"}"#),
            ("application/proto", "\u{12}\u{5}abc"),
        ] {
            let error = read(kind, body);
            assert_eq!((error.code(), error.reason()), (409, "CONFLICT"), "{body}");
            let source = error.source().expect("the body").to_string();
            let begin = format!("{body:?}");
            assert!(source.ends_with(&begin), "{source}");
        }
        let long = read("text/plain", &"\u{20ac}".repeat(10_000));
        assert!(long.source().expect("the body").to_string().len() < 400);
        assert!(read("text/plain", "").source().is_none());
    }
}

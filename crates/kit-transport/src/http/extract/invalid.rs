//! From a rejection of axum's to an error that a client can use.

use std::error::Error;

use axum::extract::path::{ErrorKind, FailedToDeserializePathParams};
use axum::extract::rejection::PathRejection;
use serde::de::value;
use serde_path_to_error::{Error as WithPath, Segment};

use super::text::without_types;
use crate::ApiError;

/// Where in a request the mistake is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mistake {
    /// A body that is no JSON.
    Syntax,
    /// A body that is JSON.
    Body,
    Form,
    Query,
    Path,
    /// The content type is not this one.
    ContentType(&'static str),
    /// The body itself, before it was understood.
    Reading,
}

/// The field that is wrong, if it has a name, and the text about it.
struct Invalid {
    field: Option<String>,
    text: String,
}

/// The error of a request that is refused: with the status and the reason of the rejection, and a
/// message of Kit's. axum's own names types of Rust, and sometimes errors of the connection. A rejection
/// that is not the client's fault is an internal error, whose text is logged.
pub(super) fn refuse<R: Error + Send + Sync + 'static>(mistake: Mistake, rejection: R) -> ApiError {
    let invalid = match mistake {
        Mistake::ContentType(_) | Mistake::Reading => None,
        Mistake::Path => of_path(&rejection),
        Mistake::Syntax => of_serde(&rejection).map(|invalid| Invalid {
            field: None,
            ..invalid
        }),
        Mistake::Body | Mistake::Form | Mistake::Query => of_serde(&rejection),
    };
    let error = ApiError::from(rejection);
    if error.code() >= 500 {
        return error;
    }
    let (what, field) = match mistake {
        Mistake::ContentType(expected) => {
            let message = format!("the content type of the body has to be {expected}");
            return renamed(&error, message);
        }
        Mistake::Reading if error.code() == 413 => {
            return renamed(&error, "the body is too large".to_owned());
        }
        Mistake::Reading => return renamed(&error, "the body could not be read".to_owned()),
        // The place is known by line and column only.
        Mistake::Syntax => ("the body is not JSON", ""),
        Mistake::Body => ("the body does not fit", "field"),
        Mistake::Form => ("the form does not fit", "field"),
        Mistake::Query => ("the query does not fit", "parameter"),
        Mistake::Path => ("the path does not fit", "parameter"),
    };
    match invalid {
        None => renamed(&error, what.to_owned()),
        Some(Invalid { field: None, text }) => renamed(&error, format!("{what}: {text}")),
        Some(Invalid {
            field: Some(name),
            text,
        }) => renamed(&error, format!("{field} {name}: {text}")).with_metadata("field", name),
    }
}

/// The same code and reason with another message.
fn renamed(error: &ApiError, message: String) -> ApiError {
    ApiError::new(error.code(), error.reason().to_owned(), message)
}

/// What serde says of a body, a form or a query.
fn of_serde(rejection: &(dyn Error + 'static)) -> Option<Invalid> {
    let chain = std::iter::successors(Some(rejection), |&error| error.source());
    for error in chain {
        if let Some(error) = error.downcast_ref::<WithPath<serde_json::Error>>() {
            return Some(at(error.path(), error.inner()));
        }
        if let Some(error) = error.downcast_ref::<WithPath<value::Error>>() {
            return Some(at(error.path(), error.inner()));
        }
        // Of what stands behind the end of a value.
        if let Some(error) = error.downcast_ref::<serde_json::Error>() {
            let (field, text) = (None, error.to_string());
            return Some(Invalid { field, text });
        }
    }
    None
}

fn at(path: &serde_path_to_error::Path, error: &dyn Error) -> Invalid {
    let unknown = |segment: &Segment| matches!(segment, Segment::Unknown);
    let has_name = path.iter().next().is_some() && !path.iter().any(unknown);
    Invalid {
        field: has_name.then(|| path.to_string()),
        text: without_types(&error.to_string()),
    }
}

fn of_path(rejection: &(dyn Error + 'static)) -> Option<Invalid> {
    let Some(PathRejection::FailedToDeserializePathParams(failed)) = rejection.downcast_ref()
    else {
        return None;
    };
    of_kind(failed)
}

/// The words of axum's `ErrorKind` without its "Invalid URL" and its advice for the author. Of a tuple the
/// parameter has a number and no name, and kinds that are the author's mistake have no text.
fn of_kind(failed: &FailedToDeserializePathParams) -> Option<Invalid> {
    let (field, text) = match failed.kind() {
        ErrorKind::ParseErrorAtKey {
            key,
            value,
            expected_type,
        } => (
            Some(key.clone()),
            format!("{value:?} is no {expected_type}"),
        ),
        ErrorKind::ParseErrorAtIndex {
            value,
            expected_type,
            ..
        }
        | ErrorKind::ParseError {
            value,
            expected_type,
        } => (None, format!("{value:?} is no {expected_type}")),
        ErrorKind::InvalidUtf8InPathParam { key } => (Some(key.clone()), "not UTF-8".to_owned()),
        ErrorKind::DeserializeError {
            key,
            value,
            message,
        } => (
            Some(key.clone()),
            format!("{value:?}: {}", without_types(message)),
        ),
        ErrorKind::Message(message) => (None, without_types(message)),
        _ => return None,
    };
    Some(Invalid { field, text })
}

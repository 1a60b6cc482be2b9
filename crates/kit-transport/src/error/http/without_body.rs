//! The error of an answer that has a status and nothing else.

use http::StatusCode;

use crate::ApiError;

/// What a status says by itself: a router's answer to an unknown path, or a handler's that is a bare
/// `StatusCode`.
pub(crate) fn of_status(status: StatusCode) -> ApiError {
    let title = status.canonical_reason().unwrap_or_default();
    let reason = match status.as_u16() {
        // Those that Kit answers elsewhere have the reason that they have there.
        413 => "BODY_TOO_LARGE".to_owned(),
        415 => "CONTENT_TYPE_UNSUPPORTED".to_owned(),
        431 => "HEAD_TOO_LARGE".to_owned(),
        499 => "CLIENT_CLOSED".to_owned(),
        500 => String::new(),
        504 => "REQUEST_TIMEOUT".to_owned(),
        _ => reason_of(title),
    };
    let message = match status.as_u16() {
        499 => "client closed request".to_owned(),
        500 => "internal error".to_owned(),
        code if title.is_empty() => format!("status {code}"),
        _ => title.to_lowercase(),
    };
    ApiError::new(status.as_u16(), reason, message)
}

/// `Method Not Allowed` as programs write it.
fn reason_of(title: &str) -> String {
    let upper = title.chars().filter(|char| *char != '\'');
    let upper = upper.map(|char| match char {
        'a'..='z' => char.to_ascii_uppercase(),
        'A'..='Z' | '0'..='9' => char,
        _ => '_',
    });
    upper.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_it_is() {
        for (status, reason, message) in [
            (404, "NOT_FOUND", "not found"),
            (405, "METHOD_NOT_ALLOWED", "method not allowed"),
            (408, "REQUEST_TIMEOUT", "request timeout"),
            (411, "LENGTH_REQUIRED", "length required"),
            (413, "BODY_TOO_LARGE", "payload too large"),
            (418, "IM_A_TEAPOT", "i'm a teapot"),
            (499, "CLIENT_CLOSED", "client closed request"),
            (500, "", "internal error"),
            (504, "REQUEST_TIMEOUT", "gateway timeout"),
            (599, "", "status 599"),
        ] {
            let error = of_status(StatusCode::from_u16(status).expect("a status"));
            assert_eq!(
                (error.code(), error.reason(), error.message()),
                (status, reason, message)
            );
        }
    }
}

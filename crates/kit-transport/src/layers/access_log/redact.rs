//! What an access log shows of headers and queries.

use std::fmt::Write as _;

use ::http::header::{self, HeaderName};
use ::http::{HeaderMap, HeaderValue};

/// In place of a secret.
const REDACTED: &str = "[redacted]";

/// Headers whose values are always secrets.
const HEADERS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
];

/// Others of which the same is so, by the names in which they are written.
const MORE_HEADERS: [&str; 5] = [
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
    "x-amz-security-token",
    "x-forwarded-access-token",
];

/// Parameters of queries whose values are always secrets.
const PARAMETERS: [&str; 20] = [
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "client_secret",
    "code",
    "id_token",
    "jwt",
    "key",
    "passwd",
    "password",
    "refresh_token",
    "secret",
    "session",
    "sig",
    "signature",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
];

/// The names whose values are not shown, beside those that are secrets for all.
#[derive(Clone, Debug, Default)]
pub(super) struct Redaction {
    pub(super) headers: Vec<HeaderName>,
    pub(super) parameters: Vec<String>,
}

impl Redaction {
    /// Those of these headers that are there: `accept="*/*" cookie=[redacted]`.
    pub(super) fn headers(&self, names: &[HeaderName], headers: &HeaderMap) -> String {
        let mut text = String::new();
        for name in names {
            for value in headers.get_all(name) {
                let space = if text.is_empty() { "" } else { " " };
                let _ = if self.is_secret(name, value) {
                    write!(text, "{space}{name}={REDACTED}")
                } else {
                    write!(text, "{space}{name}={value:?}")
                };
            }
        }
        text
    }

    fn is_secret(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        value.is_sensitive()
            || HEADERS.contains(name)
            || MORE_HEADERS.contains(&name.as_str())
            || self.headers.contains(name)
    }

    /// A query without the values of secrets.
    pub(super) fn query(&self, query: &str) -> String {
        let mut text = String::with_capacity(query.len());
        for (number, pair) in query.split('&').enumerate() {
            if number > 0 {
                text.push('&');
            }
            match pair.split_once('=') {
                Some((name, _)) if self.is_secret_parameter(name) => {
                    let _ = write!(text, "{name}={REDACTED}");
                }
                _ => text.push_str(pair),
            }
        }
        text
    }

    /// A name that is written in another way than it reads may be any.
    fn is_secret_parameter(&self, name: &str) -> bool {
        let is = |other: &&str| other.eq_ignore_ascii_case(name);
        name.contains(['%', '+'])
            || PARAMETERS.iter().any(is)
            || self.parameters.iter().any(|other| is(&other.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_query_are_not_shown() {
        let own = Redaction {
            parameters: vec!["pin".to_owned()],
            ..Redaction::default()
        };
        for (query, expected) in [
            ("", ""),
            ("a=1&b=2", "a=1&b=2"),
            ("token=s3cret", "token=[redacted]"),
            ("a=1&Access_Token=s&b", "a=1&Access_Token=[redacted]&b"),
            ("%74oken=s", "%74oken=[redacted]"),
            ("pin=1=2&token", "pin=[redacted]&token"),
            ("tokens=7", "tokens=7"),
        ] {
            assert_eq!(own.query(query), expected);
        }
    }

    #[test]
    fn secrets_of_headers_are_not_shown() {
        let own = Redaction {
            headers: vec![HeaderName::from_static("x-pin")],
            ..Redaction::default()
        };
        let mut headers = HeaderMap::new();
        let names = [
            "accept",
            "authorization",
            "cookie",
            "x-api-key",
            "x-pin",
            "x-own",
            "absent",
        ];
        let names = names.map(HeaderName::from_static);
        for name in &names[..6] {
            headers.append(name, HeaderValue::from_static("s3cret"));
        }
        headers.append("accept", HeaderValue::from_static("a \"b\""));
        let mut own_value = HeaderValue::from_static("s3cret");
        own_value.set_sensitive(true);
        headers.insert("x-own", own_value);
        assert_eq!(
            own.headers(&names, &headers),
            "accept=\"s3cret\" accept=\"a \\\"b\\\"\" authorization=[redacted] cookie=[redacted] \
             x-api-key=[redacted] x-pin=[redacted] x-own=Sensitive"
                .replace("x-own=Sensitive", "x-own=[redacted]")
        );
    }
}

//! Telling failures apart, and writing them in one line.

use std::error::Error as StdError;
use std::{fmt, io};

use tonic::{Code, Status};

/// The cause of failure at each endpoint that was tried.
#[derive(Debug)]
pub(super) struct Failures(pub(super) Vec<(String, String)>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(_, first), rest @ ..] = self.0.as_slice() else {
            return f.write_str("no endpoint was tried");
        };
        if rest.iter().all(|(_, cause)| cause == first) {
            return f.write_str(first);
        }
        for (index, (address, cause)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Failures {}

/// One line as the source of an error: a server's answer, or a cause that has no error type.
#[derive(Debug)]
pub(super) struct CauseText(pub(super) String);

impl fmt::Display for CauseText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for CauseText {}

/// Whether another endpoint, or the same one later, may answer better. A status with a source is a
/// broken connection, whose code is `Unknown`.
pub(super) fn is_transient(status: &Status) -> bool {
    status.source().is_some()
        || matches!(
            status.code(),
            Code::Unavailable
                | Code::DeadlineExceeded
                | Code::Cancelled
                | Code::Unknown
                | Code::Internal
        )
}

/// Whether a new token may help: the server has restarted and forgotten ours, or users were changed.
pub(super) fn is_stale_token(status: &Status) -> bool {
    status.code() == Code::Unauthenticated
        || status.message().contains("revision of auth store is old")
        || status.message().contains("user name is empty")
}

/// The cause in one line: the innermost I/O error if there is one, because it is the best known.
pub(super) fn cause(status: &Status) -> String {
    let mut cause: Option<&(dyn StdError + 'static)> = status.source();
    let mut last = None;
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.raw_os_error().is_some()
        {
            return match error.kind().to_string() {
                kind if kind.contains("error") => error.to_string(),
                kind => kind,
            };
        }
        last = Some(error.to_string());
        cause = error.source();
    }
    last.unwrap_or_else(|| answer(status))
}

/// The server's message without etcd's prefix, or the code of an empty one.
pub(super) fn answer(status: &Status) -> String {
    let message = status.message();
    match message.strip_prefix("etcdserver: ").unwrap_or(message) {
        "" => status.code().to_string(),
        message => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(causes: &[(&str, &str)]) -> String {
        let causes = causes
            .iter()
            .map(|(a, c)| ((*a).to_owned(), (*c).to_owned()));
        Failures(causes.collect()).to_string()
    }

    #[test]
    fn one_cause_is_written_once_and_different_ones_with_their_endpoint() {
        assert_eq!(
            failures(&[("a:1", "connection refused"), ("b:1", "connection refused")]),
            "connection refused"
        );
        assert_eq!(
            failures(&[
                ("a:1", "connection refused"),
                ("b:1", "no answer within 3s")
            ]),
            "a:1: connection refused; b:1: no answer within 3s"
        );
    }

    #[test]
    fn a_token_is_stale_when_etcd_says_so_in_any_of_its_three_ways() {
        for stale in [
            Status::unauthenticated("etcdserver: invalid auth token"),
            Status::invalid_argument("etcdserver: revision of auth store is old"),
            Status::invalid_argument("etcdserver: user name is empty"),
        ] {
            assert!(is_stale_token(&stale), "{stale}");
        }
        let other = Status::permission_denied("etcdserver: permission denied");
        assert!(!is_stale_token(&other));
    }

    #[test]
    fn an_answer_of_etcd_is_shown_without_its_prefix() {
        let status = Status::permission_denied("etcdserver: permission denied");
        assert_eq!(answer(&status), "permission denied");
        assert_eq!(cause(&status), "permission denied");
    }
}

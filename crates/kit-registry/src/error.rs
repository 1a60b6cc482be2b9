//! The errors between an instance and its registry.

mod parts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::BoxError;

use crate::nearest::nearest;
use crate::redacted::redacted;
use parts::{List, Meant, Seconds};

/// An error of this crate.
///
/// A message names the attempt and its object; the cause is its [`source`] and is not repeated. No
/// message holds a password.
///
/// [`source`]: std::error::Error::source
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that cannot be registered.
    #[error("{what} must be {expected}, not {value:?}")]
    #[non_exhaustive]
    Invalid {
        /// The name of the value: `id of an instance`, `endpoint`, …
        what: &'static str,
        /// The value, shortened when it is long.
        value: String,
        /// The right form.
        expected: &'static str,
    },

    /// A registry URL that its scheme does not understand.
    #[error("{part} of the registry URL {url} must be {expected}, not {value:?}")]
    #[non_exhaustive]
    Url {
        /// The URL, without its password.
        url: String,
        /// The name of the part.
        part: &'static str,
        /// The part as it stands in the URL.
        value: String,
        /// The right form.
        expected: &'static str,
    },

    /// A registry URL with a parameter that its scheme does not have.
    #[error(
        "unknown parameter {parameter:?} in the registry URL {url}, {}known are {}",
        Meant(nearest(parameter, known)),
        List(known)
    )]
    #[non_exhaustive]
    UnknownParameter {
        /// The URL, without its password.
        url: String,
        /// The name of the parameter. Its value may be a secret and is not kept.
        parameter: String,
        /// The names that the scheme knows.
        known: Vec<String>,
    },

    /// A registry URL without a scheme, or an empty one.
    #[error(
        "registry URL {url:?} has no scheme, write one as in {example}; known are {}",
        List(known)
    )]
    #[non_exhaustive]
    NoScheme {
        /// The URL, without its password.
        url: String,
        /// The same URL with a scheme, which is a guess; without password, too.
        example: String,
        /// The schemes in the table.
        known: Vec<String>,
    },

    /// A registry URL whose scheme is not in the table.
    #[error(
        "unknown registry scheme {scheme:?} in {url}, {}known are {}",
        Meant(nearest(scheme, known)),
        List(known)
    )]
    #[non_exhaustive]
    UnknownScheme {
        /// The URL, without its password.
        url: String,
        /// Its scheme.
        scheme: String,
        /// The schemes in the table.
        known: Vec<String>,
    },

    /// A stored value that is not an instance.
    #[error("{what} is not an instance")]
    #[non_exhaustive]
    Decode {
        /// The name of the value, such as its key.
        what: String,
        /// The fault in it.
        source: BoxError,
    },

    /// No server at the registry's address answered.
    #[error("cannot {attempt}: {registry} is unreachable")]
    #[non_exhaustive]
    Unreachable {
        /// The attempt, such as `register helloworld/1`.
        attempt: String,
        /// The registry and its address.
        registry: String,
        /// The cause, such as `connection refused`.
        source: BoxError,
    },

    /// The registry answered with an error.
    #[error("cannot {attempt}: {registry} refused")]
    #[non_exhaustive]
    Refused {
        /// The attempt.
        attempt: String,
        /// The registry and its address.
        registry: String,
        /// The answer.
        source: BoxError,
    },

    /// The instance is not shown any more.
    #[error("{instance} is no longer shown: {reason}")]
    #[non_exhaustive]
    Lost {
        /// The instance, as `name/id`.
        instance: String,
        /// The reason.
        reason: LossReason,
    },

    /// A registrar did not answer at all; its attempt was dropped.
    #[error("cannot {attempt}: no answer from the registry within {}", Seconds(*.within))]
    #[non_exhaustive]
    NoAnswer {
        /// The attempt.
        attempt: String,
        /// The time that was waited.
        within: Duration,
    },

    /// A backend has panicked in a call; the call is made again, as after any other error.
    #[error("cannot {attempt}: the backend panicked: {panic}")]
    #[non_exhaustive]
    Panicked {
        /// The attempt.
        attempt: String,
        /// The panic's text, with its place where that is known.
        panic: String,
    },

    /// Attempts were repeated until a limit. The source is the last one's error.
    #[error("gave up after {}", Seconds(*.tried))]
    #[non_exhaustive]
    GaveUp {
        /// The time that was spent.
        tried: Duration,
        /// The last attempt's error, which names the attempt and the registry.
        source: Arc<Error>,
    },

    /// The scope in which the registry, or the registration, lives has ended.
    #[error("cannot {attempt}: its scope has ended")]
    #[non_exhaustive]
    Closed {
        /// The attempt.
        attempt: String,
    },
}

impl Error {
    /// For a backend: no server at the registry's address answered.
    pub fn unreachable(
        attempt: impl Into<String>,
        registry: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Error {
        Error::Unreachable {
            attempt: attempt.into(),
            registry: registry.into(),
            source: source.into(),
        }
    }

    /// For a backend: the registry answered with an error.
    pub fn refused(
        attempt: impl Into<String>,
        registry: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Error {
        Error::Refused {
            attempt: attempt.into(),
            registry: registry.into(),
            source: source.into(),
        }
    }

    /// For a backend: the instance, written `name/id`, is not shown.
    pub fn lost(instance: impl fmt::Display, reason: LossReason) -> Error {
        Error::Lost {
            instance: instance.to_string(),
            reason,
        }
    }

    /// For a backend: a part of its URL is wrong. `url` is shown without its password.
    pub fn url(
        url: &str,
        part: &'static str,
        value: impl Into<String>,
        expected: &'static str,
    ) -> Error {
        Error::Url {
            url: redacted(url),
            part,
            value: value.into(),
            expected,
        }
    }

    /// For a backend: the scope that it lives in has ended.
    pub fn closed(attempt: impl Into<String>) -> Error {
        Error::Closed {
            attempt: attempt.into(),
        }
    }

    /// The refused URL, without its password, and what it has to be; `None` for an error that is not about a
    /// URL. For an option that holds the URL, which names the option beside it.
    ///
    /// ```
    /// use kit_registry::Schemes;
    ///
    /// let error = Schemes::default().check("memroy:").unwrap_err();
    /// let (url, expected) = error.wrong_url().expect("it is about the URL");
    /// assert_eq!(url, "memroy:");
    /// assert!(expected.starts_with(
    ///     "a URL with a known scheme, not \"memroy\": did you mean memory? known are "
    /// ));
    /// ```
    #[must_use]
    pub fn wrong_url(&self) -> Option<(&str, String)> {
        Some(match self {
            Error::Url {
                url,
                part,
                value,
                expected,
            } => {
                let expected = format!("a URL with another {part}: {expected}, not {value:?}");
                (url, expected)
            }
            Error::UnknownParameter {
                url,
                parameter,
                known,
            } => {
                let (meant, known) = (Meant(nearest(parameter, known)), List(known));
                let expected =
                    format!("a URL without the parameter {parameter:?}: {meant}known are {known}");
                (url, expected)
            }
            Error::NoScheme {
                url,
                example,
                known,
            } => {
                let known = List(known);
                let expected =
                    format!("a URL with a scheme: write one as in {example}; known are {known}");
                (url, expected)
            }
            Error::UnknownScheme { url, scheme, known } => {
                let (meant, known) = (Meant(nearest(scheme, known)), List(known));
                let expected =
                    format!("a URL with a known scheme, not {scheme:?}: {meant}known are {known}");
                (url, expected)
            }
            _ => return None,
        })
    }

    /// This error and its causes in one line.
    ///
    /// ```
    /// use kit_registry::Error;
    ///
    /// let error = Error::unreachable(
    ///     "register helloworld/1",
    ///     "etcd at 127.0.0.1:2379",
    ///     "connection refused",
    /// );
    /// assert_eq!(
    ///     error.chain().to_string(),
    ///     "cannot register helloworld/1: etcd at 127.0.0.1:2379 is unreachable: connection refused"
    /// );
    /// ```
    #[must_use]
    pub fn chain(&self) -> impl fmt::Display + '_ {
        kit_sync::error_chain(self)
    }
}

/// The reason why an instance is no longer shown, or not known to be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LossReason {
    /// The entry is not there: it was deleted, or the store was wiped.
    Missing,
    /// The registry's time limit on the entry ran out.
    Expired,
    /// The entry does not have the value that was registered.
    Changed,
    /// Another living process shows itself under the same id; the newest one owns it.
    TakenOver {
        /// The other process in the registry's terms, such as its lease.
        by: String,
    },
    /// The registry cannot be asked.
    Unreachable(Arc<Error>),
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LossReason::Missing => f.write_str("its entry is gone"),
            LossReason::Expired => f.write_str("its time in the registry ran out"),
            LossReason::Changed => f.write_str("its entry was changed"),
            LossReason::TakenOver { by } => write!(f, "taken over by {by}"),
            LossReason::Unreachable(error) => write!(f, "{}", error.chain()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RegistryUrl;

    #[test]
    fn each_error_about_a_url_says_what_it_has_to_be_and_no_other_one_does() {
        let parsed = |url: &'static str| RegistryUrl::parse(url).unwrap();
        let login = parsed("x://:secret@h").login().unwrap_err();
        let port = parsed("x://secret@h:0").addresses(1).unwrap_err();
        let parameter = parsed("x://h?tll=3s").parameters(&["ttl"]).unwrap_err();
        for (error, url, expected) in [
            (
                login,
                "x://***@h",
                "a URL with another user and password: user:password with a user, not \"***\"",
            ),
            (
                port,
                "x://***@h:0",
                "a URL with another endpoint: host:port with a port from 1 to 65535, not \"h:0\"",
            ),
            (
                parameter,
                "x://h?tll=***",
                "a URL without the parameter \"tll\": did you mean ttl? known are ttl",
            ),
        ] {
            assert_eq!(error.wrong_url(), Some((url, expected.to_owned())));
        }
        assert_eq!(Error::closed("list").wrong_url(), None);
    }
}

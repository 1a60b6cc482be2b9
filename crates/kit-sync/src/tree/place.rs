//! What a report says of a task that it must not pay for: a hundred thousand tasks may end at
//! once, and nobody may ever read their names.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The names of a task's scopes and its own, such as `helloworld/http/accept`. It is put together
/// when it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskPath {
    scope: Arc<str>,
    name: Cow<'static, str>,
}

impl TaskPath {
    pub(super) fn new(scope: &Arc<str>, name: impl Into<Cow<'static, str>>) -> TaskPath {
        TaskPath {
            scope: Arc::clone(scope),
            name: name.into(),
        }
    }

    /// The names of its scopes.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for TaskPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope, self.name)
    }
}

impl PartialEq<str> for TaskPath {
    fn eq(&self, other: &str) -> bool {
        let scope = other.strip_suffix(self.name());
        scope.and_then(|scope| scope.strip_suffix('/')) == Some(self.scope())
    }
}

impl PartialEq<&str> for TaskPath {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

/// A place in the source: `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Known);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Location(&'static Location<'static>),
    Text(Box<str>),
}

impl From<&'static Location<'static>> for Place {
    fn from(location: &'static Location<'static>) -> Place {
        Place(Known::Location(location))
    }
}

impl From<String> for Place {
    fn from(text: String) -> Place {
        Place(Known::Text(text.into()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Known::Location(location) => location.fmt(f),
            Known::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(feature = "serde")]
mod serialize {
    use serde::{Serialize, Serializer};

    use super::{Place, TaskPath};

    impl Serialize for TaskPath {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl Serialize for Place {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_compared_as_it_is_printed() {
        let path = TaskPath::new(&"app/http".into(), "accept");
        assert_eq!(path, "app/http/accept");
        assert_eq!(path.to_string(), "app/http/accept");
        for other in [
            "app/httpaccept",
            "app/http/",
            "accept",
            "/accept",
            "pp/http/accept",
        ] {
            assert_ne!(path, other);
        }
    }
}

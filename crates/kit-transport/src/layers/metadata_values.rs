//! Values that travel with a request, from service to service.

use std::fmt;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue};

/// Values that travel with a request: those of Kratos, `x-md-…`, and what a client adds. Cheap to clone.
///
/// A name that begins with `x-md-global-` goes on with every request that is made for this one, through the
/// whole chain; any other, such as `x-md-local-…`, one hop only.
///
/// In a handler it is what came with the request: as an extractor of axum, by
/// [`CallContext::metadata`](crate::CallContext::metadata) and
/// [`Current::metadata`](super::Current::metadata), of all requests inside [`layers::metadata`](super::metadata()).
/// A client can make one for itself:
///
/// ```
/// use axum::http::HeaderMap;
/// use kit_transport::layers::Metadata;
///
/// let metadata = Metadata::new().with("x-md-global-tenant", "blue")?;
/// let mut headers = HeaderMap::new();
/// metadata.add_to(&mut headers);
/// assert_eq!(headers["x-md-global-tenant"], "blue");
/// # Ok::<_, kit_transport::layers::MetadataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(Option<Arc<HeaderMap>>);

/// That of a request which brings none.
pub(super) static NONE: Metadata = Metadata(None);

/// Why a value cannot travel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The name is none that a header can have.
    #[error("metadata {name:?}: a name has letters, digits, - and _")]
    Name {
        /// The name.
        name: String,
    },
    /// The name is that of a header which says something about the connection or the body.
    #[error("metadata {name:?}: the header belongs to the protocol")]
    Reserved {
        /// The name.
        name: String,
    },
    /// The value has characters that no header can have.
    #[error("metadata {name:?}: the value {value:?} is no text in one line")]
    Value {
        /// The name.
        name: String,
        /// The value.
        value: String,
    },
}

/// What the protocols say by themselves.
const RESERVED: [&str; 11] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Metadata {
    /// No values.
    #[must_use]
    pub fn new() -> Metadata {
        Metadata::default()
    }

    /// Adds a value. A name may have several.
    ///
    /// # Errors
    /// When the name or the value cannot stand in a header, or the name is one by which the protocols
    /// themselves say something (`content-type`, `connection`, `grpc-…`).
    pub fn with(mut self, name: &str, value: &str) -> Result<Metadata, MetadataError> {
        let (name, value) = entry(name, value)?;
        self.append(name, value);
        Ok(self)
    }

    /// The first value of this name that is text. Names have no case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// All values of this name that are text.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().flat_map(move |map| map.get_all(name));
        values.filter_map(|value| str::from_utf8(value.as_bytes()).ok())
    }

    /// All names, in lower case, with each of their values that is text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .flat_map(|map| map.iter())
            .filter_map(|(name, value)| {
                let value = str::from_utf8(value.as_bytes()).ok()?;
                Some((name.as_str(), value))
            })
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds all of them to the head of a request. A name that stands there already stays as it is.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        self.add_those(headers, |_| true);
    }

    /// Adds those that travel through the whole chain.
    pub(super) fn add_global_to(&self, headers: &mut HeaderMap) {
        self.add_those(headers, |name| name.as_str().starts_with(GLOBAL));
    }

    fn add_those(&self, headers: &mut HeaderMap, is_wanted: impl Fn(&HeaderName) -> bool) {
        let Some(map) = &self.0 else {
            return;
        };
        for name in map.keys().filter(|name| is_wanted(name)) {
            if !headers.contains_key(name) {
                let values = map.get_all(name).iter();
                values.for_each(|value| _ = headers.append(name, value.clone()));
            }
        }
    }

    pub(super) fn append(&mut self, name: HeaderName, value: HeaderValue) {
        let map = self.0.get_or_insert_default();
        Arc::make_mut(map).append(name, value);
    }
}

/// What begins so goes through the whole chain.
const GLOBAL: &str = "x-md-global-";

/// A name and a value that may stand in the head of a request.
fn entry(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), MetadataError> {
    let key = HeaderName::try_from(name).map_err(|_| MetadataError::Name {
        name: name.to_owned(),
    })?;
    if RESERVED.contains(&key.as_str()) || key.as_str().starts_with("grpc-") {
        let name = name.to_owned();
        return Err(MetadataError::Reserved { name });
    }
    let value = HeaderValue::from_str(value).map_err(|_| MetadataError::Value {
        name: name.to_owned(),
        value: value.to_owned(),
    })?;
    Ok((key, value))
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries = self.iter();
        if let Some((name, value)) = entries.next() {
            write!(f, "{name}={value}")?;
        }
        entries.try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_may_have_several_values() {
        let metadata = Metadata::new().with("X-Md-Global-A", "1").unwrap();
        let metadata = metadata.with("x-md-global-a", "2").unwrap();
        assert_eq!(metadata.get("x-MD-global-A"), Some("1"));
        assert_eq!(
            metadata.get_all("x-md-global-a").collect::<Vec<_>>(),
            ["1", "2"]
        );
        assert_eq!(metadata.to_string(), "x-md-global-a=1 x-md-global-a=2");
    }

    #[test]
    fn what_stands_in_a_head_already_stays() {
        let metadata = Metadata::new().with("x-md-global-a", "1").unwrap();
        let metadata = metadata.with("x-md-local-b", "2").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-md-global-a", HeaderValue::from_static("the caller's"));
        metadata.add_to(&mut headers);
        metadata.add_to(&mut headers);
        assert_eq!(headers.get_all("x-md-global-a").iter().count(), 1);
        assert_eq!(headers["x-md-global-a"], "the caller's");
        assert_eq!(headers.get_all("x-md-local-b").iter().count(), 1);
        let mut headers = HeaderMap::new();
        metadata.add_global_to(&mut headers);
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn what_cannot_travel_says_why() {
        let error = |name, value| Metadata::new().with(name, value).unwrap_err().to_string();
        assert!(error("x md", "1").contains(r#""x md""#));
        assert!(error("grpc-timeout", "1S").contains("belongs to the protocol"));
        assert!(error("Content-Type", "text").contains("belongs to the protocol"));
        assert!(error("x-md-a", "a\nb").contains(r#""a\nb""#));
    }
}

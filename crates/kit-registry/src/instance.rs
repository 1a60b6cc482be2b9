//! Instances: the running processes of a service.

mod json;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::{Endpoint, Error};

/// The most bytes of metadata, in the JSON that is stored, with its escapes. More is refused: a
/// registry hands it to every client of the service, and with the other fields it stays below the
/// 1.5 MiB that etcd accepts by default.
pub const MAX_METADATA: usize = 1024 * 1024;

/// The most bytes of each other field, in the same JSON.
const MAX_FIELD: usize = 64 * 1024;

/// One running process of a service, as others see it.
///
/// It was validated when it was built and cannot be changed; [`to_builder`](Self::to_builder) makes
/// another one. Two are equal when all five fields are.
///
/// ```
/// # fn main() -> Result<(), kit_registry::Error> {
/// use kit_registry::ServiceInstance;
///
/// let instance = ServiceInstance::builder("7f3a", "helloworld")
///     .version("1.2.0")
///     .metadata("zone", "sh001")
///     .endpoint("http://10.0.0.7:8000".parse()?)
///     .build()?;
/// assert_eq!(instance.to_string(), "helloworld/7f3a");
/// assert_eq!(
///     instance.to_json(),
///     r#"{"id":"7f3a","name":"helloworld","version":"1.2.0","metadata":{"zone":"sh001"},"endpoints":["http://10.0.0.7:8000"]}"#
/// );
/// assert_eq!(ServiceInstance::from_json(instance.to_json().as_bytes())?, instance);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInstance {
    id: String,
    name: ServiceName,
    version: String,
    metadata: BTreeMap<String, String>,
    endpoints: Vec<Endpoint>,
}

/// The name under which the instances of a service are found: not empty, no `/`, no control
/// characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(String);

/// Builds a [`ServiceInstance`]; made by [`ServiceInstance::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ServiceInstanceBuilder {
    id: String,
    name: String,
    version: String,
    metadata: BTreeMap<String, String>,
    endpoints: Vec<Endpoint>,
}

impl ServiceInstance {
    /// Begins an instance; `id` is unique among those of the service `name`.
    pub fn builder(id: impl Into<String>, name: impl Into<String>) -> ServiceInstanceBuilder {
        ServiceInstanceBuilder {
            id: id.into(),
            name: name.into(),
            version: String::new(),
            metadata: BTreeMap::new(),
            endpoints: Vec::new(),
        }
    }

    /// A builder with everything that this instance has.
    pub fn to_builder(&self) -> ServiceInstanceBuilder {
        let ServiceInstance {
            id,
            name,
            version,
            metadata,
            endpoints,
        } = self.clone();
        ServiceInstanceBuilder {
            id,
            name: name.0,
            version,
            metadata,
            endpoints,
        }
    }

    /// The id, unique among the instances of the service.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The service.
    #[must_use]
    pub fn name(&self) -> &ServiceName {
        &self.name
    }

    /// Its version; may be empty.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Facts for clients, such as a zone or a weight.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The share of requests that it asks for, among the instances of its service: the metadata
    /// `weight`, read as the selectors of Kratos read it, a decimal number with or without a sign.
    /// `None` when it is missing or no such number, where Kratos takes 100.
    #[must_use]
    pub fn weight(&self) -> Option<i64> {
        self.metadata.get("weight")?.parse().ok()
    }

    /// The URLs at which it is reached, in the order in which they were added.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The five keys in order, compact, as Kratos writes them: Go's escapes, and `null` for no
    /// metadata.
    #[must_use]
    pub fn to_json(&self) -> String {
        let ServiceInstance {
            id,
            name,
            version,
            metadata,
            endpoints,
        } = self;
        json::write(id, &name.0, version, metadata, endpoints)
    }

    /// Reads JSON that [`to_json`](Self::to_json) or another program wrote.
    ///
    /// Tolerant in form: keys in any order and case, unknown ones skipped, `version`, `metadata` and
    /// `endpoints` missing or `null`; of any size. An endpoint that is not a URL with host and port is
    /// left out, as no client could connect to it.
    ///
    /// # Errors
    /// [`Error::Decode`] when it is not JSON of this shape, [`Error::Invalid`] when id or name break
    /// the rules.
    pub fn from_json(json: &[u8]) -> Result<ServiceInstance, Error> {
        let (instance, left_out) = ServiceInstance::read(json)?;
        for error in left_out {
            tracing::debug!(%instance, error = %error.chain(), "endpoint left out");
        }
        Ok(instance)
    }

    /// [`from_json`](Self::from_json), with the errors of the endpoints that were left out. Sizes are
    /// not checked: the value was stored as it is.
    pub(crate) fn read(json: &[u8]) -> Result<(ServiceInstance, Vec<Error>), Error> {
        json::read(json, |id, name, version, metadata, endpoints| {
            let builder = ServiceInstanceBuilder {
                id,
                name,
                version,
                metadata,
                endpoints,
            };
            builder.build_of_any_size()
        })
    }
}

/// `name/id`.
impl fmt::Display for ServiceInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.id)
    }
}

impl ServiceInstanceBuilder {
    /// Replaces the version.
    pub fn version(mut self, version: impl Into<String>) -> ServiceInstanceBuilder {
        self.version = version.into();
        self
    }

    /// Adds one entry to the metadata, or replaces that of the same key.
    pub fn metadata(
        mut self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> ServiceInstanceBuilder {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds an endpoint.
    pub fn endpoint(mut self, endpoint: Endpoint) -> ServiceInstanceBuilder {
        self.endpoints.push(endpoint);
        self
    }

    /// The instance.
    ///
    /// # Errors
    /// [`Error::Invalid`] when id or name is empty or holds a `/` or a control character, when the
    /// metadata is larger than [`MAX_METADATA`] in the JSON that is stored, or when another field is
    /// larger than 64 KiB there.
    pub fn build(self) -> Result<ServiceInstance, Error> {
        let instance = self.build_of_any_size()?;
        check_sizes(&instance)?;
        Ok(instance)
    }

    fn build_of_any_size(self) -> Result<ServiceInstance, Error> {
        let ServiceInstanceBuilder {
            id,
            name,
            version,
            metadata,
            endpoints,
        } = self;
        check_segment("id of an instance", &id)?;
        let name = ServiceName::try_from(name)?;
        Ok(ServiceInstance {
            id,
            name,
            version,
            metadata,
            endpoints,
        })
    }
}

impl ServiceName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceName {
    type Err = Error;

    fn from_str(name: &str) -> Result<ServiceName, Error> {
        ServiceName::try_from(name.to_owned())
    }
}

impl TryFrom<&str> for ServiceName {
    type Error = Error;

    fn try_from(name: &str) -> Result<ServiceName, Error> {
        name.parse()
    }
}

impl TryFrom<String> for ServiceName {
    type Error = Error;

    fn try_from(name: String) -> Result<ServiceName, Error> {
        check_segment("name of a service", &name)?;
        Ok(ServiceName(name))
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for ServiceName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ServiceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<ServiceName> for String {
    fn from(name: ServiceName) -> String {
        name.0
    }
}

/// Checks the sizes in the JSON that is stored, because a registry accepts or refuses that: a `<` is
/// one byte of text and six bytes of JSON. The error about the metadata names its largest value.
fn check_sizes(instance: &ServiceInstance) -> Result<(), Error> {
    let metadata = json::size_of(&instance.metadata);
    if metadata > MAX_METADATA {
        let sizes = instance.metadata.iter();
        let sizes = sizes.map(|(key, value)| (json::size_of(value), key));
        let value = match sizes.max() {
            Some((size, key)) => {
                let key = shortened(key);
                format!("{metadata} bytes as JSON, {size} of them the value of '{key}'")
            }
            None => format!("{metadata} bytes as JSON"),
        };
        return Err(Error::Invalid {
            what: "metadata of an instance",
            value,
            expected: "at most 1048576 bytes as JSON",
        });
    }
    let endpoints: Vec<&str> = instance.endpoints.iter().map(Endpoint::as_str).collect();
    let fields = [
        ("id of an instance", json::size_of(&instance.id)),
        ("name of a service", json::size_of(&instance.name.as_str())),
        ("version of an instance", json::size_of(&instance.version)),
        ("endpoints of an instance", json::size_of(&endpoints)),
    ];
    match fields.into_iter().find(|(_, size)| *size > MAX_FIELD) {
        Some((what, size)) => Err(Error::Invalid {
            what,
            value: format!("{size} bytes as JSON"),
            expected: "at most 65536 bytes as JSON",
        }),
        None => Ok(()),
    }
}

/// The beginning of a text, short enough for a message.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Checks that a name or an id can be one segment of a key or of a path.
fn check_segment(what: &'static str, value: &str) -> Result<(), Error> {
    let expected = if value.is_empty() {
        "at least one character"
    } else if value.contains('/') {
        "without '/'"
    } else if value.chars().any(char::is_control) {
        "without control characters"
    } else {
        return Ok(());
    };
    Err(Error::Invalid {
        what,
        value: shortened(value),
        expected,
    })
}

#[cfg(test)]
mod tests;

//! What the spans are of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1;

/// The process of which the spans are: `service.name`, `service.version` and `service.instance.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it is to be given to `Otlp::start`"]
pub struct Resource {
    attributes: BTreeMap<String, String>,
}

impl Resource {
    /// Of the service with this name.
    pub fn new(service: impl Into<String>) -> Resource {
        let name = ("service.name".to_owned(), service.into());
        Resource {
            attributes: BTreeMap::from([name]),
        }
    }

    /// Replaces the version of the service.
    pub fn version(self, version: impl Into<String>) -> Resource {
        self.attribute("service.version", version)
    }

    /// Replaces the id of the process among all of the service.
    pub fn instance(self, id: impl Into<String>) -> Resource {
        self.attribute("service.instance.id", id)
    }

    /// Replaces an attribute.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Resource {
        self.attributes.insert(name.into(), value.into());
        self
    }
}

/// The present resource, which may become known after the first spans.
#[derive(Clone, Debug)]
pub(super) struct PresentResource(Arc<Mutex<Resource>>);

impl PresentResource {
    pub(super) fn new(resource: Resource) -> PresentResource {
        PresentResource(Arc::new(Mutex::new(resource)))
    }

    /// Changes what it says; attributes that are not named stay.
    pub(super) fn change(&self, change: impl FnOnce(Resource) -> Resource) {
        let mut present = kit_sync::lock(&self.0);
        *present = change(present.clone());
    }

    pub(super) fn message(&self) -> v1::Resource {
        let attributes = kit_sync::lock(&self.0).attributes.clone();
        let attributes = attributes.into_iter().map(|(key, text)| KeyValue {
            key,
            value: Some(AnyValue {
                value: Some(any_value::Value::StringValue(text)),
            }),
            ..KeyValue::default()
        });
        v1::Resource {
            attributes: attributes.collect(),
            ..v1::Resource::default()
        }
    }
}

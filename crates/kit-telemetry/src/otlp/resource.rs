//! What the spans are of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kit_app::Info;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1;

/// The process of which the spans are: `service.name`, `service.version` and `service.instance.id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    attributes: BTreeMap<String, String>,
    /// Those of the options, which the app's own do not replace.
    fixed: BTreeMap<String, String>,
}

impl Resource {
    /// Of the service with this name, with the attributes of the options.
    pub(super) fn new(service: &str, fixed: &BTreeMap<String, String>) -> Resource {
        let name = ("service.name".to_owned(), service.to_owned());
        Resource {
            attributes: BTreeMap::from([name]),
            fixed: fixed.clone(),
        }
    }

    /// Replaces an attribute.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.attributes.insert(name.to_owned(), value.to_owned());
    }
}

/// The present resource, which may become known after the first spans.
#[derive(Clone, Debug)]
pub(super) struct PresentResource(Arc<Mutex<Resource>>);

impl PresentResource {
    pub(super) fn new(resource: Resource) -> PresentResource {
        PresentResource(Arc::new(Mutex::new(resource)))
    }

    /// Takes in what the app says of itself; an empty version says nothing.
    pub(super) fn identify(&self, info: &Info) {
        let mut present = kit_sync::lock(&self.0);
        present.set("service.name", info.name());
        present.set("service.instance.id", info.id());
        if !info.version().is_empty() {
            present.set("service.version", info.version());
        }
    }

    pub(super) fn message(&self) -> v1::Resource {
        let attributes = {
            let present = kit_sync::lock(&self.0);
            let mut attributes = present.attributes.clone();
            attributes.extend(present.fixed.clone());
            attributes
        };
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

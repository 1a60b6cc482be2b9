//! The form of an instance in Consul: that of Kratos, and a tag for what that form cannot hold.

use std::collections::BTreeMap;

use kit_registry::{Endpoint, ServiceInstance, ServiceName};
use serde::{Deserialize, Deserializer, Serialize};

use super::owner::Owner;
use super::service_id::{id_in, service_id, service_name};
use super::tags::{VERSION, WHOLE};
use super::url::ServiceOptions;

/// The most that Consul takes as metadata of a service.
const MAX_PAIRS: usize = 64;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 512;

/// A service, as it is written to an agent and read from the catalogue.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Entry {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    /// `Name` where it is written and `Service` where it is read.
    #[serde(alias = "Service")]
    name: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub(crate) tags: Vec<String>,
    #[serde(deserialize_with = "null_is_empty")]
    meta: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_is_empty")]
    tagged_addresses: BTreeMap<String, TaggedAddress>,
    address: String,
    port: u16,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TaggedAddress {
    /// A whole URL, as with Kratos; in Consul's own entries (`lan_ipv4` and the like) a host.
    address: String,
    port: u16,
}

/// A service with its check, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Registration<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    check: Check,
}

/// The check is critical at first, and passes by a separate call: so a late write shows nothing. An
/// entry that is written again keeps the state of its check.
#[derive(Serialize)]
struct Check {
    #[serde(rename = "CheckID")]
    id: String,
    #[serde(rename = "TTL")]
    ttl: String,
    #[serde(rename = "DeregisterCriticalServiceAfter")]
    remove_after: String,
}

impl Entry {
    /// The entry of an instance. Where [`instance`](Self::instance) would read another one from the
    /// fields that Kratos knows, a tag has the whole instance.
    pub(crate) fn of(instance: &ServiceInstance, options: &ServiceOptions, owner: &Owner) -> Entry {
        let first = instance.endpoints().first();
        let mut entry = Entry {
            id: service_id(instance),
            name: service_name(instance.name()),
            tags: vec![format!("{VERSION}{}", instance.version())],
            meta: allowed(instance.metadata()),
            tagged_addresses: tagged(instance.endpoints()),
            address: first.map_or("", Endpoint::host).to_owned(),
            port: first.map_or(0, Endpoint::port),
        };
        entry.tags.extend(options.tags.iter().cloned());
        entry.tags.push(owner.tag());
        if entry.instance(instance.name()).as_ref() != Some(instance) {
            entry.tags.push(format!("{WHOLE}{}", instance.to_json()));
        }
        entry
    }

    pub(crate) fn to_json(&self, options: &ServiceOptions) -> String {
        let registration = Registration {
            entry: self,
            check: Check {
                id: self.check_id(),
                ttl: format!("{}s", options.ttl.as_secs()),
                remove_after: format!("{}s", options.remove_after.as_secs()),
            },
        };
        serde_json::to_string(&registration).expect("texts, numbers, lists and maps of texts")
    }

    /// As Kratos names it.
    pub(crate) fn check_id(&self) -> String {
        format!("service:{}", self.id)
    }

    /// With this address where it has none: a service that was registered without one is at that of its node.
    pub(crate) fn or_address(mut self, address: String) -> Entry {
        if self.address.is_empty() {
            self.address = address;
        }
        self
    }

    /// The instance of `service` that this is; `None` for an entry of another service, whose name
    /// Consul takes for the same, and for one that is no instance.
    pub(crate) fn instance(&self, service: &ServiceName) -> Option<ServiceInstance> {
        if self.name != service_name(service) {
            return None;
        }
        let whole = self.tags.iter().find_map(|tag| tag.strip_prefix(WHOLE));
        if let Some(whole) = whole
            && let Ok(instance) = ServiceInstance::from_json(whole.as_bytes())
            && instance.name() == service
            && service_id(&instance) == self.id
        {
            return Some(instance);
        }
        // Another program, such as one on Kratos, may have an id that has the form of Kit's.
        let of_kit = Owner::of(&self.tags).and_then(|_| id_in(&self.id, service));
        let id = of_kit.unwrap_or_else(|| self.id.clone());
        let version = self.tags.iter().find_map(|tag| tag.strip_prefix(VERSION));
        let mut builder = ServiceInstance::builder(id, service.as_str());
        builder = builder.version(version.unwrap_or_default());
        for (key, value) in &self.meta {
            builder = builder.metadata(key, value);
        }
        for endpoint in self.endpoints() {
            builder = builder.endpoint(endpoint);
        }
        let built = builder.build();
        let failed = |error: &kit_registry::Error| {
            tracing::debug!(id = self.id, %service, error = %error.chain(), "no instance");
        };
        built.inspect_err(failed).ok()
    }

    /// The endpoint at the service's own address, then the others in the order of their keys. A service
    /// of another program may have none but its own address.
    fn endpoints(&self) -> Vec<Endpoint> {
        let tagged = self.tagged_addresses.iter();
        let own = tagged.filter(|(key, _)| !key.starts_with("lan_") && !key.starts_with("wan_"));
        let urls = own.filter_map(|(_, tagged)| tagged.address.parse::<Endpoint>().ok());
        let mut endpoints: Vec<Endpoint> = urls.collect();
        endpoints.sort_by_key(|endpoint| {
            endpoint.host() != self.address || endpoint.port() != self.port
        });
        if endpoints.is_empty() && !self.address.is_empty() && self.port != 0 {
            endpoints.extend(Endpoint::new("http", &self.address, self.port));
        }
        endpoints
    }
}

/// The key of an endpoint is its scheme; that of a second one has a number as well.
fn tagged(endpoints: &[Endpoint]) -> BTreeMap<String, TaggedAddress> {
    let mut tagged = BTreeMap::new();
    for endpoint in endpoints {
        let scheme = endpoint.scheme();
        let numbered = (2..).map(|number| format!("{scheme}-{number}"));
        let mut keys = std::iter::once(scheme.to_owned()).chain(numbered);
        let free = keys.find(|key| !tagged.contains_key(key));
        tagged.insert(
            free.unwrap_or_default(),
            TaggedAddress {
                address: endpoint.to_string(),
                port: endpoint.port(),
            },
        );
    }
    tagged
}

/// The part of the metadata that Consul takes.
fn allowed(metadata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_allowed = |(key, value): &(&String, &String)| {
        !key.is_empty()
            && key.len() <= MAX_KEY
            && value.len() <= MAX_VALUE
            && !key.starts_with("consul-")
            && (key.bytes()).all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let pairs = metadata.iter().filter(is_allowed).take(MAX_PAIRS);
    pairs.map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// In Go an empty list or map is often `null`.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options() -> ServiceOptions {
        ServiceOptions {
            tags: vec!["blue".to_owned()],
            ttl: Duration::from_secs(20),
            remove_after: Duration::from_secs(600),
        }
    }

    fn instance(metadata: &[(&str, &str)], endpoints: &[&str]) -> ServiceInstance {
        let mut builder = ServiceInstance::builder("1", "hello").version("v1");
        for (key, value) in metadata {
            builder = builder.metadata(*key, *value);
        }
        for endpoint in endpoints {
            builder = builder.endpoint(endpoint.parse().unwrap());
        }
        builder.build().unwrap()
    }

    #[test]
    fn an_instance_is_written_as_kratos_writes_it() {
        let instance = instance(
            &[("zone", "a")],
            &["http://10.0.0.7:80", "grpc://10.0.0.7:90"],
        );
        let owner = Owner::new();
        let entry = Entry::of(&instance, &options(), &owner);
        let json: serde_json::Value = serde_json::from_str(&entry.to_json(&options())).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "ID": "hello:1",
                "Name": "hello",
                "Tags": ["version=v1", "blue", owner.tag()],
                "Meta": {"zone": "a"},
                "TaggedAddresses": {
                    "grpc": {"Address": "grpc://10.0.0.7:90", "Port": 90},
                    "http": {"Address": "http://10.0.0.7:80", "Port": 80},
                },
                "Address": "10.0.0.7",
                "Port": 80,
                "Check": {
                    "CheckID": "service:hello:1",
                    "TTL": "20s",
                    "DeregisterCriticalServiceAfter": "600s",
                },
            })
        );
    }

    #[test]
    fn every_instance_is_read_as_it_was_written() {
        let long = "x".repeat(1_000);
        let many: Vec<String> = (0..70).map(|n| n.to_string()).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|n| (n.as_str(), "v")).collect();
        for (instance, is_whole) in [
            (instance(&[], &[]), false),
            (instance(&[("k", "")], &["http://h:1"]), false),
            (instance(&[], &["http://h:1", "grpc://h:2"]), false),
            (instance(&[], &["http://[::1]:1", "grpc://[::1]:2"]), false),
            (instance(&[], &["http://h:1", "http://h:2"]), false),
            (instance(&[], &["z://h:1", "y://h:2", "x://h:3"]), true),
            (instance(&[("ünïcode", "<&>\n")], &[]), true),
            (instance(&[("long", &long)], &[]), true),
            (instance(&many, &[]), true),
            (instance(&[("consul-x", "v")], &[]), true),
        ] {
            let entry = Entry::of(&instance, &options(), &Owner::new());
            assert_eq!(entry.instance(instance.name()).as_ref(), Some(&instance));
            let has_whole = entry.tags.iter().any(|tag| tag.starts_with(WHOLE));
            assert_eq!(has_whole, is_whole, "{instance:?}");
        }
    }

    #[test]
    fn an_instance_of_kratos_and_a_service_of_another_program_are_read() {
        let kratos = r#"{"ID":"7f3a","Service":"hello","Tags":["version=v1"],"Meta":{"k":"v"},
            "TaggedAddresses":{"grpc":{"Address":"grpc://10.0.0.7:90?isSecure=false","Port":90},
            "http":{"Address":"http://10.0.0.7:80","Port":80},
            "lan_ipv4":{"Address":"10.0.0.7","Port":80}},"Address":"10.0.0.7","Port":80}"#;
        let entry: Entry = serde_json::from_str(kratos).unwrap();
        let name = "hello".parse().unwrap();
        let read = entry.instance(&name).unwrap();
        assert_eq!(
            read.to_json(),
            r#"{"id":"7f3a","name":"hello","version":"v1","metadata":{"k":"v"},"endpoints":["http://10.0.0.7:80","grpc://10.0.0.7:90?isSecure=false"]}"#
        );
        let other = r#"{"ID":"db","Service":"hello","Tags":null,"Meta":null,
            "TaggedAddresses":null,"Address":"10.0.0.8","Port":5432,"Weights":{"Passing":1}}"#;
        let entry: Entry = serde_json::from_str(other).unwrap();
        let read = entry.instance(&name).unwrap();
        assert_eq!(read.endpoints()[0].as_str(), "http://10.0.0.8:5432");
        assert_eq!(entry.instance(&"Hello".parse().unwrap()), None);
    }

    #[test]
    fn a_service_without_an_address_is_at_that_of_its_node() {
        let name = "hello".parse().unwrap();
        let endpoints = |json: &str| {
            let entry: Entry = serde_json::from_str(json).unwrap();
            let read = entry.or_address("10.0.0.9".to_owned()).instance(&name);
            read.unwrap().endpoints().to_vec()
        };
        let here = endpoints(r#"{"ID":"db","Service":"hello","Address":"","Port":5432}"#);
        assert_eq!(here[0].as_str(), "http://10.0.0.9:5432");
        let there = endpoints(r#"{"ID":"db","Service":"hello","Address":"10.0.0.8","Port":1}"#);
        assert_eq!(there[0].as_str(), "http://10.0.0.8:1");
        assert_eq!(
            endpoints(r#"{"ID":"job","Service":"hello","Address":"","Port":0}"#),
            []
        );
    }

    #[test]
    fn an_id_of_another_program_is_read_as_it_is_even_if_it_looks_like_one_of_kit() {
        for id in ["hello:1", "hello:10.0.0.7:8000", "hello:~41", "7f3a"] {
            let json = format!(r#"{{"ID":"{id}","Service":"hello","Tags":["version=v1"]}}"#);
            let entry: Entry = serde_json::from_str(&json).unwrap();
            let read = entry.instance(&"hello".parse().unwrap()).unwrap();
            assert_eq!(read.id(), id);
        }
    }
}

//! The keys under which instances are stored: `<namespace>/<name>/<id>`.

use crate::{ServiceInstance, ServiceName};

#[derive(Debug, Clone)]
pub(super) struct Keys {
    namespace: String,
}

impl Keys {
    pub(super) fn new(namespace: String) -> Keys {
        Keys { namespace }
    }

    pub(super) fn of(&self, instance: &ServiceInstance) -> String {
        format!("{}/{}/{}", self.namespace, instance.name(), instance.id())
    }

    /// Ends in a `/`, so that `hello` does not find `helloworld`.
    pub(super) fn prefix(&self, service: &ServiceName) -> String {
        format!("{}/{service}/", self.namespace)
    }
}

/// The end of the range of keys that begin with `prefix`, which ends in a `/`.
pub(super) fn range_end(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_covers_its_service_and_no_other() {
        let keys = Keys::new("/microservices".to_owned());
        let instance = ServiceInstance::builder("1", "hello").build().unwrap();
        assert_eq!(keys.of(&instance), "/microservices/hello/1");
        let prefix = keys.prefix(instance.name());
        let end = range_end(&prefix);
        let within = |key: &str| key.as_bytes() >= prefix.as_bytes() && key.as_bytes() < &*end;
        assert!(within("/microservices/hello/1"));
        assert!(within("/microservices/hello/\u{10ffff}"));
        assert!(!within("/microservices/helloworld/1"));
        assert!(!within("/microservices/hello"));
    }
}

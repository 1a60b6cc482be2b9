//! The requests that this process has sent, noted before they are sent: calls may be dropped at any await.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use kit_registry::ServiceInstance;

/// The requests about each entry, by the entries' ids.
#[derive(Default)]
pub(crate) struct Requests {
    entries: Mutex<HashMap<String, Sent>>,
}

#[derive(Default)]
struct Sent {
    /// The number of requests without an answer.
    doubts: usize,
    /// The value that was written last, confirmed or not.
    value: Option<ServiceInstance>,
}

/// A request on its way.
#[must_use = "a request is in doubt until it is settled"]
pub(crate) struct Doubt<'a> {
    requests: &'a Requests,
    id: &'a str,
}

impl Requests {
    pub(crate) fn begin<'a>(&'a self, id: &'a str) -> Doubt<'a> {
        self.entries().entry(id.to_owned()).or_default().doubts += 1;
        Doubt { requests: self, id }
    }

    pub(crate) fn begin_write<'a>(&'a self, id: &'a str, instance: &ServiceInstance) -> Doubt<'a> {
        let doubt = self.begin(id);
        self.entries().entry(id.to_owned()).or_default().value = Some(instance.clone());
        doubt
    }

    pub(crate) fn is_in_doubt(&self, id: &str) -> bool {
        self.entries().get(id).is_some_and(|sent| sent.doubts > 0)
    }

    /// Whether this is the last value that was written, also without an answer.
    pub(crate) fn is_last_written(&self, id: &str, instance: &ServiceInstance) -> bool {
        let entries = self.entries();
        let last = entries.get(id).and_then(|sent| sent.value.as_ref());
        last == Some(instance)
    }

    pub(crate) fn forget(&self, id: &str) {
        self.entries().remove(id);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Sent>> {
        kit_sync::lock(&self.entries)
    }
}

impl Doubt<'_> {
    /// The request was answered.
    pub(crate) fn settle(self) {
        if let Some(sent) = self.requests.entries().get_mut(self.id) {
            sent.doubts = sent.doubts.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_in_doubt_until_its_own_answer() {
        let requests = Requests::default();
        let instance = ServiceInstance::builder("1", "hello").build().unwrap();
        requests.begin_write("hello:1", &instance).settle();
        assert!(!requests.is_in_doubt("hello:1"));
        // Its call was dropped.
        let _ = requests.begin("hello:1");
        requests.begin("hello:1").settle();
        assert!(requests.is_in_doubt("hello:1") && !requests.is_in_doubt("hello:2"));
        assert!(requests.is_last_written("hello:1", &instance));
        requests.forget("hello:1");
        assert!(!requests.is_in_doubt("hello:1"));
        assert!(!requests.is_last_written("hello:1", &instance));
    }
}

//! The instances of a service as they are now.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use tonic::Code;

use super::client::{Client, MAX_MESSAGE};
use super::cluster::refusal_code;
use super::key::{Keys, range_end};
use super::proto::etcdserverpb::kv_client::KvClient;
use super::proto::etcdserverpb::{RangeRequest, RangeResponse};
use super::proto::mvccpb::KeyValue;
use crate::{Error, ServiceInstance, ServiceName, Snapshot};

/// The number of instances in one call.
const PAGE: i64 = 500;
/// The number of times a list begins anew because its revision was compacted meanwhile.
const COMPACTIONS: usize = 3;

pub(super) struct Listing {
    pub(super) client: Arc<Client>,
    pub(super) keys: Keys,
    faults: Arc<Faults>,
}

/// The stored values that the log has a line about, so that each has one, however often it is read.
#[derive(Debug, Default)]
struct Faults {
    /// By key, the revision of the value.
    revisions: Mutex<HashMap<Vec<u8>, i64>>,
}

/// The number of faults that are remembered; after that, lines come again.
const MAX_FAULTS: usize = 1024;

/// The instances of a service by key, at a revision.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) revision: i64,
    instances: BTreeMap<Vec<u8>, Arc<ServiceInstance>>,
    faults: Arc<Faults>,
}

impl Listing {
    pub(super) fn new(client: Arc<Client>, keys: Keys) -> Listing {
        Listing {
            client,
            keys,
            faults: Arc::default(),
        }
    }

    /// All instances at one revision, page by page.
    pub(super) async fn list(&self, service: &ServiceName) -> Result<Found, Error> {
        let attempt = format!("list {service}");
        let mut left = COMPACTIONS;
        loop {
            match self.list_once(&attempt, service).await {
                Err(error) if left > 0 && refusal_code(&error) == Some(Code::OutOfRange) => {
                    left -= 1;
                }
                result => return result,
            }
        }
    }

    /// Lists page by page. The first page gives the revision at which the others are read, so that
    /// all of them are one moment; each page begins right behind the last key of the one before it.
    async fn list_once(&self, attempt: &str, service: &ServiceName) -> Result<Found, Error> {
        let prefix = self.keys.prefix(service);
        let range_end = range_end(&prefix);
        let mut from = prefix.into_bytes();
        let mut found = Found {
            faults: Arc::clone(&self.faults),
            ..Found::default()
        };
        loop {
            let request = RangeRequest {
                key: from,
                range_end: range_end.clone(),
                limit: PAGE,
                revision: found.revision,
            };
            let page = self.page(attempt, &request).await?;
            if found.revision == 0 {
                found.revision = page.header.map_or(0, |header| header.revision);
            }
            let last = page.kvs.last().map(|kv| kv.key.clone());
            for kv in page.kvs {
                found.put(service, kv);
            }
            match last {
                Some(mut after) if page.more => {
                    after.push(0);
                    from = after;
                }
                _ => return Ok(found),
            }
        }
    }

    async fn page(&self, attempt: &str, request: &RangeRequest) -> Result<RangeResponse, Error> {
        self.client
            .call(attempt, |service| {
                let request = request.clone();
                async move {
                    KvClient::new(service)
                        .max_decoding_message_size(MAX_MESSAGE)
                        .range(request)
                        .await
                }
            })
            .await
    }
}

impl Found {
    /// Takes in a stored value. One that is no instance of the service has one line in the log and is
    /// left out; the others are not held back by it.
    pub(super) fn put(&mut self, service: &ServiceName, kv: KeyValue) {
        match decode(service, &kv.value) {
            Ok((instance, left_out)) => {
                if let [first, rest @ ..] = &*left_out
                    && self.faults.record(&kv)
                {
                    let key = String::from_utf8_lossy(&kv.key);
                    let (error, more) = (first.chain(), rest.len());
                    tracing::warn!(%key, %error, more, "endpoint of a stored instance left out");
                }
                self.instances.insert(kv.key, Arc::new(instance));
            }
            Err(error) => {
                if self.faults.record(&kv) {
                    let key = String::from_utf8_lossy(&kv.key);
                    tracing::warn!(%key, error = %error.chain(), "stored value skipped");
                }
                self.instances.remove(&kv.key);
            }
        }
    }

    pub(super) fn delete(&mut self, key: &[u8]) {
        self.instances.remove(key);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let instances: Arc<[_]> = self.instances.values().cloned().collect();
        Snapshot::fresh(instances, u64::try_from(self.revision).unwrap_or(0))
    }
}

impl Faults {
    /// Remembers a faulty value; returns whether it is a new one.
    fn record(&self, kv: &KeyValue) -> bool {
        let mut revisions = kit_sync::lock(&self.revisions);
        if revisions.len() >= MAX_FAULTS && !revisions.contains_key(&kv.key) {
            revisions.clear();
        }
        revisions.insert(kv.key.clone(), kv.mod_revision) != Some(kv.mod_revision)
    }
}

fn decode(service: &ServiceName, value: &[u8]) -> Result<(ServiceInstance, Vec<Error>), Error> {
    let (instance, left_out) = ServiceInstance::read(value)?;
    if instance.name() != service {
        return Err(Error::Invalid {
            what: "name of the stored instance",
            value: instance.name().to_string(),
            expected: "that of the service in its key",
        });
    }
    Ok((instance, left_out))
}

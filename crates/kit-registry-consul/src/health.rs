//! Finding the instances of a service whose checks pass.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit_registry::{
    Discovery, Error, Feed, ServiceInstance, ServiceName, SharedWatches, Snapshot, Watch,
};
use kit_sync::Scope;
use serde::Deserialize;
use tokio::time::sleep;

use super::agent::{Agent, CALL, Call, segment};
use super::backoff::backoff;
use super::entry::Entry;
use super::service_id::service_name;

/// How long a query waits for a change. Consul adds up to a sixteenth.
///
/// A query that waits neither shows that its token may not see the instances any more, nor that the agent hangs: this
/// is the limit of the time for which a list is taken as fresh without being so.
const WAIT: Duration = Duration::from_secs(15);
/// The pause after an answer without a change. The index of a service that has no instance yet moves with each change
/// of any other service.
const NO_NEWS: Duration = Duration::from_millis(100);

pub(crate) struct Health {
    queries: Arc<Queries>,
    watches: SharedWatches,
}

struct Queries {
    agent: Arc<Agent>,
    datacenter: Option<String>,
}

/// The instances of a service at an index.
struct Found {
    index: u64,
    instances: Vec<Arc<ServiceInstance>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    #[serde(default)]
    node: Node,
    service: Entry,
}

/// The machine that a service runs at.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Node {
    address: String,
}

impl Row {
    fn instance(self, service: &ServiceName) -> Option<ServiceInstance> {
        self.service.or_address(self.node.address).instance(service)
    }
}

impl Health {
    pub(crate) fn new(agent: Arc<Agent>, datacenter: Option<String>, scope: Scope) -> Health {
        Health {
            queries: Arc::new(Queries { agent, datacenter }),
            watches: SharedWatches::new(scope),
        }
    }
}

#[async_trait]
impl Discovery for Health {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        let attempt = format!("list {service}");
        let found = self.queries.find(&attempt, service, None).await?;
        Ok(Snapshot::fresh(found.instances, found.index))
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        let attempt = format!("watch {service}");
        let first = async {
            let found = self.queries.find(&attempt, service, None).await?;
            let snapshot = Snapshot::fresh(found.instances.clone(), found.index);
            Ok((snapshot, found.index))
        };
        let (queries, followed) = (Arc::clone(&self.queries), service.clone());
        self.watches
            .watch(service, first, |index, feed| async move {
                queries.follow(&followed, index, feed).await;
            })
            .await
    }
}

impl Queries {
    /// Asks again and again for the changes since the last index.
    ///
    /// An index that goes back is that of another store, wiped or restored: the next query waits for
    /// nothing. An answer without a change is no news. That all instances have left is asked for once more: the answer of
    /// a query that waited does not say that they are there and the token may not see them any more.
    async fn follow(&self, service: &ServiceName, mut index: u64, mut feed: Feed) {
        let attempt = format!("watch {service}");
        let mut backoff = backoff();
        loop {
            let since = Some(index).filter(|index| *index > 0);
            let last = feed.last();
            let found = match self.find(&attempt, service, since).await {
                Ok(found) if found.instances.is_empty() && !last.instances.is_empty() => {
                    self.find(&attempt, service, None).await
                }
                found => found,
            };
            match found {
                Ok(found) => {
                    backoff.reset();
                    let is_news = !last.is_fresh() || *last.instances != *found.instances;
                    if is_news {
                        // Readers rely on a number that grows, which Consul's does not after a reset.
                        let revision = found.index.max(last.revision + 1);
                        feed.publish(Snapshot::fresh(found.instances, revision));
                    }
                    index = if found.index < index { 0 } else { found.index };
                    if index == 0 {
                        sleep(backoff.next_delay()).await;
                    } else if !is_news {
                        sleep(NO_NEWS).await;
                    }
                }
                Err(error) => {
                    feed.mark_stale(&error);
                    index = 0;
                    sleep(backoff.next_delay()).await;
                }
            }
        }
    }

    /// One query; with an index it waits for a change since then.
    ///
    /// Its path has the service, whose checks have to pass, the datacenter if the URL names one, and the index. An answer
    /// without rows of which some were left out for the token is an error; entries that are no instances are skipped.
    async fn find(
        &self,
        attempt: &str,
        service: &ServiceName,
        since: Option<u64>,
    ) -> Result<Found, Error> {
        let mut path = format!(
            "/v1/health/service/{}?passing=1",
            segment(&service_name(service))
        );
        if let Some(datacenter) = &self.datacenter {
            path.push_str(&format!("&dc={}", segment(datacenter)));
        }
        if let Some(index) = since {
            path.push_str(&format!("&index={index}&wait={}s", WAIT.as_secs()));
        }
        let limit = match since {
            Some(_) => WAIT + WAIT / 16 + CALL,
            None => CALL,
        };
        let answer = self.agent.call(Call::get(attempt, path, limit)).await?;
        let rows: Vec<Row> = self.agent.read(attempt, &answer)?;
        if rows.is_empty() && answer.is_filtered {
            return Err(self.agent.without_sight(attempt));
        }
        let instances = rows.into_iter().filter_map(|row| row.instance(service));
        let mut instances: Vec<_> = instances.map(Arc::new).collect();
        instances.sort_by(|a, b| a.id().cmp(b.id()));
        Ok(Found {
            index: answer.index,
            instances,
        })
    }
}

//! The entries of services in Redis, and the lists of them.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kit_registry::{Entries, Error, Lists, LossReason, ServiceInstance, ServiceName, Snapshot};
use redis::Cmd;

use super::connection::Connection;

// ANCHOR: struct
pub(crate) struct Redis {
    connection: Connection,
    ttl: Duration,
    /// A name of 16 characters that no other process has: the first part of each entry.
    owner: String,
    /// The number of the next write.
    writes: AtomicU64,
}

/// The time in milliseconds after which a fence is gone: longer than a write may take.
const FENCE: &str = "60000";

impl Redis {
    pub(crate) fn new(connection: Connection, ttl: Duration) -> Redis {
        let owner = format!("{:016x}", RandomState::new().hash_one(()));
        Redis {
            connection,
            ttl,
            owner,
            writes: AtomicU64::new(0),
        }
    }

    fn fence(&self, one: &ServiceInstance) -> String {
        format!("kit/{}/fence/{}/{}", one.name(), self.owner, one.id())
    }

    /// One call of the script on an entry. The answer is the owner of the entry.
    async fn call(&self, call: [&str; 4], one: &ServiceInstance) -> Result<(), Error> {
        let [name, rest @ ..] = call;
        let (attempt, ttl) = (format!("{name} {one}"), self.ttl.as_millis().to_string());
        let mut script = script(one.name(), &[self.fence(one)]);
        script.arg(&[name, one.id(), &self.owner, &ttl]).arg(&rest);
        let holder: String = self.connection.call(&attempt, &script).await?;
        let reason = match &*holder {
            owner if owner == self.owner => return Ok(()),
            "fenced" => return Err(Error::refused(attempt, &self.connection.name, "no fence")),
            "none" => LossReason::Expired,
            other => LossReason::TakenOver {
                by: format!("owner {other}"),
            },
        };
        Err(Error::lost(one, reason))
    }
}

/// The script with the keys of a service, and with the fence of a write; its arguments are to be added.
fn script(service: &ServiceName, fence: &[String]) -> Cmd {
    let keys = ["entries", "expiry", "revision"].map(|kind| format!("kit/{service}/{kind}"));
    let mut script = redis::cmd("EVAL");
    script
        .arg(include_str!("calls.lua"))
        .arg(3 + fence.len())
        .arg(&keys)
        .arg(fence);
    script
}
// ANCHOR_END: struct

// ANCHOR: entries
#[async_trait]
impl Entries for Redis {
    /// The number of the write goes into the fence. The write is sent after that was answered, and does
    /// nothing unless its number is still there.
    async fn write(&self, instance: &ServiceInstance, is_first: bool) -> Result<(), Error> {
        // Relaxed: the number is another one at each call, and orders nothing.
        let number = self.writes.fetch_add(1, Ordering::Relaxed).to_string();
        let mut fence = redis::cmd("SET");
        fence.arg(self.fence(instance)).arg(&[&number, "PX", FENCE]);
        let attempt = format!("write {instance}");
        self.connection.call::<()>(&attempt, &fence).await?;
        let mode = if is_first { "first" } else { "again" };
        self.call(["write", &number, mode, &instance.to_json()], instance)
            .await
    }

    async fn prolong(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.call(["prolong", "", "", ""], instance).await
    }

    /// Deletes the fence as well: no write that is still on its way does anything.
    async fn remove(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.call(["remove", "", "", ""], instance).await
    }
}
// ANCHOR_END: entries

// ANCHOR: lists
#[async_trait]
impl Lists for Redis {
    async fn list(&self, service: &ServiceName, last: Option<Snapshot>) -> Result<Snapshot, Error> {
        let known = last.as_ref().map_or(1, |last| last.revision);
        let mut script = script(service, &[]);
        script.arg("list").arg(known);
        let attempt = format!("list {service}");
        let answer = self.connection.call(&attempt, &script).await?;
        let (revision, entries): (u64, Vec<Vec<u8>>) = answer;
        if let Some(last) = last.filter(|last| last.revision == revision) {
            return Ok(last);
        }
        // An entry is its owner, a space, and the instance. One that is no instance is skipped.
        let read = |entry: &Vec<u8>| {
            let read = ServiceInstance::from_json(entry.get(17..).unwrap_or_default());
            let log = |error: &Error| tracing::debug!(%service, error = %error.chain(), "skipped");
            read.inspect_err(log).ok().map(Arc::new)
        };
        let instances: Vec<_> = entries.iter().filter_map(read).collect();
        Ok(Snapshot::fresh(instances, revision))
    }
}
// ANCHOR_END: lists

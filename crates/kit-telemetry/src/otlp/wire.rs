//! One request to a collector and its answer.

mod answer;
mod connection;
mod grpc;
mod post;
pub(super) mod target;

use std::time::Duration;

use bytes::Bytes;
use kit_sync::TaskTree;
use tokio::time::{Instant, timeout};

pub(super) use answer::{Failure, Taken};

use super::options::OtlpProtocol;
use target::Target;

/// The way to a collector. Each batch has a connection to itself: none goes stale between two batches, and
/// behind a balancer they reach all of its collectors.
#[derive(Debug)]
pub(super) struct Collector {
    target: Target,
    limit: Duration,
    /// Where the connections' tasks live.
    tasks: TaskTree,
}

impl Collector {
    /// The one at `target`; an attempt to send may take `limit`.
    pub(super) fn new(target: Target, limit: Duration) -> Collector {
        let tasks = TaskTree::new("kit otlp");
        Collector {
            target,
            limit,
            tasks,
        }
    }

    /// Its address.
    pub(super) fn address(&self) -> &str {
        self.target.authority.as_str()
    }

    /// Sends an encoded batch.
    ///
    /// # Errors
    /// It has not arrived, or not in time, or the collector has refused it.
    ///
    /// # Cancel safety
    /// A dropped call may have arrived.
    pub(super) async fn send(&self, body: Bytes) -> Result<Taken, Failure> {
        let scope = self.tasks.scope().child("connection");
        let exchange = async {
            match self.target.protocol {
                OtlpProtocol::Grpc => grpc::send(&self.target, body, &scope).await,
                OtlpProtocol::Http => post::send(&self.target, body).await,
            }
        };
        let answer = timeout(self.limit, exchange).await;
        scope.close(Instant::now()).await;
        answer.unwrap_or_else(|_| {
            let limit = kit_units::format_duration(self.limit);
            Err(Failure::passing(format!("no answer within {limit}")))
        })
    }
}

//! A Redis with the stream, seen by a client of the test's.

use std::collections::BTreeMap;

use kit_test_support::Redis;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamInfoGroupsReply, StreamPendingCountReply, StreamRangeReply};
use redis::{AsyncCommands, AsyncConnectionConfig, Client, InfoDict};

use super::{PATIENCE, Process, soon, spawn};

pub(crate) struct Broker {
    pub(crate) server: Redis,
    client: MultiplexedConnection,
    added: u32,
}

impl Broker {
    pub(crate) async fn start() -> Broker {
        let server = Redis::start().await;
        let client = Client::open(format!("redis://{}", server.address())).expect("an address");
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let client = client.get_multiplexed_async_connection_with_config(&config);
        Broker {
            client: client.await.expect("it answers"),
            server,
            added: 0,
        }
    }

    /// Starts a consumer, and waits until it pulls.
    pub(crate) async fn consumer(&self, claim_after: &str) -> Process {
        let mut consumer = spawn(&[&self.server.address(), claim_after]);
        consumer.line("pulling").await;
        consumer
    }

    /// Adds orders with the next numbers, which take between 50 and 150 ms each.
    pub(crate) async fn add(&mut self, count: u32) {
        let mut add = redis::pipe();
        for order in self.added..self.added + count {
            let takes = 50 + order * 37 % 101;
            add.xadd("orders", "*", &[("order", order), ("takes_ms", takes)]);
        }
        self.added += count;
        add.exec_async(&mut self.client)
            .await
            .expect("it takes them");
    }

    /// Adds orders until this many are queued.
    pub(crate) async fn fill(&mut self, queued: u32) {
        let has = self.queued().await;
        if has < queued {
            self.add(queued - has).await;
        }
    }

    pub(crate) async fn add_fields(&mut self, fields: &[(&str, &str)]) {
        let added: Option<String> = self
            .client
            .xadd("orders", "*", fields)
            .await
            .expect("added");
        assert!(added.is_some());
    }

    /// How many messages no consumer has pulled yet; all of them while there is no group.
    pub(crate) async fn queued(&mut self) -> u32 {
        let groups: Result<StreamInfoGroupsReply, _> = self.client.xinfo_groups("orders").await;
        let lag = match groups
            .ok()
            .and_then(|groups| groups.groups.into_iter().next())
        {
            Some(group) => group.lag.expect("nothing was deleted"),
            None => self.client.xlen("orders").await.expect("a length"),
        };
        u32::try_from(lag).expect("a small number")
    }

    /// The ids of the messages that are pulled and not acknowledged.
    pub(crate) async fn pending(&mut self) -> Vec<String> {
        let pending = self
            .client
            .xpending_count("orders", "billing", "-", "+", 10_000);
        let pending: StreamPendingCountReply = pending.await.expect("a list");
        pending.ids.into_iter().map(|pending| pending.id).collect()
    }

    /// The names of the group's consumers.
    pub(crate) async fn consumers(&mut self) -> usize {
        let groups: StreamInfoGroupsReply = self.client.xinfo_groups("orders").await.expect("one");
        groups.groups[0].consumers
    }

    /// The number of an order that is in the stream.
    pub(crate) async fn order(&mut self, id: &str) -> String {
        let found: StreamRangeReply = self.client.xrange("orders", id, id).await.expect("it is");
        found.ids[0].get("order").expect("an order")
    }

    /// How often each order was billed.
    pub(crate) async fn billed(&mut self) -> BTreeMap<String, u32> {
        self.client.hgetall("billed").await.expect("a hash")
    }

    /// Asserts that each order that was added has been billed once.
    pub(crate) async fn expect_all_once(&mut self) {
        let once = (0..self.added)
            .map(|order| (order.to_string(), 1))
            .collect();
        assert_eq!(self.billed().await, once);
    }

    pub(crate) async fn dead_letters(&mut self) -> StreamRangeReply {
        self.client
            .xrange_all("orders:dead")
            .await
            .expect("a stream")
    }

    /// Whether a read waits for messages.
    pub(crate) async fn is_read_blocked(&self) -> bool {
        let (mut client, mut ask) = (self.client.clone(), redis::cmd("INFO"));
        let info = ask.arg("clients").query_async(&mut client);
        let info: InfoDict = info.await.expect("text");
        info.get::<u32>("blocked_clients") != Some(0)
    }

    /// Waits until everything is pulled and acknowledged.
    pub(crate) async fn until_done(&mut self) {
        soon("everything is acknowledged", async || {
            self.queued().await == 0 && self.pending().await.is_empty()
        })
        .await;
    }
}

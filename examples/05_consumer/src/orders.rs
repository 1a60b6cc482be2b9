//! The stream, its consumer group, and the two connections to them.

use std::pin::pin;
use std::time::Duration;

use kit::{BoxError, Context, Info, Intake};
use redis::aio::MultiplexedConnection;
use redis::streams::{
    StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamPendingCountReply,
    StreamReadOptions, StreamReadReply,
};
use redis::{AsyncCommands, RedisResult};
use tokio::time::interval;

use crate::connection::connect;

const STREAM: &str = "orders";
const GROUP: &str = "billing";
const DEAD_LETTERS: &str = "orders:dead";
const MOST_DELIVERIES: usize = 5;
/// How long a read waits in Redis at most.
const BLOCK_MILLIS: u32 = 5_000;

/// The resource. A read that blocks has a connection for itself: the other one wakes it.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) commands: MultiplexedConnection,
    reads: MultiplexedConnection,
    reads_id: isize,
    consumer: String,
    claim_after: u32,
    /// Where the next claim goes on in the list of pending messages.
    claim_from: String,
}

impl Orders {
    /// A message that is pending for `claim_after` milliseconds is one of a consumer that has crashed.
    pub(crate) async fn open(
        ctx: Context,
        address: String,
        claim_after: u32,
    ) -> Result<Orders, BoxError> {
        let mut commands = connect(&ctx, &address, "commands").await?;
        let mut reads = connect(&ctx, &address, "reads").await?;
        let made: RedisResult<()> = commands.xgroup_create_mkstream(STREAM, GROUP, "0").await;
        if let Err(error) = made
            && error.code() != Some("BUSYGROUP")
        {
            return Err(error.into());
        }
        Ok(Orders {
            reads_id: reads.client_id().await?,
            commands,
            reads,
            consumer: ctx.get::<Info>()?.id().to_owned(),
            claim_after,
            claim_from: "0-0".to_owned(),
        })
    }

    /// How long a message may be processed: it is given up before another consumer claims it.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_millis(self.claim_after.into()) / 2
    }

    /// Waits for new messages, until there are some or the intake closes.
    pub(crate) async fn pull(
        &mut self,
        intake: &Intake,
        most: usize,
    ) -> RedisResult<Vec<StreamId>> {
        let block = BLOCK_MILLIS.min(self.claim_after / 2);
        let options = StreamReadOptions::default()
            .group(GROUP, &self.consumer)
            .count(most)
            .block(block as usize);
        let mut read = pin!(self.reads.xread_options(&[STREAM], &[">"], &options));
        let mut wakes = interval(Duration::from_millis(5));
        // Not dropped when the intake closes: the broker counts what it answers as delivered. It is
        // woken until it answers, because a wake that overtakes the read wakes nothing.
        let answer: Option<StreamReadReply> = loop {
            tokio::select! {
                biased;
                answer = &mut read => break answer?,
                _ = async { intake.closed().await; wakes.tick().await } => {
                    let mut wake = redis::cmd("CLIENT");
                    wake.arg("UNBLOCK").arg(self.reads_id);
                    wake.exec_async(&mut self.commands).await?;
                }
            }
        };
        let keys = answer.into_iter().flat_map(|answer| answer.keys);
        Ok(keys.flat_map(|key| key.ids).collect())
    }

    /// Takes over messages that have been pending for too long. Those that were delivered too often
    /// are put away.
    pub(crate) async fn claim(&mut self, most: usize) -> RedisResult<Vec<StreamId>> {
        let idle = self.claim_after as usize;
        let most = StreamAutoClaimOptions::default().count(most);
        let redis = &mut self.commands;
        let (consumer, from) = (&self.consumer, &self.claim_from);
        let claimed = redis.xautoclaim_options(STREAM, GROUP, consumer, idle, from, most);
        let claimed: StreamAutoClaimReply = claimed.await?;
        self.claim_from = claimed.next_stream_id;
        let mut messages = Vec::new();
        for message in claimed.claimed {
            let id = &message.id;
            let pending = redis.xpending_count(STREAM, GROUP, id, id, 1).await;
            let pending: StreamPendingCountReply = pending?;
            let deliveries = pending.ids.first().map_or(0, |id| id.times_delivered);
            if deliveries > MOST_DELIVERIES {
                let value = |key| (key, message.get::<Vec<u8>>(key));
                let fields: Vec<_> = message.map.keys().map(|key| value(key)).collect();
                let mut both = redis::pipe();
                both.atomic().xadd(DEAD_LETTERS, "*", &fields);
                both.xack(STREAM, GROUP, &[id]).exec_async(redis).await?;
                tracing::warn!(id, deliveries, "put to the dead letters");
            } else {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    /// Removes its name from the group, unless something is pending for it: that would be lost. The
    /// connections are closed with their last handles, and these are the last ones.
    pub(crate) async fn close(mut self) -> Result<(), BoxError> {
        let (redis, name) = (&mut self.commands, &self.consumer);
        let pending = redis.xpending_consumer_count(STREAM, GROUP, "-", "+", 1, name);
        let pending: StreamPendingCountReply = pending.await?;
        if pending.ids.is_empty() {
            let _: usize = redis.xgroup_delconsumer(STREAM, GROUP, name).await?;
        }
        Ok(())
    }

    pub(crate) async fn acknowledge(&mut self, message: &StreamId) -> RedisResult<()> {
        self.commands.xack(STREAM, GROUP, &[&message.id]).await
    }
}

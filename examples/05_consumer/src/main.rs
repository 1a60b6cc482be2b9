//! A consumer of a Redis stream: it loses no message at a stop, and processes none twice.
//!
//! ```text
//! cargo run -p consumer -- 127.0.0.1:6379 60000
//! redis-cli XADD orders '*' order 4711 takes_ms 100
//! ```
//!
//! A message that fails stays pending and is claimed after a while, as are those of a consumer that has
//! crashed; one that was delivered five times is a dead letter. A lost connection ends the process with
//! 1: the next one claims what it held.

mod connection;
mod orders;

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kit::{App, BoxError, Context};
use orders::Orders;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamId;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

/// How many messages are held at the same time: no more are pulled than can be processed at once.
const PLACES: u32 = 64;

async fn consume(ctx: Context) -> Result<(), BoxError> {
    let mut orders: Orders = ctx.get()?;
    let places = Arc::new(Semaphore::new(PLACES as usize));
    let mut claim_at = Instant::now();
    // A drain closes the intake, and opens it again when it is taken back; a stop ends the loop.
    while ctx.intake().opened().await.is_ok() {
        tracing::info!("pulling");
        while ctx.intake().is_open() {
            tokio::select! {
                biased;
                () = ctx.intake().closed() => break,
                place = places.acquire() => drop(place),
            }
            let most = places.available_permits();
            let mut messages = Vec::new();
            if claim_at <= Instant::now() {
                messages = orders.claim(most).await?;
                claim_at = Instant::now() + orders.limit();
            }
            if messages.is_empty() {
                messages = orders.pull(ctx.intake(), most).await?;
            }
            for message in messages {
                let (orders, place) = (orders.clone(), Arc::clone(&places).try_acquire_owned()?);
                let processed = async move {
                    process(orders, message).await;
                    drop(place);
                };
                let tracked = ctx.scope().track(processed);
                tracked.map_err(|_| "the scope has ended")?;
            }
        }
        let held = PLACES as usize - places.available_permits();
        tracing::info!(held, "pulls no more");
    }
    // The scope is not cancelled yet, and the connections are closed last: there is time for this.
    let _all = places.acquire_many(PLACES).await?;
    tracing::info!("holds nothing");
    Ok(())
}

/// What fails, or panics, is not acknowledged, so that it is claimed again.
async fn process(mut orders: Orders, message: StreamId) {
    let billing = bill(orders.commands.clone(), &message);
    let billed = match timeout(orders.limit(), billing).await {
        Ok(Ok(())) => orders.acknowledge(&message).await.map_err(BoxError::from),
        Ok(Err(error)) => Err(error),
        Err(elapsed) => Err(elapsed.into()),
    };
    match billed {
        Ok(()) => tracing::info!(message.id, "acknowledged"),
        Err(error) => tracing::warn!(message.id, error, "stays pending"),
    }
}

/// Stands for a call that must not be made twice if that can be helped.
async fn bill(mut redis: MultiplexedConnection, message: &StreamId) -> Result<(), BoxError> {
    let order: String = message.get("order").ok_or("no field `order`")?;
    let millis = message.get("takes_ms").unwrap_or(0);
    sleep(Duration::from_millis(millis)).await;
    Ok(redis.hincr("billed", order, 1).await?)
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let mut arguments = env::args().skip(1);
    let address = arguments.next();
    let address = address.unwrap_or_else(|| "127.0.0.1:6379".to_owned());
    let claim_after = arguments.next().unwrap_or_else(|| "60000".to_owned());
    let Ok(claim_after @ 100..) = claim_after.parse() else {
        eprintln!(
            "error: the second argument is `{claim_after}`, and has to be the number of milliseconds after \
             which a message is claimed: 100 or more, such as 60000"
        );
        return ExitCode::from(2);
    };
    App::builder("consumer")
        .version(env!("CARGO_PKG_VERSION"))
        .admin("127.0.0.1:0")
        .resource(
            "redis",
            move |ctx| Orders::open(ctx, address, claim_after),
            Orders::close,
        )
        .worker("orders", consume)
        .build()
        .main()
}

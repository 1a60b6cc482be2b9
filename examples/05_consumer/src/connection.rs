//! Connections to Redis, whose tasks belong to the app.

use std::time::Duration;

use kit::{BoxError, Context};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo};
use tokio::net::TcpStream;

/// A connection that gives no answer for this long is broken: longer than any read blocks.
const SILENCE: Duration = Duration::from_secs(10);

/// The task that carries the connection is the resource's, and ends when no handle is left.
pub(crate) async fn connect(
    ctx: &Context,
    address: &str,
    name: &'static str,
) -> Result<MultiplexedConnection, BoxError> {
    let socket = TcpStream::connect(address).await?;
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(SILENCE));
    let user = RedisConnectionInfo::default();
    let (handle, carry) = MultiplexedConnection::new_with_config(&user, socket, config).await?;
    ctx.scope().spawn(name, async move {
        carry.await;
        tracing::info!(name, "connection closed");
    });
    Ok(handle)
}

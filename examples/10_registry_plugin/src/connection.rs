//! One connection to the server, which all calls share.

use std::io;
use std::time::Duration;

use kit_registry::Error;
use kit_sync::Scope;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisResult};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::url::Options;

// ANCHOR: connection
pub(crate) struct Connection {
    options: Options,
    /// The registry's name in errors.
    pub(crate) name: String,
    scope: Scope,
    handle: Mutex<Option<MultiplexedConnection>>,
}

/// Without an answer for this long, or for a third of the time to live, the server does not answer.
const SILENCE: Duration = Duration::from_secs(3);

impl Connection {
    pub(crate) fn new(options: Options, name: String, scope: Scope) -> Connection {
        Connection {
            options,
            name,
            scope,
            handle: Mutex::default(),
        }
    }

    /// One request. After a failure the next one connects anew, also after a refusal: the server may have become a
    /// replica, which writes nothing, while its name is that of another one by now.
    pub(crate) async fn call<T: FromRedisValue>(
        &self,
        attempt: &str,
        command: &Cmd,
    ) -> Result<T, Error> {
        if self.scope.is_cancelled() {
            return Err(Error::closed(attempt));
        }
        let answer = async { command.query_async(&mut self.handle().await?).await };
        let error = match answer.await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        self.handle.lock().await.take();
        Err(match error.is_io_error() {
            true => Error::unreachable(attempt, &self.name, error),
            false => Error::refused(attempt, &self.name, error),
        })
    }

    /// The first call connects. The task of the connection ends with the scope, or with its last handle.
    async fn handle(&self) -> RedisResult<MultiplexedConnection> {
        let mut present = self.handle.lock().await;
        if let Some(handle) = &*present {
            return Ok(handle.clone());
        }
        let limit = SILENCE.min(self.options.ttl / 3);
        let open = async {
            let socket = TcpStream::connect(&self.options.address).await?;
            let config = AsyncConnectionConfig::new().set_response_timeout(Some(limit));
            MultiplexedConnection::new_with_config(&self.options.login, socket, config).await
        };
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        let (handle, carry) = timeout(limit, open).await.map_err(late)??;
        let stop = self.scope.token().clone();
        let carry = async move { stop.run_until_cancelled(carry).await.unwrap_or_default() };
        // When the scope has ended, the task is dropped here, and the call fails.
        let _ = self.scope.try_spawn("connection", carry);
        Ok(present.insert(handle).clone())
    }
}
// ANCHOR_END: connection

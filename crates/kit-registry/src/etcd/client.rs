//! Calls to a cluster, with the token of a login if there is one.

use std::sync::Arc;
use std::time::Duration;

use tonic::{Response, Status};

use super::auth::Auth;
use super::cluster::{Cluster, Connection, Failed, TRY, Via};
use super::failure::is_stale_token;
use crate::Error;

/// A list of large instances is larger than tonic's 4 MiB; this is etcd's own limit for a client.
pub(super) const MAX_MESSAGE: usize = i32::MAX as usize;

#[derive(Debug)]
pub(super) struct Client {
    cluster: Cluster,
    auth: Option<Arc<Auth>>,
}

impl Client {
    pub(super) fn new(cluster: Cluster, auth: Option<Arc<Auth>>) -> Client {
        Client { cluster, auth }
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Makes a call at the first endpoint that answers it. The call may reach etcd twice.
    pub(super) async fn call<T, F, Fut>(&self, attempt: &str, call: F) -> Result<T, Error>
    where
        F: Fn(Connection) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        self.call_within(TRY, attempt, call).await
    }

    /// [`call`](Self::call) with another limit for each endpoint.
    pub(super) async fn call_within<T, F, Fut>(
        &self,
        each: Duration,
        attempt: &str,
        call: F,
    ) -> Result<T, Error>
    where
        F: Fn(Connection) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let (response, _) = self.open_within(each, attempt, call).await?;
        Ok(response.into_inner())
    }

    /// Opens a stream, and returns by which connection.
    pub(super) async fn open<T, F, Fut>(&self, attempt: &str, call: F) -> Result<(T, Via), Error>
    where
        F: Fn(Connection) -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        self.open_within(TRY, attempt, call).await
    }

    /// A call that is refused because of its token is made once more, with a new token.
    async fn open_within<T, F, Fut>(
        &self,
        each: Duration,
        attempt: &str,
        call: F,
    ) -> Result<(T, Via), Error>
    where
        F: Fn(Connection) -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let cluster = &self.cluster;
        let Some(auth) = &self.auth else {
            return Ok(cluster.call(each, attempt, None, call).await?);
        };
        let token = auth.token(cluster).await?;
        match cluster.call(each, attempt, token.clone(), &call).await {
            Err(Failed::Refused(status, _)) if is_stale_token(&status) => {
                auth.forget(token.as_ref()).await;
                let token = auth.token(cluster).await?;
                Ok(cluster.call(each, attempt, token, call).await?)
            }
            done => Ok(done?),
        }
    }

    /// Makes the next call get a new token: a stream learns of a stale one by a message, not by an
    /// error.
    pub(super) async fn renew_token(&self) {
        if let Some(auth) = &self.auth {
            auth.forget_any().await;
        }
    }
}

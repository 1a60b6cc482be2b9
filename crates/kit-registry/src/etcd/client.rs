//! Calls to a cluster: one connection per endpoint, the last good one first.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::Scope;
use tokio::time::{Instant, timeout};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use super::auth::Auth;
use super::failure::{Answer, Failures, answer, cause, is_stale_token, is_transient};
use super::node::Node;
use crate::Error;

/// One attempt at one endpoint.
pub(super) const TRY: Duration = Duration::from_secs(3);
/// The same when it has to be quick.
pub(super) const HASTY_TRY: Duration = Duration::from_secs(1);
/// All attempts of a call.
const CALL: Duration = Duration::from_secs(5);
/// A list of large instances is larger than tonic's 4 MiB; this is etcd's own limit for a client.
pub(super) const MAX_MESSAGE: usize = i32::MAX as usize;

/// A connection with what has to go along with each call.
pub(super) type Service = InterceptedService<Channel, Headers>;

/// Connections to the endpoints of one cluster.
#[derive(Debug)]
pub(super) struct Client {
    nodes: Vec<Node>,
    /// Index of the endpoint to be tried first.
    preferred: Mutex<usize>,
    auth: Option<Arc<Auth>>,
    scope: Scope,
    /// `etcd at host:port, host:port`.
    description: Arc<str>,
}

/// What goes along with each call.
#[derive(Debug, Clone)]
pub(super) struct Headers {
    token: Option<MetadataValue<Ascii>>,
}

/// Which endpoint answered, by which connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Via {
    index: usize,
    version: u64,
}

enum Failed {
    /// Nobody did it.
    Unreachable(Failures),
    /// One answered that it will not.
    Refused(Status),
}

impl Client {
    pub(super) fn new(
        nodes: Vec<Node>,
        auth: Option<Arc<Auth>>,
        scope: Scope,
        description: Arc<str>,
    ) -> Client {
        Client {
            nodes,
            preferred: Mutex::new(0),
            auth,
            scope,
            description,
        }
    }

    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// Makes a call at the first endpoint that does it. It may reach etcd twice.
    pub(super) async fn call<T, F, Fut>(&self, attempt: &str, call: F) -> Result<T, Error>
    where
        F: Fn(Service) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, Status>>,
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
        F: Fn(Service) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let (response, _) = self.open_within(each, attempt, call).await?;
        Ok(response.into_inner())
    }

    /// Opens a stream, or makes any other call, and tells at which endpoint.
    pub(super) async fn open<T, F, Fut>(&self, attempt: &str, call: F) -> Result<(T, Via), Error>
    where
        F: Fn(Service) -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        self.open_within(TRY, attempt, call).await
    }

    async fn open_within<T, F, Fut>(
        &self,
        each: Duration,
        attempt: &str,
        call: F,
    ) -> Result<(T, Via), Error>
    where
        F: Fn(Service) -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let Some(auth) = &self.auth else {
            let done = self.try_nodes(each, None, call).await;
            return done.map_err(|failed| self.error(attempt, failed));
        };
        let token = auth.token(self).await?;
        match self.try_nodes(each, token.clone(), &call).await {
            Err(Failed::Refused(status)) if is_stale_token(&status) => {
                auth.forget(token.as_ref()).await;
                let token = auth.token(self).await?;
                let done = self.try_nodes(each, token, call).await;
                done.map_err(|failed| self.error(attempt, failed))
            }
            done => done.map_err(|failed| self.error(attempt, failed)),
        }
    }

    /// The call by which a token is had, and so without one.
    pub(super) async fn call_without_token<T, F, Fut>(
        &self,
        attempt: &str,
        call: F,
    ) -> Result<Result<T, Status>, Error>
    where
        F: Fn(Service) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        match self.try_nodes(TRY, None, call).await {
            Ok((response, _)) => Ok(Ok(response.into_inner())),
            Err(Failed::Refused(status)) => Ok(Err(status)),
            Err(failed) => Err(self.error(attempt, failed)),
        }
    }

    /// A stream from there broke: go elsewhere first.
    pub(super) fn avoid(&self, via: Via) {
        self.nodes[via.index].give_up(via.version);
        let mut preferred = self.preferred();
        if *preferred == via.index {
            *preferred = (via.index + 1) % self.nodes.len();
        }
    }

    /// The next call gets a new token. Streams are told so by a message, not by an error.
    pub(super) async fn renew_token(&self) {
        if let Some(auth) = &self.auth {
            auth.forget_any().await;
        }
    }

    async fn try_nodes<T, F, Fut>(
        &self,
        each: Duration,
        token: Option<MetadataValue<Ascii>>,
        call: F,
    ) -> Result<(T, Via), Failed>
    where
        F: Fn(Service) -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let deadline = Instant::now() + CALL;
        let first = *self.preferred();
        let mut failures = Vec::new();
        for index in (0..self.nodes.len()).map(|n| (first + n) % self.nodes.len()) {
            let limit = each.min(deadline.saturating_duration_since(Instant::now()));
            if limit.is_zero() || self.scope.is_cancelled() {
                break;
            }
            let node = &self.nodes[index];
            let (channel, version) = node.channel();
            let headers = Headers {
                token: token.clone(),
            };
            let service = InterceptedService::new(channel, headers);
            let cause = match timeout(limit, call(service)).await {
                Ok(Ok(done)) => {
                    *self.preferred() = index;
                    return Ok((done, Via { index, version }));
                }
                Ok(Err(status)) if is_transient(&status) => cause(&status),
                Ok(Err(status)) => {
                    *self.preferred() = index;
                    return Err(Failed::Refused(status));
                }
                Err(_elapsed) => {
                    node.give_up(version);
                    format!("no answer within {limit:.1?}")
                }
            };
            failures.push((node.address.clone(), cause));
        }
        // Those that were not reached in time have their turn first.
        *self.preferred() = (first + failures.len()) % self.nodes.len();
        Err(Failed::Unreachable(Failures(failures)))
    }

    fn error(&self, attempt: &str, failed: Failed) -> Error {
        match failed {
            Failed::Unreachable(_) if self.scope.is_cancelled() => Error::closed(attempt),
            Failed::Unreachable(failures) => {
                Error::unreachable(attempt, &*self.description, failures)
            }
            Failed::Refused(status) => {
                Error::refused(attempt, &*self.description, Refusal::new(&status))
            }
        }
    }

    fn preferred(&self) -> std::sync::MutexGuard<'_, usize> {
        kit_sync::lock(&self.preferred)
    }
}

/// An answer with its code, so that callers can tell what it was about.
#[derive(Debug, thiserror::Error)]
#[error("{answer}")]
pub(super) struct Refusal {
    pub(super) code: tonic::Code,
    answer: Answer,
}

impl Refusal {
    fn new(status: &Status) -> Refusal {
        Refusal {
            code: status.code(),
            answer: Answer(answer(status)),
        }
    }
}

/// The code of a refusal.
pub(super) fn refusal_code(error: &Error) -> Option<tonic::Code> {
    match error {
        Error::Refused { source, .. } => source.downcast_ref::<Refusal>().map(|r| r.code),
        _ => None,
    }
}

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.token {
            request.metadata_mut().insert("token", token.clone());
        }
        Ok(request)
    }
}

/// A request that is to fail, rather than to wait for ever, at a node that lost its leader.
pub(super) fn requiring_leader<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("hasleader", MetadataValue::from_static("true"));
    request
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use kit_sync::TaskTree;
    use tonic::Status;

    use super::{Client, Failed, Failures, TRY};
    use crate::etcd::node::Node;

    #[tokio::test(start_paused = true)]
    async fn endpoints_that_a_call_had_no_time_for_are_the_first_of_the_next() {
        let tree = TaskTree::new("test");
        let scope = tree.scope();
        let nodes = ["a:1", "b:1", "c:1"].map(|address| Node::new(address, scope).unwrap());
        let client = Client::new(nodes.into(), None, scope.clone(), "etcd".into());
        let tried = async || {
            let never = |_| pending::<Result<(), Status>>();
            match client.try_nodes(TRY, None, never).await {
                Err(Failed::Unreachable(Failures(failures))) => failures
                    .into_iter()
                    .map(|(address, _)| address)
                    .collect::<Vec<_>>(),
                Err(Failed::Refused(status)) => panic!("{status}"),
                Ok(_) => panic!("no endpoint answers"),
            }
        };
        // A call has five seconds: three for one endpoint, and two for the next.
        assert_eq!(tried().await, ["a:1", "b:1"]);
        assert_eq!(tried().await, ["c:1", "a:1"]);
        assert_eq!(tried().await, ["b:1", "c:1"]);
    }
}

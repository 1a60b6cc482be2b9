//! The endpoints of one cluster: a connection to each, the last good one first. At the beginning that is any of them: a
//! fleet that has one list of endpoints is spread over them.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use kit_sync::Scope;
use tokio::time::{Instant, timeout};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::failure::{CauseText, Failures, answer, cause, is_transient};
use super::node::Node;
use crate::Error;
use crate::random::random_bits;

/// The limit of one attempt at one endpoint.
pub(super) const TRY: Duration = Duration::from_secs(3);
/// The limit of all attempts of a call.
const CALL: Duration = Duration::from_secs(5);

/// The token that a login is exchanged for.
pub(super) type Token = MetadataValue<Ascii>;

/// A connection that adds its headers to each call.
pub(super) type Connection = InterceptedService<Channel, Headers>;

#[derive(Debug)]
pub(super) struct Cluster {
    nodes: Vec<Node>,
    /// Index of the endpoint to be tried first.
    preferred: Mutex<usize>,
    scope: Scope,
    /// `etcd at host:port, host:port`.
    description: Arc<str>,
}

/// The headers of each call.
#[derive(Debug, Clone)]
pub(super) struct Headers {
    token: Option<Token>,
}

/// The endpoint that answered, and the connection by which it did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Via {
    index: usize,
    version: u64,
}

/// A call that failed, with its error.
pub(super) enum Failed {
    /// No endpoint answered.
    Unreachable(Error),
    /// An endpoint answered with a refusal.
    Refused(Status, Error),
}

/// A refusal with its code, by which callers tell refusals apart.
#[derive(Debug, thiserror::Error)]
#[error("{answer}")]
struct Refusal {
    code: Code,
    answer: CauseText,
}

impl Cluster {
    pub(super) fn new(nodes: Vec<Node>, scope: Scope, description: Arc<str>) -> Cluster {
        let first = random_bits() % nodes.len().max(1) as u64;
        Cluster {
            nodes,
            preferred: Mutex::new(usize::try_from(first).unwrap_or(0)),
            scope,
            description,
        }
    }

    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// Makes a call at the first endpoint that answers it. The call may reach etcd twice.
    ///
    /// Each endpoint has `each` for its attempt, and all together have five seconds; a new call
    /// begins with the endpoint that answered last, or with those that the last call had no time
    /// for. A refusal is an answer. A connection that does not answer in time is given up.
    pub(super) async fn call<T, F, Fut>(
        &self,
        each: Duration,
        attempt: &str,
        token: Option<Token>,
        call: F,
    ) -> Result<(T, Via), Failed>
    where
        F: Fn(Connection) -> Fut,
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
                Ok(Err(status)) if is_transient(&status) => {
                    node.take_fault().unwrap_or_else(|| cause(&status))
                }
                Ok(Err(status)) => {
                    *self.preferred() = index;
                    let refusal = Refusal {
                        code: status.code(),
                        answer: CauseText(answer(&status)),
                    };
                    let error = Error::refused(attempt, self.description(), refusal);
                    return Err(Failed::Refused(status, error));
                }
                Err(_elapsed) => {
                    node.give_up(version);
                    format!("no answer within {limit:.1?}")
                }
            };
            failures.push((node.address.clone(), cause));
        }
        // Endpoints that were not reached in time are the first of the next call.
        *self.preferred() = (first + failures.len()) % self.nodes.len();
        Err(Failed::Unreachable(if self.scope.is_cancelled() {
            Error::closed(attempt)
        } else {
            Error::unreachable(attempt, self.description(), Failures(failures))
        }))
    }

    /// The error of a stream that broke. Its connection is given up, and the next call begins with
    /// another endpoint.
    pub(super) fn broken(&self, via: Via, attempt: &str, why: impl Into<String>) -> Error {
        self.nodes[via.index].give_up(via.version);
        let mut preferred = self.preferred();
        if *preferred == via.index {
            *preferred = (via.index + 1) % self.nodes.len();
        }
        self.unreachable(attempt, why)
    }

    /// The error of an attempt that got no answer, without a call that failed.
    pub(super) fn unreachable(&self, attempt: &str, why: impl Into<String>) -> Error {
        Error::unreachable(attempt, self.description(), CauseText(why.into()))
    }

    /// The error of an answer that is a refusal, without a call that failed.
    pub(super) fn refused(&self, attempt: &str, why: impl Into<String>) -> Error {
        Error::refused(attempt, self.description(), CauseText(why.into()))
    }

    fn preferred(&self) -> MutexGuard<'_, usize> {
        kit_sync::lock(&self.preferred)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Error {
        match failed {
            Failed::Unreachable(error) | Failed::Refused(_, error) => error,
        }
    }
}

/// The code of a refusal.
pub(super) fn refusal_code(error: &Error) -> Option<Code> {
    match error {
        Error::Refused { source, .. } => {
            source.downcast_ref().map(|refusal: &Refusal| refusal.code)
        }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::future::pending;

    use kit_sync::{Scope, TaskTree};
    use tonic::Status;

    use super::{Cluster, Failed, TRY};
    use crate::Error;
    use crate::etcd::failure::Failures;
    use crate::etcd::node::Node;

    fn cluster(scope: &Scope) -> Cluster {
        let nodes =
            ["a:1", "b:1", "c:1"].map(|address| Node::new(address, None, false, scope).unwrap());
        Cluster::new(nodes.into(), scope.clone(), "etcd".into())
    }

    #[tokio::test]
    async fn clients_of_one_list_do_not_all_begin_at_one_endpoint() {
        let tree = TaskTree::new("test");
        let first = |_| *cluster(tree.scope()).preferred();
        let all: BTreeSet<_> = (0..100).map(first).collect();
        assert_eq!(all, BTreeSet::from([0, 1, 2]));
    }

    #[tokio::test(start_paused = true)]
    async fn endpoints_that_a_call_had_no_time_for_are_the_first_of_the_next() {
        let tree = TaskTree::new("test");
        let cluster = cluster(tree.scope());
        *cluster.preferred() = 0;
        let tried = async || {
            let never = |_| pending::<Result<(), Status>>();
            let Err(Failed::Unreachable(Error::Unreachable { source, .. })) =
                cluster.call(TRY, "try", None, never).await
            else {
                panic!("no endpoint answers");
            };
            let Failures(failures) = *source.downcast::<Failures>().unwrap();
            let addresses = failures.into_iter().map(|(address, _)| address);
            addresses.collect::<Vec<_>>()
        };
        // A call has five seconds: three for one endpoint, and two for the next.
        assert_eq!(tried().await, ["a:1", "b:1"]);
        assert_eq!(tried().await, ["c:1", "a:1"]);
        assert_eq!(tried().await, ["b:1", "c:1"]);
    }
}

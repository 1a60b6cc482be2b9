//! Clients that send request after request, and connect again when the server wants it.

mod connect;
mod grpc;
mod grpcio;
mod http1;
mod http2;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::Request;
use http_body_util::Full;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::answers;
use crate::certificates::Trust;
use crate::serve::SMALL;
use steps::Steps;

/// The body of a POST.
const ORDER: &[u8] = br#"{"customer":"kit","items":[{"sku":"A-1","count":3}]}"#;

/// The kinds of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// HTTP/1.1, a connection for each request.
    Fresh,
    /// HTTP/1.1, one request after the other on a connection that is kept.
    Busy,
    /// The same with 2 ms between a response and the next request.
    Paused,
    /// HTTP/2, four requests at a time on a connection.
    Http2,
    /// A tonic channel, four calls at a time.
    Tonic,
    /// A channel of Python's grpcio, four calls at a time.
    Grpcio,
}

/// The server, and the request that is sent to it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) trust: Option<Trust>,
    pub(crate) exchange: Exchange,
}

/// A request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    Small,
    Big,
    /// A POST over HTTP, answered by its body.
    Post,
}

impl Target {
    /// The length of the answer.
    fn length(&self) -> usize {
        match self.exchange {
            Exchange::Small => SMALL,
            Exchange::Big => answers::BIG,
            Exchange::Post => ORDER.len(),
        }
    }

    /// The request over HTTP, to which `uri` begins the way: nothing, or scheme and authority.
    fn request(&self, uri: &str) -> http::request::Builder {
        match self.exchange {
            Exchange::Small => Request::get(format!("{uri}/")),
            Exchange::Big => Request::get(format!("{uri}/big")),
            Exchange::Post => Request::post(format!("{uri}/orders")),
        }
    }

    fn body(&self) -> Full<Bytes> {
        match self.exchange {
            Exchange::Small | Exchange::Big => Full::default(),
            Exchange::Post => Full::from(ORDER),
        }
    }
}

/// The result of a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) answered: u64,
    /// Requests that the server has marked as not processed, or that were never sent: clients of HTTP/2
    /// send them again, as their libraries should.
    pub(crate) asked_again: u64,
    /// The requests that failed all the same, by the client's error.
    pub(crate) failed: BTreeMap<String, u64>,
}

/// A request that failed.
pub(crate) struct Failure {
    pub(crate) why: String,
    pub(crate) not_processed: bool,
}

impl Failure {
    fn new(why: impl Into<String>) -> Failure {
        Failure {
            why: why.into(),
            not_processed: false,
        }
    }
}

/// Clients at work.
pub(crate) struct Load {
    client: Client,
    number: usize,
    clients: JoinSet<Outcome>,
    shared: Arc<Shared>,
}

struct Shared {
    answered: AtomicU64,
    progress: watch::Sender<()>,
    done: watch::Sender<bool>,
    steps: Steps,
}

impl Load {
    /// Spawns the clients, each in a task; those of grpcio share one process. `python` has grpcio, if
    /// that is the client.
    pub(crate) fn start(client: Client, target: &Target, clients: usize, python: &Path) -> Load {
        let shared = Arc::new(Shared {
            answered: AtomicU64::new(0),
            progress: watch::Sender::new(()),
            done: watch::Sender::new(false),
            steps: Steps::default(),
        });
        let tally = || Tally {
            shared: Arc::clone(&shared),
            done: shared.done.subscribe(),
            outcome: Outcome::default(),
        };
        let mut set = JoinSet::new();
        let processes = if client == Client::Grpcio { 1 } else { clients };
        for _ in 0..processes {
            let tally = tally();
            let target = target.clone();
            match client {
                Client::Fresh => drop(set.spawn(http1::fresh(target, tally))),
                Client::Busy => drop(set.spawn(http1::kept(target, Duration::ZERO, tally))),
                Client::Paused => {
                    let pause = Duration::from_millis(2);
                    drop(set.spawn(http1::kept(target, pause, tally)));
                }
                Client::Http2 => drop(set.spawn(http2::streams(target, tally))),
                Client::Tonic => drop(set.spawn(grpc::calls(target, tally))),
                Client::Grpcio => {
                    drop(set.spawn(grpcio::calls(python.into(), clients, target, tally)));
                }
            }
        }
        Load {
            client,
            number: processes,
            clients: set,
            shared,
        }
    }

    /// Waits until the given number of further requests were answered.
    ///
    /// # Errors
    /// When that takes longer than `patience`.
    pub(crate) async fn answered(&self, more: u64, patience: Duration) -> io::Result<()> {
        let mut progress = self.shared.progress.subscribe();
        let enough = self.shared.answered.load(Ordering::Relaxed) + more;
        let answered = async {
            while self.shared.answered.load(Ordering::Relaxed) < enough
                && progress.changed().await.is_ok()
            {}
        };
        let answered = timeout(patience, answered).await;
        answered.map_err(|_| self.late(&format!("gave fewer than {more} answers"), patience))
    }

    /// Sends nothing any more, and waits for the answers that are outstanding.
    ///
    /// # Errors
    /// When a client takes longer than `patience` for that, or has panicked. The clients are aborted
    /// then.
    pub(crate) async fn stop(mut self, patience: Duration) -> io::Result<Outcome> {
        self.shared.done.send_replace(true);
        let mut sum = Outcome::default();
        let stopped = async {
            while let Some(outcome) = self.clients.join_next().await {
                sum.add(&outcome?);
            }
            Ok(())
        };
        match timeout(patience, stopped).await {
            Ok(stopped) => stopped.map(|()| sum),
            Err(_) => Err(self.late("did not stop", patience)),
        }
    }

    /// The error of clients that take too long.
    fn late(&self, they: &str, patience: Duration) -> io::Error {
        let (running, number) = (self.clients.len(), self.number);
        let (client, steps) = (self.client, &self.shared.steps);
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!(
                "{client:?} clients {they} within {patience:?}: {running} of {number} run, their \
                 requests by step: {steps}"
            ),
        )
    }
}

impl Outcome {
    pub(crate) fn add(&mut self, other: &Outcome) {
        self.answered += other.answered;
        self.asked_again += other.asked_again;
        for (why, count) in &other.failed {
            *self.failed.entry(why.clone()).or_default() += count;
        }
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// One client's count.
struct Tally {
    shared: Arc<Shared>,
    done: watch::Receiver<bool>,
    outcome: Outcome,
}

impl Tally {
    fn steps(&self) -> Steps {
        self.shared.steps.clone()
    }

    fn goes_on(&self) -> bool {
        !*self.done.borrow()
    }

    async fn done(&mut self) {
        // The load, which would wait for more answers, has ended as well.
        let _ = self.done.wait_for(|done| *done).await;
    }

    fn count(&mut self, asked: Result<(), Failure>) {
        match asked {
            Ok(()) => {
                self.outcome.answered += 1;
                self.shared.answered.fetch_add(1, Ordering::Relaxed);
                self.shared.progress.send_replace(());
            }
            Err(failure) => *self.outcome.failed.entry(failure.why).or_default() += 1,
        }
    }
}

/// Whether the server has not processed the request for which the client got this error: the
/// client never sent it, or the server went away (RFC 9113, section 6.8) or refused it (8.7).
fn is_not_processed(error: &(dyn Error + 'static)) -> bool {
    let canceled = error
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_canceled);
    let refused = error.downcast_ref::<h2::Error>().is_some_and(|error| {
        let went_away = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
        error.is_remote() && (went_away || error.reason() == Some(Reason::REFUSED_STREAM))
    });
    canceled || refused || error.source().is_some_and(is_not_processed)
}

//! The client: one task for each service, which calls every instance that it sees, over new and kept connections.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use kit::registry::{Discovery, ServiceInstance, Snapshot, Watch};
use kit::sync::{Task, TaskTree};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::support::{Http, PATIENCE, Response};

/// A client of one registry.
pub(super) struct Client {
    tree: TaskTree,
    discovery: Arc<dyn Discovery>,
}

/// The calls of one service.
pub(super) struct Caller {
    service: &'static str,
    called: watch::Receiver<BTreeSet<String>>,
    enough: watch::Sender<bool>,
    calls: Task<usize>,
}

/// What a caller has.
struct Calls {
    watch: Watch,
    seen: Arc<Snapshot>,
    /// Kept from call to call, by id.
    kept: BTreeMap<String, Http>,
    called: watch::Sender<BTreeSet<String>>,
    count: usize,
}

impl Client {
    pub(super) fn open(url: &str) -> Client {
        let tree = TaskTree::new("client");
        let mut schemes = kit::registry::Schemes::default();
        kit_registry_consul::add_to(&mut schemes);
        let backend = schemes.open(url, tree.scope()).expect("a good URL");
        Client {
            tree,
            discovery: backend.discovery,
        }
    }

    /// Begins to call a service; returns once it has called all of these.
    pub(super) async fn call(&self, service: &'static str, ids: &[String]) -> Caller {
        let name = service.parse().expect("a name");
        let mut watch = self.discovery.watch(&name).await.expect("a watch");
        let seen = watch.next().await.expect("an open watch");
        let (called, has_called) = watch::channel(BTreeSet::new());
        let (enough, is_enough) = watch::channel(false);
        let calls = Calls {
            watch,
            seen,
            kept: BTreeMap::new(),
            called,
            count: 0,
        };
        let scope = self.tree.scope();
        let mut caller = Caller {
            service,
            called: has_called,
            enough,
            calls: scope.spawn_value(service, calls.go_on(is_enough)),
        };
        for id in ids {
            caller.wait_for_call(id).await;
        }
        caller
    }

    pub(super) async fn close(self) {
        let report = self.tree.close(Instant::now() + PATIENCE).await;
        assert!(report.on_time(), "{report:?}");
    }
}

impl Caller {
    pub(super) fn service(&self) -> &str {
        self.service
    }

    /// Waits until it has called this instance.
    pub(super) async fn wait_for_call(&mut self, id: &str) {
        let called = self.called.wait_for(|called| called.contains(id));
        let called = timeout(PATIENCE, called).await;
        let called = called.unwrap_or_else(|_| panic!("{id} is not found"));
        // It ends early only by a failure, which its end shows.
        if called.is_err() {
            panic!("calls of {} have failed; the panic is above", self.service);
        }
    }

    /// Gives the number of calls, of which none has failed.
    pub(super) async fn end(self) -> usize {
        self.enough.send_replace(true);
        self.calls.await.expect("no call has failed")
    }
}

impl Calls {
    /// Calls the instances in turn, until it is enough, with the list as it is before each call. A call that
    /// fails is a panic.
    async fn go_on(mut self, enough: watch::Receiver<bool>) -> usize {
        while !*enough.borrow() {
            let mut at = 0;
            while let Some(instance) = self.instance(at).await {
                self.call(&instance).await;
                at += 1;
            }
            assert!(at > 0, "a list without an instance: {:?}", self.seen);
        }
        self.count
    }

    /// An instance of the latest list.
    async fn instance(&mut self, at: usize) -> Option<Arc<ServiceInstance>> {
        // Yields to the watch; without a change the list is as it was.
        tokio::select! {
            biased;
            next = self.watch.next() => self.seen = next.expect("an open watch"),
            () = tokio::task::yield_now() => {}
        }
        self.seen.instances.get(at).cloned()
    }

    /// By a connection that is kept and by a new one in turns. A server may close a kept one between two calls:
    /// the call is sent again by a new one then, as every client of HTTP does.
    async fn call(&mut self, instance: &ServiceInstance) {
        let id = instance.id();
        let kept = self.kept.remove(id);
        let by_kept = match kept {
            Some(mut kept) => kept.try_get("/helloworld/kit").await.ok(),
            None => None,
        };
        let answer = match by_kept {
            Some(answer) => answer,
            None => {
                let (connection, answer) = by_new_connection(instance).await;
                if answer.header("connection") != Some("close") {
                    self.kept.insert(id.to_owned(), connection);
                }
                answer
            }
        };
        assert_eq!(answer.status, 200, "{id}: {answer:?}");
        assert_eq!(answer.body, r#"{"message":"Hello kit"}"#, "{id}");
        self.count += 1;
        self.called
            .send_if_modified(|called| called.insert(id.to_owned()));
    }
}

async fn by_new_connection(instance: &ServiceInstance) -> (Http, Response) {
    let mut endpoints = instance.endpoints().iter();
    let http = endpoints.find(|endpoint| endpoint.scheme() == "http");
    let http = http.expect("an endpoint for HTTP");
    let host = http.host().parse().expect("an address");
    let connection = Http::try_connect(SocketAddr::new(host, http.port())).await;
    let mut connection = connection.unwrap_or_else(|error| panic!("{instance}: {error}"));
    let answer = connection.try_get("/helloworld/kit").await;
    let answer = answer.unwrap_or_else(|error| panic!("{instance} does not answer: {error}"));
    (connection, answer)
}

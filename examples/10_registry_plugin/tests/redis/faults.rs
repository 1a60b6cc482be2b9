//! Faults of the store and of the network.

use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Backend, Error, Registration, RegistrationState, ServiceInstance, Watch};
use kit_sync::TaskTree;
use kit_test_support::Redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::open;
use crate::proxy::Proxy;

const LIMIT: Duration = Duration::from_secs(20);

struct Case {
    tree: TaskTree,
    backend: Backend,
    instance: ServiceInstance,
}

impl Case {
    fn new(url: &str) -> Case {
        let tree = TaskTree::new("test");
        let backend = open(url, &tree.scope().child("registry"));
        let instance = ServiceInstance::builder("1", "orders").build();
        Case {
            tree,
            backend,
            instance: instance.expect("a valid instance"),
        }
    }

    async fn registration(&self) -> Registration {
        let scope = self.tree.scope().child("registration");
        let registrar = Arc::clone(&self.backend.registrar);
        let registration = Registration::spawn(&scope, registrar, self.instance.clone());
        registration.first(LIMIT).await.expect("registered");
        registration
    }

    async fn watch(&self) -> Watch {
        let watch = self.backend.discovery.watch(self.instance.name()).await;
        watch.expect("a watch")
    }

    async fn count(&self) -> usize {
        let list = self.backend.discovery.instances(self.instance.name()).await;
        list.expect("a list").instances.len()
    }
}

async fn until(watch: &mut Watch, count: usize, is_fresh: bool) {
    let seen = timeout(LIMIT, async {
        loop {
            let seen = watch.next().await.expect("an open watch");
            if seen.instances.len() == count && seen.is_fresh() == is_fresh {
                return;
            }
        }
    });
    let seen = seen.await;
    assert!(seen.is_ok(), "{count} instances, fresh: {is_fresh}");
}

/// Sends a command of this test's, and waits for its answer.
async fn command(redis: &Redis, words: &str) {
    let mut stream = TcpStream::connect(redis.address()).await.expect("redis");
    let line = format!("{words}\r\n");
    stream.write_all(line.as_bytes()).await.expect("sent");
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"+OK\r\n", "{words}");
}

/// A write that waits on a connection which has broken for its client reaches the server after the
/// deregistration was confirmed: the fence makes it void.
#[tokio::test]
async fn a_write_that_arrives_after_the_deregistration_does_nothing() {
    let redis = Redis::start().await;
    let proxy = Proxy::start(redis.address()).await;
    let case = Case::new(&format!("redis://{}?ttl=3s", proxy.address()));
    let registrar = &case.backend.registrar;
    proxy.hold_back("write");
    let error = registrar.register(&case.instance).await;
    assert!(matches!(error, Err(Error::Unreachable { .. })), "{error:?}");
    proxy.let_new_connections_pass();
    registrar
        .deregister(&case.instance)
        .await
        .expect("deregistered");
    assert_eq!(proxy.release().await, "$6\r\nfenced\r\n");
    assert_eq!(case.count().await, 0);
}

/// The same for a value that was replaced meanwhile.
#[tokio::test]
async fn a_write_that_arrives_after_the_next_one_does_nothing() {
    let redis = Redis::start().await;
    let proxy = Proxy::start(redis.address()).await;
    let case = Case::new(&format!("redis://{}?ttl=30s", proxy.address()));
    let registrar = &case.backend.registrar;
    proxy.hold_back("write");
    let error = registrar.register(&case.instance).await;
    assert!(matches!(error, Err(Error::Unreachable { .. })), "{error:?}");
    proxy.let_new_connections_pass();
    let next = case.instance.to_builder().version("next").build();
    registrar
        .register(&next.expect("valid"))
        .await
        .expect("registered");
    assert_eq!(proxy.release().await, "$6\r\nfenced\r\n");
    let list = case.backend.discovery.instances(case.instance.name()).await;
    assert_eq!(list.expect("a list").instances[0].version(), "next");
}

#[tokio::test]
async fn a_wiped_store_is_filled_again_and_seen() {
    let redis = Redis::start().await;
    let case = Case::new(&format!("redis://{}?ttl=3s", redis.address()));
    let _registration = case.registration().await;
    let mut watch = case.watch().await;
    until(&mut watch, 1, true).await;
    command(&redis, "FLUSHALL").await;
    until(&mut watch, 0, true).await;
    until(&mut watch, 1, true).await;
}

/// A server that answers nothing is no empty list, and costs no more than the time to live.
#[tokio::test]
async fn a_server_that_hangs_makes_lists_stale_and_the_registration_degraded() {
    let redis = Redis::start().await;
    let case = Case::new(&format!("redis://{}?ttl=3s", redis.address()));
    let registration = case.registration().await;
    let mut states = registration.states();
    let mut watch = case.watch().await;
    until(&mut watch, 1, true).await;
    command(&redis, "CLIENT PAUSE 6000 ALL").await;
    until(&mut watch, 1, false).await;
    let is_degraded =
        |state: &RegistrationState| matches!(state, RegistrationState::Degraded { .. });
    let degraded = timeout(LIMIT, states.wait_for(is_degraded)).await;
    degraded.expect("in time").expect("a state");
    until(&mut watch, 1, true).await;
    let is_registered = |state: &RegistrationState| matches!(state, RegistrationState::Registered);
    let registered = timeout(LIMIT, states.wait_for(is_registered)).await;
    registered.expect("in time").expect("a state");
}

/// As after a failover: the server of before takes no writes any more, and keeps its connections, while another one has
/// its name.
#[tokio::test]
async fn a_server_that_became_a_replica_is_left_for_the_one_that_has_its_name() {
    let (before, after) = (Redis::start().await, Redis::start().await);
    let proxy = Proxy::start(before.address()).await;
    let case = Case::new(&format!("redis://{}?ttl=2s", proxy.address()));
    let registration = case.registration().await;
    let other = Case::new(&format!("redis://{}", after.address()));
    let mut watch = other.watch().await;
    until(&mut watch, 0, true).await;
    proxy.lead_to(after.address());
    let replica = format!("REPLICAOF {}", after.address().replace(':', " "));
    command(&before, &replica).await;
    until(&mut watch, 1, true).await;
    let mut states = registration.states();
    let is_registered = |state: &RegistrationState| matches!(state, RegistrationState::Registered);
    let registered = timeout(LIMIT, states.wait_for(is_registered)).await;
    registered.expect("in time").expect("a state");
}

/// The entry of a process that has gone without a word runs out.
#[tokio::test]
async fn an_entry_that_is_not_prolonged_runs_out() {
    let redis = Redis::start().await;
    let url = format!("redis://{}?ttl=2s", redis.address());
    let (gone, case) = (Case::new(&url), Case::new(&url));
    let registered = gone.backend.registrar.register(&gone.instance).await;
    registered.expect("registered");
    let mut watch = case.watch().await;
    until(&mut watch, 1, true).await;
    until(&mut watch, 0, true).await;
}

/// The permissions that the book names are enough, and a refusal gives the reason without the password.
#[tokio::test]
async fn a_user_with_the_permissions_of_the_book_is_enough() {
    let redis = Redis::start().await;
    let book = include_str!("../../../../docs/src/writing-a-backend.md");
    let line = book.lines().find(|line| line.starts_with("ACL SETUSER"));
    command(&redis, line.expect("the book has the permissions")).await;
    let case = Case::new(&format!("redis://services:password@{}/1", redis.address()));
    let registration = case.registration().await;
    assert_eq!(case.count().await, 1);
    registration
        .deregister_within(LIMIT)
        .await
        .expect("deregistered");
    assert_eq!(case.count().await, 0);

    let other = Case::new(&format!("redis://services:secret@{}/1", redis.address()));
    let refused = other.backend.registrar.register(&other.instance).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
    let line = error.chain().to_string();
    assert!(
        line.contains("authentication failed") && !line.contains("secret"),
        "{line}"
    );
}

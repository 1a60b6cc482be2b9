//! Both services as processes, which find each other in a directory, and then in etcd.
#![cfg(unix)]

use std::collections::BTreeMap;

use kit::registry::{Schemes, Watch};
use kit::sync::TaskTree;
use kit_test_support::{Etcd, PATIENCE, Process, Signal, ask, soon};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

#[tokio::test]
async fn no_order_fails_through_a_directory() {
    let directory = tempfile::tempdir().expect("a directory");
    course(&format!("local:{}?ttl=1s", directory.path().display())).await;
}

#[tokio::test]
async fn no_order_fails_through_etcd() {
    let etcd = Etcd::start().await;
    course(&etcd.url("?ttl=2s")).await;
}

/// Orders are made all the time from the first instance of `prices` on, and each is taken: while another one starts,
/// while one stops, and while one is killed, which is found until its entry runs out.
async fn course(registry: &str) {
    let tree = TaskTree::new("test");
    let backend = Schemes::default().open(registry, tree.scope());
    let discovery = backend.expect("a good URL").discovery;
    let prices = "prices".parse().expect("a name");
    let mut shown = discovery.watch(&prices).await.expect("a watch");

    // Neither service waits for the other.
    let mut orders = Service::start(ORDERS, registry).await;
    assert_eq!(orders.order().await, None);
    let first = Service::start(PRICES, registry).await;
    assert_eq!(first.demand().await, "0");
    // `orders` learns of it a moment later.
    soon("it is found", async || orders.order().await.is_some()).await;

    let (count, mut counts) = watch::channel(BTreeMap::new());
    let (enough, is_enough) = watch::channel(false);
    let making = make_orders(orders.http.clone(), count, is_enough);
    let making = tree.scope().spawn_value("orders", making);
    wait_for_more(&mut counts, &first.id).await;
    let second = Service::start(PRICES, registry).await;
    wait_for_more(&mut counts, &second.id).await;

    first.process.signal(Signal::TERM);
    let ended = first.process.exit_with(0).await;
    ended.expect_order(&["stopping cause=SIGTERM", "stopped took"]);
    wait_until_shown(&mut shown, &second.id).await;
    wait_for_more(&mut counts, &second.id).await;

    let third = Service::start(PRICES, registry).await;
    wait_for_more(&mut counts, &third.id).await;
    second.process.signal(Signal::KILL);
    assert_eq!(second.process.exit().await.code, None);
    // It is asked, and then another one.
    orders.process.line("no answer").await;
    wait_until_shown(&mut shown, &third.id).await;
    wait_for_more(&mut counts, &third.id).await;

    enough.send_replace(true);
    let made = 1 + making.await.expect("each order was taken");
    assert_eq!(third.demand().await, made.to_string());
    for service in [third, orders] {
        service.process.signal(Signal::TERM);
        let ended = service.process.exit_with(0).await;
        // The one that has stopped was never asked in vain.
        let mut missed = ended.log.iter().filter(|line| line.contains("no answer"));
        assert!(missed.all(|line| line.contains(&second.id)), "{ended:#?}");
    }
    let report = tree.close(Instant::now() + PATIENCE).await;
    assert!(report.on_time(), "{report:?}");
}

const ORDERS: &str = env!("CARGO_BIN_EXE_orders");
const PRICES: &str = env!("CARGO_BIN_EXE_prices");

/// A service that is ready.
struct Service {
    process: Process,
    id: String,
    http: String,
}

impl Service {
    async fn start(program: &str, registry: &str) -> Service {
        let mut process = Process::spawn(program, &["--registry", registry]);
        process.line(" ready").await;
        let (id, http) = (process.field("id").await, process.field("http").await);
        Service { process, id, http }
    }

    /// What an instance of `prices` says, for which it asks `orders`.
    async fn demand(&self) -> String {
        get(&self.http, "GET /demand").await.expect("an answer")
    }

    /// The answer of an instance of `orders`, unless it has no price.
    async fn order(&self) -> Option<String> {
        get(&self.http, "POST /orders/tea").await
    }
}

/// Makes one order after the other, and counts by which instance of `prices` each has its price, until it is enough.
async fn make_orders(
    orders: String,
    count: watch::Sender<BTreeMap<String, usize>>,
    enough: watch::Receiver<bool>,
) -> usize {
    while !*enough.borrow() {
        let answer = get(&orders, "POST /orders/tea").await;
        let answer = answer.expect("the order is taken");
        let instance = answer.strip_prefix("tea for 3 at ").expect("a price");
        count.send_modify(|counts| *counts.entry(instance.to_owned()).or_default() += 1);
    }
    count.borrow().values().sum()
}

/// Waits until this instance of `prices` has been asked again.
async fn wait_for_more(counts: &mut watch::Receiver<BTreeMap<String, usize>>, id: &str) {
    let of = |counts: &BTreeMap<String, usize>| counts.get(id).copied();
    let before = of(&counts.borrow());
    let more = timeout(PATIENCE, counts.wait_for(|counts| of(counts) > before)).await;
    let more = more.unwrap_or_else(|_| panic!("`{id}` is not asked"));
    more.expect("no order has failed; the panic is above");
}

/// Waits until the registry shows this instance of `prices` and no other.
async fn wait_until_shown(shown: &mut Watch, id: &str) {
    let waiting = async {
        loop {
            let snapshot = shown.next().await.expect("an open watch");
            if snapshot.instances.iter().map(|one| one.id()).eq([id]) {
                return;
            }
        }
    };
    let waited = timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("`{id}` is not alone"));
}

/// The body of the answer, or `None` for 503.
async fn get(address: &str, request: &str) -> Option<String> {
    let answer = ask(address, request, "").await;
    if answer.starts_with("HTTP/1.1 503 ") {
        return None;
    }
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
}

//! A failure has a line at once, then seldom ones, and one when it is over.

use std::time::Duration;

use kit_test_support::Etcd;
use tokio::time::sleep;

use crate::bench::{Bench, instance, registered, seen};
use crate::lines;
use crate::raw::Raw;

#[tokio::test]
async fn an_etcd_that_is_away_has_few_lines_and_one_when_it_is_back() {
    let mut server = Etcd::start().await;
    let bench = Bench::open(&server.url("/microservices?ttl=2s"));
    let registration = bench.registered().await;
    let discovery = &bench.backend.discovery;
    let mut watch = discovery.watch(instance().name()).await.unwrap();
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;

    let (lines, _guard) = lines::collect();
    server.kill();
    seen(&mut watch, "stale", |s| !s.is_fresh()).await;
    // Many attempts: the first delays are short.
    sleep(Duration::from_secs(5)).await;
    let warned = lines.all();
    assert!((1..=3).contains(&warned.len()), "{warned:#?}");
    assert!(
        warned
            .iter()
            .all(|line| line.contains("instances may be stale")),
        "{warned:#?}"
    );
    server.restart().await;
    seen(&mut watch, "fresh", kit_registry::Snapshot::is_fresh).await;
    registered(&registration).await;
    assert_eq!(lines.with("instances are up to date again").len(), 1);
    assert!(lines.all().len() <= 4, "{:#?}", lines.all());
    bench.close().await;
}

#[tokio::test]
async fn a_stored_value_that_is_wrong_has_one_line_however_often_it_is_read() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    let key = |id: &str| format!("/microservices/helloworld/{id}");
    raw.put(&key("wrong"), "nonsense", 0).await;
    let endpoint = r#"{"id":"half","name":"helloworld","endpoints":["http://h:1","x","y"]}"#;
    raw.put(&key("half"), endpoint, 0).await;
    let bench = Bench::open(&server.url(""));
    let discovery = &bench.backend.discovery;
    let (lines, _guard) = lines::collect();
    let mut watch = discovery.watch(instance().name()).await.unwrap();
    for _ in 0..5 {
        discovery.instances(instance().name()).await.unwrap();
    }
    assert_eq!(lines.with("stored value skipped").len(), 1);
    let left_out = lines.with("endpoint of a stored instance left out");
    assert!(
        left_out.len() == 1 && left_out[0].contains("more=1"),
        "{left_out:#?}"
    );
    // Another wrong value is another failure.
    raw.put(&key("wrong"), "more nonsense", 0).await;
    raw.put(&key("good"), r#"{"id":"good","name":"helloworld"}"#, 0)
        .await;
    seen(&mut watch, "the good one", |s| s.instances.len() == 2).await;
    assert_eq!(lines.with("stored value skipped").len(), 2);
    assert_eq!(lines.all().len(), 3, "{:#?}", lines.all());
    bench.close().await;
}

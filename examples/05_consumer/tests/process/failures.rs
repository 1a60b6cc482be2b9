//! Messages that fail, consumers that crash, and a broker that goes away.

use std::collections::BTreeMap;

use crate::support::{Broker, Signal, expect_order, soon, spawn};

#[tokio::test]
async fn a_message_that_always_fails_is_a_dead_letter_in_the_end() {
    let mut broker = Broker::start().await;
    broker
        .add_fields(&[("ordr", "4711"), ("text", "a slip of the pen")])
        .await;
    broker.add_fields(&[("order", "1")]).await;
    let consumer = broker.consumer("500").await;
    soon("it is a dead letter", async || {
        broker.dead_letters().await.ids.len() == 1
    })
    .await;
    broker.until_done().await;
    consumer.signal(Signal::TERM);
    let log = consumer.exit_with(0).await.log;
    let failures = log
        .iter()
        .filter(|line| line.contains("no field `order`"))
        .count();
    assert_eq!(failures, 5, "{log:#?}");
    let letter = &broker.dead_letters().await.ids[0];
    assert_eq!(letter.get("ordr"), Some("4711".to_owned()));
    assert_eq!(letter.get("text"), Some("a slip of the pen".to_owned()));
    assert_eq!(broker.billed().await, BTreeMap::from([("1".to_owned(), 1)]));
}

#[tokio::test]
async fn what_a_crashed_consumer_held_is_claimed_and_no_other_is_done_twice() {
    let mut broker = Broker::start().await;
    broker.add(200).await;
    let consumer = broker.consumer("2000").await;
    // Some were acknowledged, and their places have been taken.
    soon("some are done", async || broker.billed().await.len() >= 30).await;
    consumer.signal(Signal::KILL);
    consumer.exit().await;
    let held = broker.pending().await;
    assert!(held.len() >= 20, "{held:?}");
    let billed = broker.billed().await;
    let mut expected: BTreeMap<_, _> = (0..200).map(|order| (order.to_string(), 1)).collect();
    for id in held {
        let order = broker.order(&id).await;
        if billed.contains_key(&order) {
            // It was killed between the deed and its acknowledgement.
            expected.insert(order, 2);
        }
    }

    let successor = broker.consumer("2000").await;
    broker.until_done().await;
    successor.signal(Signal::TERM);
    expect_order(&successor.exit_with(0).await);
    assert_eq!(broker.billed().await, expected);
    assert!(broker.dead_letters().await.ids.is_empty());
}

#[tokio::test]
async fn a_lost_broker_ends_the_process_with_a_failure() {
    let mut broker = Broker::start().await;
    let consumer = broker.consumer("60000").await;
    soon("a read waits", async || broker.is_read_blocked().await).await;
    broker.server.kill();
    let exit = consumer.exit_with(1).await;
    let why = exit.text();
    assert!(
        why.contains("orders") && why.contains("connection closed"),
        "{why}"
    );
}

#[tokio::test]
async fn a_time_that_is_none_is_refused() {
    for bad in ["soon", "99", "-1", "5000000000"] {
        let exit = spawn(&["127.0.0.1:1", bad]).exit_with(2).await;
        let log = exit.text();
        assert!(
            log.contains(&format!("`{bad}`")) && log.contains("milliseconds"),
            "{log}"
        );
    }
}

//! Stops, and the successor that goes on.

use crate::support::{Broker, Signal, expect_order, soon};

/// Longer than any test: what a stop has left pending would stay so, and be seen.
const NEVER: &str = "3600000";

/// Stops consumers, this many, while they hold at least 20 messages and 1000 are queued. A stop that found
/// fewer is not counted, because the machine stood still and they ended meanwhile; all else is expected of it
/// as well.
async fn stops_under_load(stops: u32) {
    let mut broker = Broker::start().await;
    let (mut counted, mut tried) = (0, 0);
    while counted < stops {
        broker.fill(1100).await;
        let consumer = broker.consumer(NEVER).await;
        soon("20 are held", async || broker.pending().await.len() >= 20).await;
        assert!(broker.queued().await >= 1000);
        consumer.signal(Signal::TERM);
        // Others go on adding.
        let (exit, ()) = tokio::join!(consumer.exit_with(0), broker.add(100));
        let held = expect_order(&exit);
        counted += u32::from(held >= 20);
        tried += 1;
        assert!(
            tried <= 2 * stops,
            "{counted} of {tried} stops had 20 messages"
        );
        assert_eq!(broker.pending().await, [""; 0]);
        assert_eq!(broker.consumers().await, 0, "its name is gone");
    }
    let last = broker.consumer(NEVER).await;
    broker.until_done().await;
    last.signal(Signal::TERM);
    assert_eq!(expect_order(&last.exit_with(0).await), 0);
    broker.expect_all_once().await;
    assert!(broker.dead_letters().await.ids.is_empty());
}

#[tokio::test]
async fn a_stop_under_load_loses_nothing_and_does_nothing_twice() {
    stops_under_load(5).await;
}

#[tokio::test]
#[ignore = "takes a minute"]
async fn a_hundred_stops_under_load_lose_nothing_and_do_nothing_twice() {
    stops_under_load(100).await;
}

#[tokio::test]
async fn a_message_that_comes_while_a_stop_goes_on_is_left_to_the_successor() {
    let mut broker = Broker::start().await;
    let mut consumer = broker.consumer(NEVER).await;
    broker
        .add_fields(&[("order", "slow"), ("takes_ms", "1000")])
        .await;
    soon("it holds one", async || broker.pending().await.len() == 1).await;
    soon("a read waits for more", async || {
        broker.is_read_blocked().await
    })
    .await;
    consumer.signal(Signal::TERM);
    consumer.line("pulls no more").await;
    // A read that was dropped, not woken, still waits in the broker, which would deliver to it.
    assert!(!broker.is_read_blocked().await);
    broker.add(10).await;
    let exit = consumer.exit_with(0).await;
    assert_eq!(expect_order(&exit), 1);
    assert_eq!(
        (broker.pending().await.len(), broker.queued().await),
        (0, 10)
    );

    let successor = broker.consumer(NEVER).await;
    broker.until_done().await;
    successor.signal(Signal::TERM);
    expect_order(&successor.exit_with(0).await);
    let billed = broker.billed().await;
    assert!(
        billed.len() == 11 && billed.values().all(|times| *times == 1),
        "{billed:?}"
    );
}

#[tokio::test]
async fn a_message_that_comes_at_the_moment_of_a_stop_is_processed_or_left() {
    let mut broker = Broker::start().await;
    for _ in 0..10 {
        let consumer = broker.consumer(NEVER).await;
        soon("a read waits", async || broker.is_read_blocked().await).await;
        consumer.signal(Signal::TERM);
        let (exit, ()) = tokio::join!(consumer.exit_with(0), async {
            for _ in 0..50 {
                broker.add(1).await;
            }
        });
        expect_order(&exit);
        assert_eq!(broker.pending().await, [""; 0]);
    }
    let last = broker.consumer(NEVER).await;
    broker.until_done().await;
    last.signal(Signal::TERM);
    last.exit_with(0).await;
    broker.expect_all_once().await;
}

//! A drain by request, and back.

use crate::support::{Broker, Signal, post, soon, spawn};

#[tokio::test]
async fn a_drain_ends_the_pulling_until_it_is_taken_back() {
    let mut broker = Broker::start().await;
    broker.add(200).await;
    let mut consumer = spawn(&[&broker.server.address()]);
    let admin = consumer.field("admin").await;
    consumer.line("pulling").await;
    for _ in 0..3 {
        assert_eq!(post(&admin, "/drain").await, "HTTP/1.1 200 OK");
        consumer.line("pulls no more").await;
        broker.fill(200).await;
        soon("what it held is acknowledged", async || {
            broker.pending().await.is_empty()
        })
        .await;
        assert!(!broker.is_read_blocked().await);
        assert_eq!(broker.queued().await, 200);
        assert_eq!(post(&admin, "/undrain").await, "HTTP/1.1 200 OK");
        consumer.line("pulling").await;
    }
    broker.until_done().await;
    // A stop that comes during a drain finds nothing to do.
    post(&admin, "/drain").await;
    consumer.line("pulls no more").await;
    consumer.signal(Signal::TERM);
    consumer.exit_with(0).await;
    broker.expect_all_once().await;
}

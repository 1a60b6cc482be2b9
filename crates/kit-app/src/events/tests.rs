use std::sync::mpsc;

use kit_sync::TaskTree;
use tokio::runtime::Handle;

use super::*;

/// Long enough for any machine; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

fn observer(name: &str, observe: impl Fn(&Stamped) + Send + Sync + 'static) -> Observer {
    Observer {
        name: name.to_owned(),
        observe: Box::new(observe),
    }
}

/// A consumer that sends the numbers it is given.
fn counting(name: &str) -> (Observer, mpsc::Receiver<u64>) {
    let (sent, numbers) = mpsc::channel();
    let sent = Mutex::new(sent);
    let observer = observer(name, move |stamped| {
        let _ = sent.lock().unwrap().send(stamped.number);
    });
    (observer, numbers)
}

/// A consumer that takes nothing before it is let go, and a message for each event that it holds.
fn blocked(name: &str) -> (Observer, mpsc::Receiver<u64>, mpsc::Sender<()>) {
    let (go, gone) = mpsc::channel::<()>();
    let (sent, held) = mpsc::channel();
    let (gone, sent) = (Mutex::new(gone), Mutex::new(sent));
    let observer = observer(name, move |stamped| {
        let _ = sent.lock().unwrap().send(stamped.number);
        let _ = gone.lock().unwrap().recv();
    });
    (observer, held, go)
}

#[tokio::test]
async fn a_consumer_that_blocks_holds_up_neither_the_emitter_nor_another_consumer() {
    let tree = TaskTree::new("events");
    let (log, held, _go) = blocked("log");
    let (other, numbers) = counting("other");
    let events = Events::new(Delivery::Queued { capacity: 4 }, vec![log, other]);
    events.start(tree.scope()).unwrap();
    events.emit(Event::RunDropped);
    assert_eq!(held.recv_timeout(PATIENCE), Ok(1));
    for number in 1..=100 {
        assert_eq!(numbers.recv_timeout(PATIENCE), Ok(number));
        events.emit(Event::RunDropped);
    }
    let undelivered = events.flush(tree.scope(), Duration::from_millis(10)).await;
    let expected = Undelivered {
        consumer: "log".to_owned(),
        events: 101,
    };
    assert_eq!(undelivered, [expected]);
}

#[tokio::test]
async fn a_full_queue_drops_its_oldest_events_and_counts_them() {
    let tree = TaskTree::new("events");
    let (log, held, go) = blocked("log");
    let events = Events::new(Delivery::Queued { capacity: 2 }, vec![log]);
    events.start(tree.scope()).unwrap();
    events.emit(Event::RunDropped);
    assert_eq!(held.recv_timeout(PATIENCE), Ok(1));
    (0..4).for_each(|_| events.emit(Event::RunDropped));
    assert_eq!(events.dropped()[0].events, 2);
    drop(go);
    let undelivered = events.flush(tree.scope(), PATIENCE).await;
    assert_eq!(held.try_iter().collect::<Vec<_>>(), [4, 5]);
    assert_eq!(undelivered[0].events, 2);
}

#[tokio::test]
async fn what_is_queued_is_delivered_before_a_flush_returns() {
    let tree = TaskTree::new("events");
    let (log, numbers) = counting("log");
    let events = Events::new(Delivery::default(), vec![log]);
    events.start(tree.scope()).unwrap();
    (0..1000).for_each(|_| events.emit(Event::RunDropped));
    assert_eq!(events.flush(tree.scope(), PATIENCE).await, []);
    assert!(numbers.try_iter().eq(1..=1000));
}

#[tokio::test]
async fn consumers_that_catch_up_have_taken_what_was_emitted_so_far_and_get_what_comes_later() {
    let tree = TaskTree::new("events");
    let (log, numbers) = counting("log");
    let events = Events::new(Delivery::default(), vec![log]);
    events.start(tree.scope()).unwrap();
    for so_far in [500, 1_000] {
        (0..500).for_each(|_| events.emit(Event::RunDropped));
        events.catch_up(tree.scope(), PATIENCE).await;
        assert_eq!(numbers.try_iter().last(), Some(so_far));
    }
}

#[tokio::test]
async fn a_consumer_that_blocks_costs_others_that_catch_up_no_more_than_the_limit() {
    let tree = TaskTree::new("events");
    let (log, held, _go) = blocked("log");
    let (other, numbers) = counting("other");
    let events = Events::new(Delivery::default(), vec![log, other]);
    events.start(tree.scope()).unwrap();
    events.emit(Event::RunDropped);
    assert_eq!(held.recv_timeout(PATIENCE), Ok(1));
    events
        .catch_up(tree.scope(), Duration::from_millis(10))
        .await;
    assert_eq!(numbers.recv_timeout(PATIENCE), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_by_the_systems_clock_when_the_runtimes_is_paused() {
    let tree = TaskTree::new("events");
    let (log, held, go) = blocked("log");
    let events = Events::new(Delivery::default(), vec![log]);
    events.start(tree.scope()).unwrap();
    events.emit(Event::RunDropped);
    assert_eq!(held.recv_timeout(PATIENCE), Ok(1));
    drop(go);
    assert_eq!(events.flush(tree.scope(), PATIENCE).await, []);
}

#[tokio::test]
async fn a_consumer_that_panics_gets_the_next_event_all_the_same() {
    for delivery in [Delivery::default(), Delivery::Inline] {
        let tree = TaskTree::new("events");
        let (other, numbers) = counting("other");
        let panics = observer("log", |_| panic!("a broken log"));
        let events = Events::new(delivery, vec![panics, other]);
        events.start(tree.scope()).unwrap();
        events.emit(Event::RunDropped);
        events.emit(Event::RunDropped);
        assert_eq!(events.flush(tree.scope(), PATIENCE).await, []);
        assert!(numbers.try_iter().eq(1..=2), "{delivery:?}");
    }
}

#[tokio::test]
async fn an_observer_can_use_the_runtime() {
    let tree = TaskTree::new("events");
    let (sent, found) = mpsc::channel();
    let sent = Mutex::new(sent);
    let uses = observer("uses the runtime", move |_| {
        let _ = sent.lock().unwrap().send(Handle::try_current().is_ok());
    });
    let events = Events::new(Delivery::default(), vec![uses]);
    events.start(tree.scope()).unwrap();
    events.emit(Event::RunDropped);
    assert_eq!(events.flush(tree.scope(), PATIENCE).await, []);
    assert_eq!(found.recv(), Ok(true));
}

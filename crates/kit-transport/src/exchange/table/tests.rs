use std::task::Context;

use tokio::time::Instant;

use super::*;
use crate::exchange::allowance::ResponseLimit;

fn start(table: &mut ExchangeTable, path: &'static str) -> Key {
    let allowance = Allowance::new(Instant::now(), None, None);
    table.start((&Method::GET, &Uri::from_static(path)), allowance)
}

#[test]
fn a_place_is_used_again_and_an_old_key_does_not_open_it() {
    let mut table = ExchangeTable::default();
    let old = start(&mut table, "/old");
    table.remove(old);
    assert!(table.is_empty() && table.get_mut(old).is_none());
    let new = start(&mut table, "/new");
    assert_eq!(new.place, old.place);
    table.remove(old);
    assert!(table.get_mut(old).is_none());
    assert!(table.get_mut(new).is_some());
}

#[test]
fn what_was_given_up_is_counted_once_and_keeps_nothing_busy() {
    let mut table = ExchangeTable::default();
    let key = start(&mut table, "/events");
    table.get_mut(key).unwrap().mark_graced();
    assert_eq!(table.streams(), 1);
    let mut cut = 0;
    table.cut_where(
        |exchange| exchange.grace(Duration::ZERO).is_some(),
        |_| cut += 1,
    );
    table.cut_where(|_| true, |_| cut += 1);
    assert_eq!(cut, 1);
    assert!(!table.is_busy() && !table.is_empty() && table.has_cut());
    table.remove(key);
    assert!(table.is_empty() && !table.has_cut());
}

#[test]
fn what_has_ended_stays_busy_until_it_is_removed_and_alone_is_removed() {
    let mut table = ExchangeTable::default();
    let (first, next) = (start(&mut table, "/1"), start(&mut table, "/2"));
    table.get_mut(first).unwrap().mark_graced();
    assert_eq!(table.streams(), 1);
    table.end(first);
    assert_eq!((table.len(), table.streams()), (2, 0));
    assert!(
        table.is_busy()
            && table
                .get_mut(first)
                .unwrap()
                .grace(Duration::ZERO)
                .is_none()
    );
    assert_eq!(table.remove_ended(), 1);
    assert!(table.get_mut(first).is_none() && table.get_mut(next).is_some());
    table.cut_where(|_| true, |_| ());
    table.end(next);
    assert_eq!(table.remove_ended(), 1);
    assert!(table.is_empty() && !table.has_cut());
}

#[test]
fn an_exchange_is_in_flight_until_it_has_ended_or_was_given_up() {
    let mut table = ExchangeTable::default();
    for round in 1..=2 {
        let (first, next) = (start(&mut table, "/1"), start(&mut table, "/2"));
        assert_eq!((table.len(), table.in_flight()), (2, 2), "round {round}");
        table.end(first);
        table.end(first);
        assert_eq!(
            (table.len(), table.in_flight()),
            (2, 1),
            "ended twice is once"
        );
        assert!(table.is_in_flight());
        table.cut_where(|exchange| !exchange.has_ended(), |_| ());
        assert!(!table.is_in_flight(), "it was given up");
        table.remove(first);
        assert_eq!((table.len(), table.in_flight()), (1, 1));
        table.remove(next);
        assert_eq!((table.len(), table.in_flight()), (0, 0));
        assert_eq!(table.iter().count(), 0);
    }
}

fn wait(table: &mut ExchangeTable, key: Key) -> Option<Instant> {
    let exchange = table.get_mut(key).unwrap();
    exchange.leave_waker(&Context::from_waker(Waker::noop()));
    let deadline = exchange.deadline();
    deadline.inspect(|deadline| _ = table.add_deadline(*deadline))
}

#[test]
fn what_waits_is_late_when_its_time_has_passed() {
    const SECOND: Duration = Duration::from_secs(1);
    let start = Instant::now();
    let mut table = ExchangeTable::default();
    let mut request = |own, client| {
        let allowance = Allowance::new(start, own, client);
        table.start((&Method::GET, &Uri::from_static("/")), allowance)
    };
    let ready = request(Some(SECOND), None);
    let unary = request(Some(SECOND), None);
    let call = request(Some(2 * SECOND), Some(3 * SECOND));
    let free = request(None, None);
    assert_eq!(wait(&mut table, call), Some(start + 2 * SECOND));
    assert_eq!(wait(&mut table, unary), Some(start + SECOND));
    assert_eq!(wait(&mut table, free), None);
    assert_eq!(table.due(), Some(start + SECOND));

    assert_eq!(table.time_out(start).len(), 0);
    assert_eq!(table.due(), Some(start + SECOND), "nothing was late");
    assert_eq!(table.time_out(start + SECOND).len(), 1);
    assert_eq!(table.due(), Some(start + 2 * SECOND));
    let mut limit = |key| {
        table
            .get_mut(key)
            .unwrap()
            .timed_out()
            .map(ResponseLimit::duration)
    };
    assert_eq!(limit(unary), Some(SECOND));
    assert_eq!([ready, call, free].map(limit), [None; 3]);

    table.get_mut(call).unwrap().mark_head_sent();
    assert_eq!(table.time_out(start + 2 * SECOND).len(), 0);
    assert_eq!(table.time_out(start + 3 * SECOND).len(), 1);
    assert_eq!(
        table.get_mut(call).unwrap().timed_out(),
        Some(ResponseLimit::Client(3 * SECOND))
    );
    assert_eq!(table.due(), None);
}

#[test]
fn an_errand_is_found_by_its_number_on_its_connection_and_nowhere_else() {
    let connection = |number| NonZeroU64::new(number).unwrap();
    let mut table = ExchangeTable::default();
    let (one, two) = (start(&mut table, "/1"), start(&mut table, "/2"));
    let errand = two.errand(connection(7));
    let found = table.on_errand(errand, connection(7)).unwrap();
    assert_eq!(found.serial(), two.serial);
    assert!(table.on_errand(errand, connection(8)).is_none());
    assert_ne!(one.errand(connection(7)), errand);
    table.remove(two);
    assert!(table.on_errand(errand, connection(7)).is_none());
    // A connection that lives for long, and a server.
    let old = Key {
        place: 0,
        serial: u64::MAX,
    };
    assert_ne!(old.errand(connection(1)), old.errand(connection(2)));
    assert_eq!(old.errand(NonZeroU64::MAX), NonZeroU64::MAX);
}

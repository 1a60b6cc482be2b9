use super::*;

fn start(in_flight: &mut InFlight, path: &'static str) -> Key {
    in_flight.start(
        Method::GET,
        Some(PathAndQuery::from_static(path)),
        Instant::now(),
        Allowed::default(),
    )
}

#[test]
fn a_place_is_used_again_and_an_old_key_does_not_open_it() {
    let mut in_flight = InFlight::default();
    let old = start(&mut in_flight, "/old");
    assert!(in_flight.remove(old).is_some());
    let new = start(&mut in_flight, "/new");
    assert_eq!(new.place, old.place);
    assert!(in_flight.get_mut(old).is_none() && in_flight.remove(old).is_none());
    assert!(in_flight.get_mut(new).is_some());
    assert!(in_flight.get_mut(Key::none()).is_none());
}

#[test]
fn what_was_given_up_is_counted_once_and_keeps_nothing_busy() {
    let mut in_flight = InFlight::default();
    let key = start(&mut in_flight, "/events");
    in_flight.get_mut(key).unwrap().kind = Kind::Events;
    assert_eq!(in_flight.streams(), 1);
    let mut cut = 0;
    in_flight.cut_where(|running| running.kind == Kind::Events, |_| cut += 1);
    in_flight.cut_where(|_| true, |_| cut += 1);
    assert_eq!(cut, 1);
    assert!(!in_flight.is_busy() && !in_flight.is_empty() && in_flight.has_cut());
    in_flight.remove(key);
    assert!(in_flight.is_empty() && !in_flight.has_cut());
}

#[test]
fn a_name_has_no_query_string() {
    let mut in_flight = InFlight::default();
    let key = start(&mut in_flight, "/orders/7?token=secret");
    let from = Address::Ip(([10, 0, 0, 7], 41000).into());
    let name = in_flight.get_mut(key).unwrap().name(&from, Instant::now());
    assert_eq!(name, "GET /orders/7 from 10.0.0.7:41000, 0.0 s");
}

fn wait(in_flight: &mut InFlight, key: Key) -> Option<Instant> {
    let running = in_flight.get_mut(key).unwrap();
    running.waiter = Some(Waker::noop().clone());
    let deadline = running.deadline();
    deadline.inspect(|deadline| _ = in_flight.due_by(*deadline))
}

#[test]
fn what_waits_is_late_when_its_time_has_passed() {
    const SECOND: Duration = Duration::from_secs(1);
    let start = Instant::now();
    let mut in_flight = InFlight::default();
    let mut request = |head, whole| {
        let allowed = Allowed { head, whole };
        in_flight.start(Method::GET, None, start, allowed)
    };
    let ready = request(Some(SECOND), None);
    let unary = request(Some(SECOND), None);
    let call = request(Some(2 * SECOND), Some(3 * SECOND));
    let free = request(None, None);
    assert_eq!(wait(&mut in_flight, call), Some(start + 2 * SECOND));
    assert_eq!(wait(&mut in_flight, unary), Some(start + SECOND));
    assert_eq!(wait(&mut in_flight, free), None);
    assert_eq!(in_flight.due(), Some(start + SECOND));

    assert_eq!(in_flight.time_out(start).len(), 0);
    assert_eq!(in_flight.due(), Some(start + SECOND), "nothing was late");
    assert_eq!(in_flight.time_out(start + SECOND).len(), 1);
    assert_eq!(in_flight.due(), Some(start + 2 * SECOND));
    let mut limit = |key| in_flight.get_mut(key).unwrap().timed_out;
    assert_eq!(limit(unary), Some(SECOND));
    assert_eq!([ready, call, free].map(limit), [None; 3]);

    in_flight.get_mut(call).unwrap().has_head();
    assert_eq!(in_flight.time_out(start + 2 * SECOND).len(), 0);
    assert_eq!(in_flight.time_out(start + 3 * SECOND).len(), 1);
    assert_eq!(in_flight.get_mut(call).unwrap().timed_out, Some(3 * SECOND));
    assert_eq!(in_flight.due(), None);
}

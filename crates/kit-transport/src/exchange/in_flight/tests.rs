use super::*;

fn begin(path: &str) -> Exchange {
    let uri = path.parse().expect("a path");
    let allowance = Allowance::new(Instant::now(), None, None);
    Exchange::new(1, (&Method::GET, &uri), allowance)
}

#[test]
fn a_name_has_no_query_string() {
    let exchange = begin("/orders/7?token=secret");
    let now = exchange.allowance.started();
    let from = Address::Ip(([10, 0, 0, 7], 41000).into());
    let name = exchange.name(&from, now);
    assert_eq!(name, "GET /orders/7 from 10.0.0.7:41000, 0.0 s");
}

#[test]
fn a_handler_may_ask_for_more_than_the_grace_and_not_for_less() {
    const GRACE: Duration = Duration::from_secs(2);
    let asked = |limit: Option<u64>| {
        let mut exchange = begin("/");
        assert_eq!(exchange.grace(GRACE), None);
        if let Some(seconds) = limit {
            exchange.set_finish_within(Duration::from_secs(seconds));
            assert!(exchange.is_stream());
            assert_eq!(
                exchange.grace(GRACE),
                None,
                "the driver does not end it yet"
            );
        }
        exchange.mark_graced();
        exchange.grace(GRACE)
    };
    assert_eq!(asked(None), Some(GRACE));
    assert_eq!(asked(Some(1)), Some(GRACE));
    assert_eq!(asked(Some(20)), Some(Duration::from_secs(20)));
}

/// The bytes of the memory that the path of an exchange has, after one with a path of this length.
fn memory_after(length: usize) -> usize {
    let path = "x".repeat(length);
    let mut exchange = begin(&format!("/{path}"));
    exchange.release();
    exchange.path.capacity()
}

#[test]
fn the_memory_of_a_path_is_used_again_unless_it_is_large() {
    let kept = memory_after(100);
    assert!((100..=KEPT_PATH).contains(&kept), "{kept}");
    let kept = memory_after(60_000);
    assert!(kept <= KEPT_PATH, "{kept}");

    let mut exchange = begin("/a-path-that-is-longer");
    let memory = exchange.path.as_ptr();
    exchange.release();
    assert!(exchange.is_released());
    let uri = Uri::from_static("/shorter");
    let allowance = Allowance::new(Instant::now(), None, None);
    exchange.begin_again(2, (&Method::PUT, &uri), allowance);
    assert_eq!(
        (&exchange.method, exchange.path.as_str(), exchange.serial()),
        (&Method::PUT, "/shorter", 2)
    );
    assert_eq!(exchange.path.as_ptr(), memory);
}

#[test]
fn a_place_that_is_used_again_has_nothing_of_the_exchange_before_it() {
    for has_ended in [false, true] {
        let mut exchange = begin("/events");
        exchange.set_finish_within(Duration::from_secs(20));
        exchange.mark_graced();
        exchange.leave_waker(&Context::from_waker(Waker::noop()));
        exchange.set_awaits_client(true);
        exchange.cut = true;
        if has_ended {
            exchange.mark_ended();
        }
        exchange.release();
        let uri = Uri::from_static("/next");
        let allowance = Allowance::new(Instant::now(), Some(Duration::from_secs(1)), None);
        exchange.begin_again(2, (&Method::GET, &uri), allowance);
        assert!(!exchange.cut && !exchange.has_ended() && !exchange.is_stream());
        assert_eq!(exchange.grace(Duration::ZERO), None);
        assert!(exchange.deadline().is_none() && exchange.take_waker().is_none());
        assert_eq!(exchange.awaits_client_since(Instant::now()), None);
    }
}

#[test]
fn a_response_that_has_ended_waits_neither_for_a_task_nor_for_its_client() {
    let mut exchange = begin("/");
    exchange.leave_waker(&Context::from_waker(Waker::noop()));
    exchange.set_awaits_client(true);
    exchange.mark_ended();
    assert!(exchange.take_waker().is_none());
    assert_eq!(exchange.awaits_client_since(Instant::now()), None);
}

#[test]
fn a_request_without_a_path_is_named_by_a_star() {
    let uri = Uri::from_static("orders:443");
    let allowance = Allowance::new(Instant::now(), None, None);
    let exchange = Exchange::new(1, (&Method::CONNECT, &uri), allowance);
    let from = Address::Ip(([10, 0, 0, 7], 41000).into());
    let name = exchange.name(&from, allowance.started());
    assert_eq!(name, "CONNECT * from 10.0.0.7:41000, 0.0 s");
}

#[test]
fn a_released_place_keeps_no_method_of_its_client() {
    let method = Method::from_bytes(&[b'X'; 60_000]).expect("a method");
    let uri = Uri::from_static("/");
    let allowance = Allowance::new(Instant::now(), None, None);
    let mut exchange = Exchange::new(1, (&method, &uri), allowance);
    exchange.release();
    let kept = exchange.method.as_str().len();
    assert!(kept <= KEPT_PATH, "{kept} bytes are kept while idle");
}

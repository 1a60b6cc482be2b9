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

#[test]
fn an_errand_is_found_by_its_number_on_its_connection_and_nowhere_else() {
    let connection = |number| NonZeroU64::new(number).unwrap();
    let mut in_flight = InFlight::default();
    let (one, two) = (start(&mut in_flight, "/1"), start(&mut in_flight, "/2"));
    let errand = two.errand(connection(7));
    let found = in_flight.on_errand(errand, connection(7)).unwrap();
    assert_eq!(found.serial, two.serial);
    assert!(in_flight.on_errand(errand, connection(8)).is_none());
    assert_ne!(one.errand(connection(7)), errand);
    in_flight.remove(two);
    assert!(in_flight.on_errand(errand, connection(7)).is_none());
    // A connection that lives for long, and a server.
    let old = Key {
        place: 0,
        serial: u64::MAX,
    };
    assert_ne!(old.errand(connection(1)), old.errand(connection(2)));
    assert_eq!(old.errand(NonZeroU64::MAX), NonZeroU64::MAX);
}

/// Lets a real client ask `path`; whether what is kept of the request lies where the request's own
/// is, which is to say that nothing was copied.
async fn shares_its_path(http2: bool, path: &str) -> bool {
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let (near, far) = tokio::io::duplex(4096);
    let (near, far) = (TokioIo::new(near), TokioIo::new(far));
    let (told, mut tells) = tokio::sync::mpsc::channel(1);
    let service = hyper::service::service_fn(move |request: http::Request<_>| {
        let uri = request.uri().clone();
        let mut in_flight = InFlight::default();
        let kept = uri.path_and_query().cloned();
        let now = Instant::now();
        let key = in_flight.start(request.method().clone(), kept, now, Allowed::default());
        let kept = in_flight
            .get_mut(key)
            .unwrap()
            .path
            .as_ref()
            .unwrap()
            .as_str();
        let own = request.uri().path_and_query().unwrap().as_str();
        assert_eq!(kept, own);
        let _ = told.try_send(kept.as_ptr() == own.as_ptr());
        let _: &hyper::body::Incoming = request.body();
        async { Ok::<_, std::convert::Infallible>(http::Response::new(String::new())) }
    });
    let request = http::Request::get(format!("http://test{path}"));
    let request = request.body(String::new()).unwrap();
    let asked = async {
        if http2 {
            let executor = TokioExecutor::new();
            let (mut client, connection) = hyper::client::conn::http2::handshake(executor, near)
                .await
                .unwrap();
            let _ = tokio::join!(
                connection,
                async move { client.send_request(request).await }
            );
        } else {
            let (mut client, connection) =
                hyper::client::conn::http1::handshake(near).await.unwrap();
            let _ = tokio::join!(
                connection,
                async move { client.send_request(request).await }
            );
        }
    };
    let served = async {
        if http2 {
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(far, service).await;
        } else {
            let server = hyper::server::conn::http1::Builder::new();
            let _ = server.serve_connection(far, service).await;
        }
    };
    tokio::select! {
        shares = tells.recv() => shares.unwrap(),
        _ = async { tokio::join!(asked, served) } => panic!("it was not asked"),
    }
}

#[tokio::test]
async fn what_is_kept_of_a_request_is_shared_with_it() {
    let long = format!("/{}?q=1", "\u{7e}x".repeat(500));
    for http2 in [false, true] {
        // In words of HPACK's own table, in Huffman's code, and too short for it.
        for path in ["/", "/orders/7?q=1", "/~~~~~", &long] {
            assert!(shares_its_path(http2, path).await, "{http2}, {path}");
        }
    }
}

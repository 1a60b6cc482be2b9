use super::*;

#[test]
fn a_name_has_no_query_string() {
    let path = PathAndQuery::from_static("/orders/7?token=secret");
    let now = Instant::now();
    let allowance = Allowance::new(now, None, None);
    let exchange = Exchange::new(1, Method::GET, Some(path), allowance);
    let from = Address::Ip(([10, 0, 0, 7], 41000).into());
    let name = exchange.name(&from, now);
    assert_eq!(name, "GET /orders/7 from 10.0.0.7:41000, 0.0 s");
}

#[test]
fn a_handler_may_ask_for_more_than_the_grace_and_not_for_less() {
    const GRACE: Duration = Duration::from_secs(2);
    let asked = |limit: Option<u64>| {
        let allowance = Allowance::new(Instant::now(), None, None);
        let mut exchange = Exchange::new(1, Method::GET, None, allowance);
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

/// Lets a real client ask `path`; whether what is kept of the request lies where the request's own
/// is, which is to say that nothing was copied.
async fn shares_its_path(http2: bool, path: &str) -> bool {
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let (near, far) = tokio::io::duplex(4096);
    let (near, far) = (TokioIo::new(near), TokioIo::new(far));
    let (found, mut finds) = tokio::sync::mpsc::channel(1);
    let service = hyper::service::service_fn(move |request: http::Request<_>| {
        let uri = request.uri().clone();
        let kept = uri.path_and_query().cloned();
        let allowance = Allowance::new(Instant::now(), None, None);
        let exchange = Exchange::new(1, request.method().clone(), kept, allowance);
        let kept = exchange.path.as_ref().unwrap().as_str();
        let own = request.uri().path_and_query().unwrap().as_str();
        assert_eq!(kept, own);
        let _ = found.try_send(kept.as_ptr() == own.as_ptr());
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
        shares = finds.recv() => shares.unwrap(),
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

//! An agent whose index moves all the time, as that of a service without instances does in a large cluster.

use std::time::Duration;

use kit_registry::Schemes;
use kit_sync::TaskTree;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

/// Takes one request, and answers that there are no instances at this index.
async fn answer(listener: &TcpListener, index: u64) {
    let (mut socket, _) = listener.accept().await.expect("a connection");
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(socket.read_u8().await.expect("a request"));
    }
    let answer =
        format!("HTTP/1.1 200 OK\r\nX-Consul-Index: {index}\r\nContent-Length: 2\r\n\r\n[]");
    socket
        .write_all(answer.as_bytes())
        .await
        .expect("it is read");
}

#[tokio::test]
async fn an_index_that_moves_without_a_change_is_not_asked_for_without_a_pause() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let tree = TaskTree::new("test");
    let mut schemes = Schemes::default();
    kit_registry_consul::add_to(&mut schemes);
    let registry = schemes.open(&format!("consul://{address}"), tree.scope());
    let registry = registry.expect("a good URL");
    let service = "hello".parse().expect("a valid name");
    let (watch, ()) = tokio::join!(registry.discovery.watch(&service), answer(&listener, 1));
    let _watch = watch.expect("a watch");
    let begun = Instant::now();
    for index in 2..12 {
        let asked = timeout(Duration::from_secs(30), answer(&listener, index));
        asked.await.expect("it is asked again");
    }
    // Nine pauses, each of 100 ms.
    assert!(begun.elapsed() > Duration::from_millis(800));
    let report = tree.close(Instant::now() + Duration::from_secs(30)).await;
    assert!(report.on_time(), "{report:?}");
}

//! A stop names what it waits for while it waits.

use crate::support::{Service, Signal};

#[tokio::test]
async fn a_request_that_holds_up_the_stop_is_named_while_it_does() {
    let mut service = Service::start(&["--drain-delay", "0s"]).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=4s").await;
    service.signal(Signal::TERM);
    let line = service.process.line("waiting for http to drain").await;
    assert!(
        line.contains("GET /helloworld/slow from 127.0.0.1:"),
        "{line}"
    );
    assert_eq!(http.response().await.status, 200);
    service.exit().await.expect(0);
}

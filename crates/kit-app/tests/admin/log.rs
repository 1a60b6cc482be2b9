//! The lines that are logged on the thread of the admin server.

use std::net::TcpStream;

use kit_test_support::Lines;

use crate::client::try_ask;
use crate::fixture::{Running, app};

#[test]
fn a_lack_of_places_is_logged_with_the_instance() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let app = app().version("1.2.0").id("7f3a");
    let running = Running::logging(app, subscriber.into());
    running.until_ready();
    let held: Vec<_> = (0..300)
        .map(|_| TcpStream::connect(running.admin).unwrap())
        .collect();
    // Connections are taken in the order in which they came.
    let shed = try_ask(running.admin, "GET", "/readyz", "");
    assert!(shed.is_err(), "{shed:?}");
    let shed = lines.with("too many connections");
    assert_eq!(shed.len(), 1, "{shed:?}");
    let instance = r#"app{service="orders" version="1.2.0" id="7f3a"}: "#;
    assert_eq!(shed[0].matches(instance).count(), 1, "{shed:?}");
    drop(held);
    running.stop();
    // Each line once, also those of events that come from that thread.
    let twice = lines.with("app{").into_iter();
    let twice: Vec<_> = twice
        .filter(|line| line.matches("app{").count() > 1)
        .collect();
    assert_eq!(twice, [""; 0]);
}

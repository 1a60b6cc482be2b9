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
    // For all threads of this process: while there is one subscriber, a line that a thread without it comes
    // to first is off for good, and the other tests have such threads.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let running = Running::ready(app().version("1.2.0").id("log-test"));
    let held: Vec<_> = (0..300)
        .map(|_| TcpStream::connect(running.admin).unwrap())
        .collect();
    // Connections are taken in the order in which they came.
    let shed = try_ask(running.admin, "GET", "/readyz", "");
    assert!(shed.is_err(), "{shed:?}");
    // Other tests may lack places, too.
    let mut shed = lines.with("too many connections");
    let instance = r#"app{service="orders" version="1.2.0" id="log-test"}: "#;
    shed.retain(|line| line.contains(instance));
    assert_eq!(shed.len(), 1, "{:#?}", lines.all());
    drop(held);
    running.stop();
    // Each line once, also those of events that come from that thread.
    let twice = lines.with("app{").into_iter();
    let twice: Vec<_> = twice
        .filter(|line| line.matches("app{").count() > 1)
        .collect();
    assert_eq!(twice, [""; 0]);
}

//! The page of an app whose runtime is blocked.

use std::sync::{Arc, Mutex, mpsc};

use kit_app::{App, Environment, Event, Signals};
use kit_transport::Address;
use tokio::sync::oneshot;

use crate::fixture::{PATIENCE, get, telemetry};
use crate::shown::value_of;

#[test]
fn the_page_comes_while_the_runtime_is_blocked() {
    let telemetry = telemetry();
    let (found, address) = mpsc::channel();
    let (block, blocks) = oneshot::channel::<()>();
    let (blocked, is_blocked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let parts = Arc::new(Mutex::new(Some((blocks, blocked, released))));
    let app = App::builder("orders")
        .signals(Signals::none())
        .environment(Environment::from_lookup(|_| None))
        .admin(([127, 0, 0, 1], 0))
        .observer(move |stamped| {
            if let Event::AdminStarted { listening } = &stamped.event
                && let Address::Ip(address) = listening[0].address()
            {
                let _ = found.send(*address);
            }
        })
        .worker("blocks", move |ctx| {
            let (blocks, blocked, released) = parts.lock().unwrap().take().unwrap();
            async move {
                let _ = blocks.await;
                blocked.send(()).unwrap();
                let _ = released.recv();
                ctx.scope().token().cancelled().await;
                Ok(())
            }
        })
        .apply(telemetry.option())
        .build();
    let handle = app.handle();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let running = std::thread::Builder::new().spawn(move || runtime.block_on(app.run()));
    let admin = address.recv_timeout(PATIENCE).expect("it starts");
    block.send(()).unwrap();
    is_blocked.recv_timeout(PATIENCE).expect("it blocks");

    let answer = get(admin, "/metrics");
    let (head, page) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let form = "content-type: text/plain; version=0.0.4; charset=utf-8";
    assert!(head.to_lowercase().contains(form), "{head}");
    assert_eq!(value_of(page, "tokio_workers"), Some(1.0), "{page}");
    assert!(value_of(page, "tokio_alive_tasks").unwrap() >= 2.0);
    assert!(value_of(page, "process_threads").unwrap() >= 3.0);
    let list = get(admin, "/");
    assert!(list.contains("GET  /metrics"), "{list}");

    release.send(()).unwrap();
    handle.stop("done");
    let report = running.unwrap().join().unwrap().expect("a clean stop");
    assert_eq!(report.exit_code, 0);
}

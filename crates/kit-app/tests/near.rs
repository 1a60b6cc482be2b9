//! Registries that only this machine reads: loopback is right there, and others do route to the app.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use kit_app::{App, DrainProfile, Event, Signals};
use kit_registry::{Memory, Reach};
use kit_transport::http;

/// Runs an app at loopback with a registry of this reach. Returns the drain profile, and whether there
/// was a warning about loopback.
async fn run(reach: Reach) -> (DrainProfile, bool) {
    let seen = Arc::new(Mutex::new((None, false)));
    let events = Arc::clone(&seen);
    let app = App::builder("app")
        .signals(Signals::none())
        .drain_delay(Duration::ZERO)
        .schemes(|schemes| {
            schemes.add("test", move |_url, scope| {
                Ok(Memory::new().open(scope).reach(reach))
            });
        })
        .registry("test:")
        .observer(move |event| match &event.event {
            Event::Planned { profile, .. } => events.lock().unwrap().0 = Some(*profile),
            Event::LoopbackAdvertised { .. } => events.lock().unwrap().1 = true,
            _ => {}
        })
        .server(http::Server::new("127.0.0.1:0", Router::new()))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.expect("it starts");
        handle.stop("asked");
    });
    report.expect("it ends well");
    let (profile, is_warned) = *seen.lock().unwrap();
    (profile.expect("a plan"), is_warned)
}

#[tokio::test]
async fn loopback_is_warned_of_where_other_machines_read_it_alone() {
    assert_eq!(run(Reach::Process).await, (DrainProfile::Alone, false));
    assert_eq!(run(Reach::Machine).await, (DrainProfile::Registry, false));
    assert_eq!(run(Reach::Others).await, (DrainProfile::Registry, true));
}

//! The admin server begins before everything else, ends after it, and holds nothing up.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_app::HookContext;

use crate::client::{get, try_ask};
use crate::fixture::{Running, app};

/// A step of the lifecycle, and what `/startupz` and `/readyz` say there.
type Look = (&'static str, u16, u16);

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Look>>>);

impl Seen {
    fn look(&self, step: &'static str, admin: SocketAddr) {
        let (started, ready) = (get(admin, "/startupz"), get(admin, "/readyz"));
        let seen = (step, started.status, ready.status);
        self.0.lock().unwrap().push(seen);
    }

    fn hook(
        &self,
        step: &'static str,
    ) -> impl FnOnce(HookContext) -> std::future::Ready<Result<(), kit_app::BoxError>> + Send + 'static
    {
        let seen = self.clone();
        move |app| {
            // On a thread of the runtime: the admin server has another.
            let events = app.handle().events();
            let address = events.iter().find_map(|event| match &event.event {
                kit_app::Event::AdminStarted { listening } => listening[0].address().ip(),
                _ => None,
            });
            seen.look(step, address.expect("it listens"));
            std::future::ready(Ok(()))
        }
    }
}

#[test]
fn every_step_of_the_lifecycle_is_seen_from_outside() {
    let seen = Seen::default();
    let app = app()
        .before_start("look", seen.hook("before_start"))
        .after_start("look", seen.hook("after_start"))
        .before_stop("look", seen.hook("before_stop"))
        .after_stop("look", seen.hook("after_stop"));
    let running = Running::ready(app);
    let admin = running.admin;
    seen.look("ready", admin);
    let report = running.stop();
    assert_eq!(
        *seen.0.lock().unwrap(),
        [
            ("before_start", 503, 503),
            ("after_start", 503, 503),
            ("ready", 200, 200),
            ("before_stop", 200, 503),
            ("after_stop", 200, 503),
        ]
    );
    assert!(report.tasks.on_time(), "{:?}", report.tasks);
    assert!(try_ask(admin, "GET", "/livez", "").is_err(), "it has ended");
}

#[test]
fn clients_that_hold_connections_hold_up_neither_probes_nor_the_exit() {
    let running = Running::ready(app());
    let admin = running.admin;
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(TcpStream::connect(admin).unwrap());
        let mut half = TcpStream::connect(admin).unwrap();
        half.write_all(b"POST /stop HTTP/1.1\r\nhost: local")
            .unwrap();
        held.push(half);
    }
    // A body that never comes, one that is too long, and a head that is.
    let mut body = TcpStream::connect(admin).unwrap();
    body.write_all(b"POST /livez HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000000\r\n\r\nx")
        .unwrap();
    held.push(body);
    let head = format!("x: {}\r\n", "a".repeat(20_000));
    let answer = try_ask(admin, "GET", "/livez", &head);
    assert!(answer.is_err() || answer.unwrap().status == 431);
    assert_eq!(get(admin, "/readyz").status, 200);
    let report = running.stop();
    // The limit of a stop, unless it is set.
    let stop_timeout = Duration::from_secs(20);
    assert!(report.took < stop_timeout, "{:?}", report.took);
    assert!(report.tasks.on_time(), "{:?}", report.tasks);
    drop(held);
}

#[test]
fn places_that_silent_clients_take_are_free_again_in_moments() {
    let running = Running::ready(app());
    let held: Vec<_> = (0..300)
        .map(|_| TcpStream::connect(running.admin).unwrap())
        .collect();
    // All places are taken for two seconds, and connections beyond them are closed meanwhile.
    let mut refused = 0;
    while try_ask(running.admin, "GET", "/readyz", "").is_err() {
        refused += 1;
        assert!(refused < 5, "each takes a second at most");
        std::thread::sleep(Duration::from_secs(1));
    }
    drop(held);
    running.stop();
}

//! Readiness as a balancer sees it: no request fails that was sent before `/readyz` said 503.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get as route;
use kit_app::Event;
use kit_transport::http;

use crate::client::{PATIENCE, get, try_ask};
use crate::fixture::{Running, app};

const DRAIN_DELAY: Duration = Duration::from_millis(500);

#[expect(clippy::disallowed_methods, reason = "no runtime is here")]
fn now() -> Instant {
    Instant::now()
}

/// A balancer: asks `/readyz` every 5 ms, and sends requests as long as that says 200.
struct Balancer {
    admin: SocketAddr,
    server: SocketAddr,
    is_over: AtomicBool,
    /// The changes of the status, and when the first probe with it was answered.
    changes: Mutex<Vec<(Instant, u16)>>,
    /// When each request was sent, and whether it was answered.
    requests: Mutex<Vec<(Instant, bool)>>,
}

impl Balancer {
    fn new(running: &Running) -> Balancer {
        Balancer {
            admin: running.admin,
            server: running.server(),
            is_over: AtomicBool::new(false),
            changes: Mutex::default(),
            requests: Mutex::default(),
        }
    }

    fn probe(&self) {
        while !self.is_over.load(Ordering::SeqCst) {
            let status = try_ask(self.admin, "GET", "/readyz", "");
            let status = status.map_or(0, |answer| answer.status);
            let mut changes = self.changes.lock().unwrap();
            if changes.last().is_none_or(|(_, last)| *last != status) {
                changes.push((now(), status));
            }
            drop(changes);
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn send(&self) {
        while !self.is_over.load(Ordering::SeqCst) {
            let sent = now();
            let answer = try_ask(self.server, "GET", "/slow", "");
            let is_good = answer.is_ok_and(|answer| answer.body == "hello");
            self.requests.lock().unwrap().push((sent, is_good));
            if !is_good {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Waits until this number of requests more were answered.
    fn serves(&self, more: usize) {
        let count = || self.requests.lock().unwrap().len();
        let (begun, wanted) = (now(), count() + more);
        while count() < wanted {
            assert!(begun.elapsed() < PATIENCE, "no requests");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until a probe has had this status, for the `nth` time.
    fn until(&self, status: u16, nth: usize) -> Instant {
        let begun = now();
        loop {
            let changes = self.changes.lock().unwrap();
            let mut of_status = changes.iter().filter(|(_, seen)| *seen == status);
            if let Some((at, _)) = of_status.nth(nth - 1) {
                return *at;
            }
            drop(changes);
            assert!(begun.elapsed() < PATIENCE, "no {status}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Ends the threads of a balancer, also when the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn running() -> Running {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(3)).await;
        "hello"
    };
    let routes = Router::new().route("/slow", route(slow));
    let app = app()
        .server(http::Server::new("127.0.0.1:0", routes))
        .registry("memory:");
    // Many times what a balancer needs that probes every 5 ms, on a machine that is busy.
    Running::ready(app.drain_delay(DRAIN_DELAY))
}

/// Runs `course` under load, and asserts that every request was answered that was sent before the last
/// 503 began, and that some were.
fn under_load(course: impl FnOnce(&Running, &Balancer), end: impl FnOnce(Running)) {
    let running = running();
    let balancer = Balancer::new(&running);
    thread::scope(|threads| {
        threads.spawn(|| balancer.probe());
        for _ in 0..4 {
            threads.spawn(|| balancer.send());
        }
        let _over = Over(&balancer.is_over);
        balancer.until(200, 1);
        course(&running, &balancer);
        end(running);
    });
    let changes = balancer.changes.into_inner().unwrap();
    let last = changes.iter().rfind(|(_, status)| *status == 503);
    let (not_ready, _) = *last.unwrap_or_else(|| panic!("never 503: {changes:?}"));
    let requests = balancer.requests.into_inner().unwrap();
    let before: Vec<_> = requests
        .iter()
        .filter(|(sent, _)| *sent <= not_ready)
        .collect();
    let failed = before.iter().filter(|(_, is_good)| !is_good).count();
    assert_eq!(failed, 0, "of {} that were sent in time", before.len());
    assert!(before.len() > 10, "{}", before.len());
}

#[test]
fn no_request_fails_that_was_sent_before_a_stop_was_seen() {
    for _ in 0..3 {
        under_load(
            |_, balancer| balancer.serves(40),
            |running| {
                running.stop();
            },
        );
    }
}

#[test]
fn no_request_fails_through_a_drain_and_back() {
    under_load(
        |running, balancer| {
            for nth in 1..=3 {
                running.handle.drain("maintenance");
                balancer.until(503, nth);
                balancer.serves(20);
                running.handle.undrain().unwrap();
                balancer.until(200, nth + 1);
                balancer.serves(20);
            }
        },
        |running| {
            running.stop();
        },
    );
}

#[test]
fn a_drain_that_was_long_enough_is_followed_by_a_stop_without_a_delay() {
    under_load(
        |running, balancer| {
            balancer.serves(40);
            running.handle.drain("maintenance");
            balancer.until(503, 1);
            while !get(balancer.admin, "/lifecycle")
                .body
                .contains("drained after")
            {}
        },
        |running| {
            let handle = running.handle.clone();
            running.stop();
            let events = handle.events();
            let mut delays = events
                .iter()
                .filter(|event| matches!(event.event, Event::DrainDelay { .. }));
            assert!(delays.next().is_none(), "{events:#?}");
        },
    );
}

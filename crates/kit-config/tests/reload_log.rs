//! The log lines of a reload: in a program with one thread, because the interest in a line is kept for all.
#![cfg(unix)]

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "reload/home.rs"]
mod home;

use home::{Folder, Orders, reloader};

/// A log that panics with each line about settings.
struct Panics;

impl Subscriber for Panics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("kit_config")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("the log is broken");
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_log_that_panics_comes_after_the_subscribers() {
    let folder = Folder::with(&[("orders.toml", "[limits]\nhigh = 50\n")]);
    let reloader = reloader(folder.orders());
    let committed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&committed);
    reloader.subscribe("pool", move |_, _: &Orders| {
        let committed = Arc::clone(&counted);
        Ok::<_, String>(move || _ = committed.fetch_add(1, Ordering::AcqRel))
    });
    folder.write("orders.toml", "[limits]\nhigh = 60\n");
    {
        let _log = tracing::subscriber::set_default(Panics);
        let mut reload = pin!(reloader.reload());
        let has_panicked = poll_fn(|context| {
            // The reload is not polled again after a panic.
            match catch_unwind(AssertUnwindSafe(|| reload.as_mut().poll(context))) {
                Ok(polled) => polled.map(|_| false),
                Err(_) => Poll::Ready(true),
            }
        });
        assert!(has_panicked.await, "the line is logged");
    }
    assert_eq!(committed.load(Ordering::Acquire), 1);
    assert_eq!(reloader.current().load().limits.high, 60);
    let reloads = reloader.reloads();
    assert_eq!((reloads.borrow().ended, reloads.borrow().changed), (1, 1));
    let again = reloader.reload().await.expect("it is well");
    assert_eq!(again.changed, []);
}

//! The whole service inside a test: what `main` runs, on a free port of 127.0.0.1 and without signals.

use std::future::pending;
use std::sync::Arc;

use kit::testing::TestApp;
use kit::{ApiError, Stage};
use testing::service;
use tokio::sync::Notify;

/// Where production listens. A `TestApp` has its servers take free ports in place of that.
const ADDRESS: &str = ":8000";

#[tokio::test]
async fn a_seat_is_sold_once() {
    let app = TestApp::start(service(ADDRESS, async || Ok(()))).await;
    let buyer = app.http();
    let bought = buyer.post_json("/seats/7A", "").await;
    assert_eq!(
        (bought.status().as_u16(), &bought.body()[..]),
        (200, &b"7A is yours"[..])
    );
    let refused = buyer.post_json("/seats/7A", "").await;
    assert_eq!(refused.status(), 409);
    assert!(String::from_utf8_lossy(refused.body()).contains("SEAT_TAKEN"));
    assert_eq!(buyer.post_json("/seats/7B", "").await.status(), 200);
    // It fails the test if anything of the app is left, too.
    app.stop().await;
}

#[tokio::test]
async fn a_payment_that_fails_is_the_answer() {
    let poor = async || {
        Err(ApiError::precondition_failed(
            "NO_MONEY",
            "the card is empty",
        ))
    };
    let app = TestApp::start(service(ADDRESS, poor)).await;
    let refused = app.http().post_json("/seats/7A", "").await;
    assert_eq!(refused.status(), 412);
    app.stop().await;
}

#[tokio::test]
async fn a_purchase_that_has_begun_is_finished_although_the_service_stops() {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let bank = (Arc::clone(&asked), Arc::clone(&answer));
    let slow = move || {
        let (asked, answer) = bank.clone();
        async move {
            asked.notify_one();
            answer.notified().await;
            Ok(())
        }
    };
    let app = TestApp::start(service(ADDRESS, slow)).await;
    let (buyer, handle) = (app.http(), app.handle().clone());
    let stop_meanwhile = async {
        asked.notified().await;
        handle.stop("a deployment");
        let mut stages = handle.stages();
        let draining = stages.wait_for(|stage| *stage == Stage::Draining).await;
        assert!(draining.is_ok());
        answer.notify_one();
    };
    let (bought, ()) = tokio::join!(buyer.post_json("/seats/7A", ""), stop_meanwhile);
    assert_eq!(bought.status(), 200);
    let report = app.end().await.expect("a clean stop");
    assert!(report.components[0].cuts.is_empty(), "{report}");
}

#[tokio::test]
async fn a_drained_one_is_not_ready_and_still_sells() {
    let app = TestApp::start(service(ADDRESS, async || Ok(()))).await;
    assert!(app.handle().drain("maintenance"));
    assert!(!app.handle().is_ready());
    assert_eq!(app.http().post_json("/seats/7A", "").await.status(), 200);
    assert_eq!(app.handle().undrain(), Ok(true));
    assert!(app.handle().is_ready());
    app.stop().await;
}

#[tokio::test]
#[should_panic(expected = "the app has left behind")]
async fn a_task_that_would_outlive_the_service_fails_its_test() {
    let careless = service(ADDRESS, async || {
        #[expect(clippy::disallowed_methods, reason = "the mistake that this is about")]
        tokio::spawn(pending::<()>());
        Ok(())
    });
    let app = TestApp::start(careless).await;
    assert_eq!(app.http().post_json("/seats/7A", "").await.status(), 200);
    app.stop().await;
}

//! The service inside a test.

use kit::Stage;
use kit::testing::TestApp;

use super::*;

#[tokio::test]
async fn an_order_is_shipped_before_the_service_has_stopped() {
    let app = TestApp::start(service(":8000".parse().unwrap())).await;
    let orders = app.http();
    for order in ["tea", "coffee"] {
        let taken = orders.send(axum::http::Request::post("/orders").body(order).unwrap());
        assert_eq!(taken.await.status(), 200);
    }
    assert_eq!(app.handle().stage(), Stage::Running);
    let report = app.stop().await;
    let packer = report.components.iter().find(|of| of.name == "packer");
    assert_eq!(packer.unwrap().workers[0].failures, 0);
}

#[tokio::test]
async fn the_fifth_order_is_packed_by_the_next_run() {
    let (seen, mut events) = mpsc::unbounded_channel();
    let service = service(":8000".parse().unwrap()).observer(move |stamped| {
        let line = stamped.event.to_string();
        if line.starts_with("worker workers/packer ") {
            let _ = seen.send(line);
        }
    });
    let app = TestApp::start(service).await;
    let orders = app.http();
    for order in 1..=5 {
        let request = axum::http::Request::post("/orders").body(order.to_string());
        assert_eq!(orders.send(request.unwrap()).await.status(), 200);
    }
    assert_eq!(events.recv().await.unwrap(), "worker workers/packer begins");
    let failure = events.recv().await.unwrap();
    assert!(failure.contains("the tape is used up"), "{failure}");
    let readiness = app.handle().readiness().to_string();
    assert!(readiness.contains("the tape is used up"), "{readiness}");
    assert_eq!(events.recv().await.unwrap(), "worker workers/packer begins");
    let report = app.stop().await;
    assert_eq!(report.exit_code, 0);
}

//! The greeting over HTTP.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{Http, Service};

#[tokio::test]
async fn it_greets_in_json() {
    let service = Service::start(&[]).await;
    let answer = service.connect().await.get("/helloworld/kit").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, r#"{"message":"Hello kit"}"#);
    assert!(answer.head.contains("content-type: application/json"));
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let service = Service::start(&[]).await;
    let mut connection = service.connect().await;
    for name in ["a", "b", "c"] {
        let answer = connection.get(&format!("/helloworld/{name}")).await;
        assert_eq!(answer.body, format!(r#"{{"message":"Hello {name}"}}"#));
    }
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn it_answers_after_the_delay() {
    let service = Service::start(&[]).await;
    let mut connection = service.connect().await;
    let asked = Instant::now();
    let answer = connection.get("/helloworld/kit?delay=500ms").await;
    assert!(asked.elapsed() >= Duration::from_millis(500));
    assert_eq!(answer.body, r#"{"message":"Hello kit"}"#);
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn a_name_over_64_characters_is_a_400_with_code_reason_message_and_metadata() {
    let service = Service::start(&[]).await;
    let mut connection = service.connect().await;
    let longest = "x".repeat(64);
    let answer = connection.get(&format!("/helloworld/{longest}")).await;
    assert_eq!(answer.status, 200);

    let answer = connection.get(&format!("/helloworld/{longest}x")).await;
    assert_eq!(answer.status, 400);
    let error: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let keys: Vec<_> = error.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["code", "message", "metadata", "reason"], "sorted");
    assert!(
        answer
            .body
            .starts_with(r#"{"code":400,"reason":"NAME_TOO_LONG","message":""#)
    );
    assert!(!error["message"].as_str().expect("text").is_empty());
    assert!(error["metadata"].is_object());
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn a_delay_over_60_seconds_or_none_at_all_is_a_400() {
    let service = Service::start(&[]).await;
    let mut connection = service.connect().await;
    for delay in ["61s", "60001ms", "soon", "-1s"] {
        let answer = connection
            .get(&format!("/helloworld/kit?delay={delay}"))
            .await;
        assert_eq!(answer.status, 400, "{delay}: {}", answer.body);
        let error: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(error["code"], 400);
        assert!(error["message"].as_str().expect("text").contains(delay));
    }
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let service = Service::start(&[]).await;
    for address in [service.http, service.grpc] {
        for garbage in ["\0\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/3.0\r\n\r\n"] {
            let mut connection = Http::connect(address).await;
            connection.send(garbage).await;
            connection.closed().await;
        }
    }
    let answer = service.connect().await.get("/helloworld/kit").await;
    assert_eq!(answer.status, 200);
    let reply = service.greeter().await.hello("kit").await;
    assert_eq!(reply.expect("a reply"), "Hello kit");
    service.terminate().await.expect(0);
}

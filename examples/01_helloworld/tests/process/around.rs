//! What happens at every request: what clients get of a panic, without a token, and of a slow answer.

use std::io::Write as _;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::Service;

/// Of 32 bytes and more, as HS256 asks.
const SECRET: &str = "a secret of a test, of thirty-two bytes and more";
/// Signed with it by other software: `{"alg":"HS256","typ":"JWT"}`, `{"sub":"kit","exp":4102444800}`.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJraXQiLCJleHAiOjQxMDI0NDQ4MDB9.11hlh7d2hq5ep8G3VaX7Ac9i_OlGWrx06Q4MBTH8oTI";

fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info();
    info.map_or_else(String::new, |info| info.reason.clone())
}

#[tokio::test]
async fn a_panic_is_a_500_and_internal_with_the_id_in_the_log() {
    let service = Service::start(&["--faults", "--log", "json"]).await;
    let answer = service.connect().await.get("/helloworld/panic").await;
    assert_eq!(answer.status, 500);
    let error = r#"{"code":500,"reason":"","message":"internal error","metadata":{}}"#;
    assert_eq!(answer.body, error);
    let id = answer.header("x-request-id").expect("an id").to_owned();
    let status = service.greeter().await.hello("panic").await;
    let status = status.expect_err("a panic");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, "internal error")
    );
    assert!(status.metadata().contains_key("x-request-id"));
    let exit = service.terminate().await.expect(0);
    let of_request: Vec<_> = exit.log.iter().filter(|line| line.contains(&id)).collect();
    assert!(
        of_request
            .iter()
            .any(|line| line.contains("a handler panicked")),
        "{of_request:#?}"
    );
    assert!(
        of_request.iter().any(|line| line.contains("kit::access")),
        "{of_request:#?}"
    );
}

#[tokio::test]
async fn without_a_token_a_caller_is_not_known() {
    let mut secret = tempfile::NamedTempFile::new().expect("a file");
    secret.write_all(SECRET.as_bytes()).expect("written");
    let path = secret.path().to_str().expect("text");
    let service = Service::start(&["--secret-file", path]).await;
    let mut connection = service.connect().await;
    let answer = connection.get("/helloworld/kit").await;
    assert_eq!(answer.status, 401);
    assert!(
        answer.body.contains(r#""reason":"UNAUTHORIZED""#),
        "{}",
        answer.body
    );
    assert_eq!(answer.header("www-authenticate"), Some("bearer"));
    let status = service.greeter().await.hello("kit").await;
    let status = status.expect_err("no token");
    assert_eq!(
        (status.code(), &*reason(&status)),
        (Code::Unauthenticated, "UNAUTHORIZED")
    );
    let head =
        format!("GET /helloworld/kit HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    connection.send(&head).await;
    let answer = connection.response().await;
    assert_eq!(
        (answer.status, &*answer.body),
        (200, r#"{"message":"Hello kit"}"#)
    );
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn a_slow_answer_is_given_up_at_the_deadline() {
    let service = Service::start(&["--request-timeout", "100ms"]).await;
    let answer = service
        .connect()
        .await
        .get("/helloworld/kit?delay=60s")
        .await;
    assert_eq!(answer.status, 504);
    assert!(
        answer.body.contains(r#""reason":"REQUEST_TIMEOUT""#),
        "{}",
        answer.body
    );
    let status = service.greeter().await.hello_after("kit", "60s").await;
    let status = status.expect_err("too slow");
    assert_eq!(
        (status.code(), &*reason(&status)),
        (Code::DeadlineExceeded, "REQUEST_TIMEOUT")
    );
    service.terminate().await.expect(0);
}

//! Bearer tokens on a server.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit_transport::layers::jwt::{Algorithm, Bearer, Key, Keys};
use ring::hmac;
use serde::Deserialize;

use super::*;

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
const NEXT: &[u8] = b"the next secret of thirty-two bytes or more";

#[derive(Deserialize)]
struct Token {
    sub: String,
}

/// A token for this caller, which ends this number of seconds from now.
fn token(id: &str, secret: &[u8], caller: &str, seconds: i64) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let end = i64::try_from(now).unwrap() + seconds;
    let head = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"HS256","kid":"{id}"}}"#));
    let claims = URL_SAFE_NO_PAD.encode(format!(
        r#"{{"sub":"{caller}","aud":"orders","exp":{end}}}"#
    ));
    let message = format!("{head}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
    format!("{message}.{signature}")
}

fn key(id: &str, secret: &[u8]) -> Key {
    Key::secret(id, [Algorithm::Hs256], secret).unwrap()
}

#[tokio::test]
async fn bearer_tokens_open_routes_and_calls_until_their_key_is_replaced() {
    let runs = Runs::default();
    let keys = Keys::new([key("old", SECRET)]).unwrap();
    let bearer = Bearer::<Token>::new(keys.clone())
        .audience("orders")
        .require("sub")
        .leeway(Duration::from_secs(60));
    let stack = ServiceBuilder::new()
        .layer(layers::authenticate(bearer))
        .layer(layers::authorize(Select::prefix(""), |token: &Token| {
            token.sub != "mallory"
        }));
    let router = Router::new().route(
        "/hello",
        get({
            let runs = runs.clone();
            async move |Claims(token): Claims<Token>| {
                runs.add();
                format!("hello {}.", token.sub)
            }
        }),
    );
    let server = http::Server::new(ANY_PORT, router)
        .grpc(grpc::Services::new().service(Greeter(runs.clone())))
        .layers(stack);
    let server = Fixture::start(server).await;
    let get = async |token: &str| {
        let line = format!("authorization: Bearer {token}\r\n");
        ask(&server, "GET /hello", &line).await
    };
    let alice = token("old", SECRET, "alice", 300);
    assert!(get(&alice).await.ends_with("hello alice."));
    assert_eq!(runs.count(), 1);

    let (mut lines, guard) = log::of_thread(Level::DEBUG);
    for (token, message, why) in [
        (
            token("old", NEXT, "alice", 300),
            "Token is invalid",
            "no key has signed it",
        ),
        (
            token("new", SECRET, "alice", 300),
            "Token is invalid",
            "not there",
        ),
        (
            token("old", SECRET, "alice", -120),
            "JWT token has expired",
            "`exp`",
        ),
        (format!("{alice}="), "Token is invalid", "not base64url"),
        ("x".to_owned(), "Token is invalid", "three parts"),
    ] {
        let answer = get(&token).await;
        assert_eq!(status(&answer), 401, "{answer}");
        let challenge = "www-authenticate: Bearer error=\"invalid_token\"\r\n";
        assert!(answer.contains(challenge), "{answer}");
        assert!(
            answer.contains(message) && !answer.contains(why),
            "{answer}"
        );
        let lines = log::logged(&mut lines).join("\n");
        assert!(
            lines.contains(why) && !lines.contains(&token[..]) || token == "x",
            "{lines}"
        );
    }
    drop(guard);
    let answer = ask(&server, "GET /hello", "").await;
    assert!(answer.contains("JWT token is missing"), "{answer}");
    assert!(answer.contains("www-authenticate: Bearer\r\n"), "{answer}");
    assert_eq!(
        status(&get(&token("old", SECRET, "mallory", 300)).await),
        403
    );
    assert_eq!(runs.count(), 1);

    let channel = channel(&server).await;
    let call = async |path: &'static str, token: Option<String>| {
        let mut client = Client::new(channel.clone());
        client.ready().await.expect("connected");
        let mut request = tonic::Request::new("hi".to_owned());
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        let codec = ProstCodec::<String, String>::default();
        let answer = client.unary(request, PathAndQuery::from_static(path), codec);
        answer.await.map(tonic::Response::into_inner).unwrap_err()
    };
    let missing = call("/test.Greeter/One", None).await;
    assert_eq!(
        (missing.code(), missing.message()),
        (Code::Unauthenticated, "JWT token is missing")
    );
    let expired = call(
        "/test.Greeter/Many",
        Some(token("old", SECRET, "alice", -120)),
    )
    .await;
    assert_eq!(
        (expired.code(), expired.message()),
        (Code::Unauthenticated, "JWT token has expired")
    );
    assert_eq!(runs.count(), 1);
    // The service is called, and takes claims of another type.
    let called = call("/test.Greeter/One", Some(alice.clone())).await;
    assert_eq!((called.code(), runs.count()), (Code::Internal, 2));

    // As a hook of `on_reload` does it.
    keys.replace([key("new", NEXT)]).unwrap();
    assert_eq!(status(&get(&alice).await), 401);
    let alice = token("new", NEXT, "alice", 300);
    assert!(get(&alice).await.ends_with("hello alice."));
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

//! Tokens.

use kit_test_support::Consul;

use super::bench::{Bench, compact, degraded, instance, registered, seen};

const ROOT: &str = "root-secret-1f0c";

async fn server() -> Consul {
    Consul::start_with(&format!(
        "acl {{ enabled = true default_policy = \"deny\" tokens {{ initial_management = \"{ROOT}\" \
         agent = \"{ROOT}\" }} }}"
    ))
    .await
}

fn url(server: &Consul, token: &str) -> String {
    format!("consul://{token}@{}/?ttl=3s", server.address())
}

/// Makes a token with a policy, and gives its secret.
async fn token(server: &Consul, name: &str, rules: &str) -> String {
    let policy = format!(r#"{{"Name":"{name}","Rules":{rules:?}}}"#);
    let (status, answer) = server.call("PUT", "/v1/acl/policy", ROOT, &policy).await;
    assert_eq!(status, 200, "{answer}");
    let token = format!(r#"{{"Policies":[{{"Name":"{name}"}}]}}"#);
    let (status, answer) = server.call("PUT", "/v1/acl/token", ROOT, &token).await;
    assert_eq!(status, 200, "{answer}");
    let answer = compact(&answer);
    let (_, secret) = answer.split_once(r#""SecretID":""#).expect("a secret");
    secret.split('"').next().expect("its end").to_owned()
}

/// What the book says is enough.
const RULES: &str = r#"service_prefix "" { policy = "write" } node_prefix "" { policy = "read" }"#;

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn the_permissions_of_the_book_are_enough() {
    let server = server().await;
    let secret = token(&server, "services", RULES).await;
    let bench = Bench::open(&url(&server, &secret));
    let registration = bench.registered().await;
    let mut watch = bench.watch().await;
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    registration.set_metadata("k", "v").unwrap();
    seen(&mut watch, "the change", |s| {
        s.instances.iter().any(|i| i.metadata().contains_key("k"))
    })
    .await;
    registration.deregister().await.unwrap();
    seen(&mut watch, "the removal", |s| s.instances.is_empty()).await;
    bench.close().await;
}

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_token_that_is_refused_is_an_error_that_does_not_show_it() {
    let server = server().await;
    for (token, text) in [
        ("wrong-secret-77", "ACL not found (403)"),
        ("", "Permission denied"),
    ] {
        let url = url(&server, token).replace("//@", "//");
        let bench = Bench::open(&url);
        let error = bench.backend.registrar.register(&instance()).await;
        let error = error.unwrap_err();
        let shown = format!("{} {error:?} {:?}", error.chain(), bench.backend);
        assert!(shown.contains(text), "{shown}");
        assert!(shown.contains(&format!(
            "cannot register helloworld/1: consul at {}",
            server.address()
        )));
        assert!(!shown.contains("secret"), "{shown}");
        bench.close().await;
    }
}

/// The token is withdrawn while the instance is shown, and a new policy brings it back.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_permission_that_is_withdrawn_degrades_and_comes_back() {
    let server = server().await;
    let secret = token(&server, "services", RULES).await;
    let bench = Bench::open(&url(&server, &secret));
    let registration = bench.registered().await;
    let (_, policies) = server
        .call("GET", "/v1/acl/policy/name/services", ROOT, "")
        .await;
    let policies = compact(&policies);
    let (_, id) = policies.split_once(r#""ID":""#).expect("an id");
    let path = format!("/v1/acl/policy/{}", id.split('"').next().unwrap());
    let rules = |rules: &str| format!(r#"{{"Name":"services","Rules":{rules:?}}}"#);
    let (status, answer) = server
        .call("PUT", &path, ROOT, &rules(r#"key "x" { policy = "read" }"#))
        .await;
    assert_eq!(status, 200, "{answer}");
    let why = degraded(&registration, "ermission denied").await;
    assert!(!why.contains(&secret), "{why}");
    let (status, answer) = server.call("PUT", &path, ROOT, &rules(RULES)).await;
    assert_eq!(status, 200, "{answer}");
    registered(&registration).await;
    registration.deregister().await.unwrap();
    bench.close().await;
}

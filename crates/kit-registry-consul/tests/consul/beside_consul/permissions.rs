//! Tokens.

use kit_test_support::Consul;
use tokio::time::timeout;

use super::bench::{Bench, LIMIT, compact, degraded, instance, registered, seen};

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

/// The query that waits is answered with an empty list after its 15 s: not that the instances have left is shown, but that
/// they may not be seen any more.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_watch_whose_permission_is_withdrawn_becomes_stale_and_comes_back() {
    let server = server().await;
    let owner = Bench::open(&url(&server, ROOT));
    let registration = owner.registered().await;
    let secret = token(&server, "readers", RULES).await;
    let reader = Bench::open(&url(&server, &secret));
    let mut watch = reader.watch().await;
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    let (_, policy) = server
        .call("GET", "/v1/acl/policy/name/readers", ROOT, "")
        .await;
    let policy = compact(&policy);
    let (_, id) = policy.split_once(r#""ID":""#).expect("an id");
    let path = format!("/v1/acl/policy/{}", id.split('"').next().unwrap());
    let blind = r#"service_prefix "" { policy = "read" }"#;
    for (rules, is_fresh, version) in [(blind, false, "1"), (RULES, true, "2")] {
        let rules = format!(r#"{{"Name":"readers","Rules":{rules:?}}}"#);
        let (status, answer) = server.call("PUT", &path, ROOT, &rules).await;
        assert_eq!(status, 200, "{answer}");
        registration.set_metadata("k", version).unwrap();
        let changed = async {
            loop {
                let snapshot = watch.next().await.expect("an open watch");
                assert_eq!(snapshot.instances.len(), 1, "{snapshot:?}");
                if snapshot.is_fresh() == is_fresh {
                    return;
                }
            }
        };
        let changed = timeout(LIMIT, changed).await;
        changed.unwrap_or_else(|_| panic!("not fresh: {is_fresh}"));
    }
    registration.deregister().await.unwrap();
    seen(&mut watch, "the removal", |s| s.instances.is_empty()).await;
    reader.close().await;
    owner.close().await;
}

/// Without the permission to read nodes Consul leaves all instances out of its answer, which is a success.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_list_that_is_empty_because_of_a_missing_permission_is_an_error() {
    let server = server().await;
    let owner = Bench::open(&url(&server, ROOT));
    let registration = owner.registered().await;
    let secret = token(&server, "blind", r#"service_prefix "" { policy = "read" }"#).await;
    let reader = Bench::open(&url(&server, &secret));
    let name = instance().name().clone();
    let list = reader.backend.discovery.instances(&name).await;
    let error = list.expect_err("no empty list").chain().to_string();
    let refused = format!(
        "consul at {} refused: the token may not see the instances: it needs service:read for the \
         service and node:read for its nodes",
        server.address()
    );
    assert_eq!(error, format!("cannot list helloworld: {refused}"));
    let watch = reader.backend.discovery.watch(&name).await;
    watch.expect_err("no watch of an empty list");
    let other = "other".parse().unwrap();
    let nothing = reader.backend.discovery.instances(&other).await;
    let nothing = nothing.expect("nothing is left out");
    assert!(nothing.instances.is_empty());
    registration.deregister().await.unwrap();

    let rules = r#"service_prefix "" { policy = "write" }"#;
    let secret = token(&server, "writer", rules).await;
    let writer = Bench::open(&url(&server, &secret));
    let unseen = writer.backend.registrar.register(&instance()).await;
    let error = unseen.expect_err("not seen").chain().to_string();
    assert_eq!(error, format!("cannot register helloworld/1: {refused}"));
    let removed = writer.backend.registrar.deregister(&instance()).await;
    removed.expect("deregistered");
    for bench in [reader, writer, owner] {
        bench.close().await;
    }
}

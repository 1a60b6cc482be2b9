//! Services of other programs: of Kratos, written and read as its registry for Consul does, and of one that gives no
//! address.

use kit_test_support::Consul;

use super::bench::{Bench, ID, compact, seen};

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn an_instance_of_kratos_comes_changes_and_leaves() {
    let server = Consul::start().await;
    let bench = Bench::open(&format!("consul://{}", server.address()));
    let mut watch = bench.watch().await;
    let first = seen(&mut watch, "the first", |_| true).await;
    assert!(first.instances.is_empty() && first.is_fresh());

    let write = async |version: &str| {
        let body = format!(
            r#"{{"ID":"7f3a","Name":"helloworld","Tags":["version={version}"],"Meta":{{"k":"v"}},
            "TaggedAddresses":{{"grpc":{{"Address":"grpc://10.0.0.7:9000","Port":9000}},
            "http":{{"Address":"http://10.0.0.7:8000","Port":8000}}}},
            "Address":"10.0.0.7","Port":8000,
            "Checks":[{{"CheckID":"service:7f3a","TTL":"20s","DeregisterCriticalServiceAfter":"600s"}}]}}"#
        );
        let (status, answer) = server
            .call("PUT", "/v1/agent/service/register", "", &body)
            .await;
        assert_eq!(status, 200, "{answer}");
        let path = "/v1/agent/check/update/service:7f3a";
        let body = r#"{"Status":"passing","Output":"pass"}"#;
        assert_eq!(server.call("PUT", path, "", body).await.0, 200);
    };
    write("v1").await;
    let come = seen(&mut watch, "it coming", |s| s.instances.len() == 1).await;
    assert_eq!(
        come.instances[0].to_json(),
        r#"{"id":"7f3a","name":"helloworld","version":"v1","metadata":{"k":"v"},"endpoints":["http://10.0.0.7:8000","grpc://10.0.0.7:9000"]}"#
    );
    write("v2").await;
    seen(&mut watch, "its change", |s| {
        s.instances[0].version() == "v2"
    })
    .await;
    let path = "/v1/agent/service/deregister/7f3a";
    assert_eq!(server.call("PUT", path, "", "").await.0, 200);
    seen(&mut watch, "it leaving", |s| s.instances.is_empty()).await;
    bench.close().await;
}

/// The answer that Kratos asks for holds the fields that it reads.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn an_instance_of_kit_has_the_fields_that_kratos_reads() {
    let server = Consul::start().await;
    let bench = Bench::open(&format!("consul://{}/?tag=blue", server.address()));
    let registration = bench.registered().await;
    let path = "/v1/health/service/helloworld?passing=1";
    let (_, answer) = server.call("GET", path, "", "").await;
    let answer = compact(&answer);
    for part in [
        format!(r#""ID":"{ID}""#),
        r#""Service":"helloworld""#.to_owned(),
        r#""version=v1","blue""#.to_owned(),
        r#""Meta":{"zone":"a"}"#.to_owned(),
        r#""grpc":{"Address":"grpc://127.0.0.1:9000","Port":9000}"#.to_owned(),
        r#""http":{"Address":"http://127.0.0.1:8000","Port":8000}"#.to_owned(),
        r#""CheckID":"service:helloworld:1""#.to_owned(),
    ] {
        assert!(answer.contains(&part), "{part} in {answer}");
    }
    assert!(
        !answer.contains("kit={"),
        "nothing beside them is needed: {answer}"
    );
    registration.deregister().await.unwrap();
    bench.close().await;
}

/// Those that are registered from the agent's configuration often have none.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_service_without_an_address_is_found_at_that_of_its_node() {
    let server = Consul::start().await;
    let bench = Bench::open(&format!("consul://{}", server.address()));
    let mut watch = bench.watch().await;
    let body = r#"{"ID":"plain","Name":"helloworld","Port":5432}"#;
    let path = "/v1/agent/service/register";
    assert_eq!(server.call("PUT", path, "", body).await.0, 200);
    let come = seen(&mut watch, "it coming", |s| s.instances.len() == 1).await;
    let endpoints = come.instances[0].endpoints();
    assert_eq!(endpoints[0].as_str(), "http://127.0.0.1:5432");
    bench.close().await;
}

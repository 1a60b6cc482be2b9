//! Metadata from service to service, through both frameworks.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use interop::{Call, Kratos, Status, Version, ask, service};
use kit::http::ErrorShape;
use kit::testing::TestApp;

use super::fleet::{of_kit, of_kratos, pairs, relay};
use kit::layers::Metadata;

const GLOBAL: &str = "x-md-global-tenant";
const LOCAL: &str = "x-md-local-hop";

/// Of what the last service has seen, the names that these tests send: tracing of Kratos v2 adds the
/// name of the service.
fn sent(seen: Status) -> BTreeMap<String, String> {
    let mut metadata = seen.metadata;
    metadata.retain(|name, _| name.starts_with("x-md-global-") || name.starts_with("x-md-local-"));
    metadata
}

fn entries(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    entries.iter().map(own).collect()
}

fn headers(values: &[(&str, &str)]) -> HeaderMap {
    let values = values.iter();
    let metadata = values.fold(Metadata::new(), |metadata, (name, value)| {
        metadata.with(name, value).expect("a header")
    });
    let mut headers = HeaderMap::new();
    metadata.add_to(&mut headers);
    headers
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn metadata_goes_through_kratos_to_kit() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    let sending = [(GLOBAL, "blue"), (LOCAL, "1")];
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        for (first, second) in pairs(of_kratos(&kratos), of_kit(&app)) {
            let what = format!("{version:?}, {first}, {second}");
            let near = ask(&first, "Relay", headers(&sending), &relay(&[])).await;
            assert_eq!(sent(near.expect("a reply")), entries(&sending), "{what}");
            let far = ask(&first, "Relay", headers(&sending), &relay(&[&second])).await;
            let expected = entries(&sending[..1]);
            assert_eq!(sent(far.expect("a reply")), expected, "{what}");
        }
        kratos.stop().await;
    }
    app.stop().await;
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn metadata_goes_through_kit_to_kratos_and_on() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    let sending = [(GLOBAL, "blue"), (LOCAL, "1")];
    for version in Version::ALL {
        let mut kratos = Kratos::start(version).await;
        for (first, second) in pairs(of_kit(&app), of_kratos(&kratos)) {
            for (then, expected) in [
                (vec![], &sending[..]),
                (vec![&*second], &sending[..1]),
                // Back to the first, and to the second once more.
                (vec![&*second, &*first, &*second], &sending[..1]),
            ] {
                let call = Call {
                    to: first.clone(),
                    method: "Relay".to_owned(),
                    message: relay(&then),
                    metadata: entries(&sending),
                    ..Call::default()
                };
                let seen = kratos.call(&call).await;
                let what = format!("{version:?}, {first}, {then:?}: {}", seen.text);
                let reply = seen.reply.expect(&what);
                assert_eq!(sent(reply), entries(expected), "{what}");
            }
        }
        kratos.stop().await;
    }
    app.stop().await;
}

/// A client of Kratos hands on all values of a name over HTTP, and over gRPC the first.
#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn several_values_of_a_name_go_through_kratos_over_http() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    let sending = [(GLOBAL, "blue"), (GLOBAL, "green")];
    let [http, grpc] = of_kit(&app);
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        for first in of_kratos(&kratos) {
            for (second, expected) in [(&http, "blue,green"), (&grpc, "blue")] {
                let what = format!("{version:?}, {first}, {second}");
                let far = ask(&first, "Relay", headers(&sending), &relay(&[second])).await;
                let expected = entries(&[(GLOBAL, expected)]);
                assert_eq!(sent(far.expect("a reply")), expected, "{what}");
            }
        }
        kratos.stop().await;
    }
    app.stop().await;
}

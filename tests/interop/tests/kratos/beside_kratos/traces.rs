//! Traces through both frameworks.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, HeaderValue};
use interop::{Call, Kratos, Status, Version, ask, service};
use kit::http::ErrorShape;
use kit::testing::TestApp;

use super::fleet::{of_kit, of_kratos, pairs, relay};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{SPAN}-{flags}")
}

/// The span by which the last service of a chain was called, which is in the trace.
fn caller(seen: &Status, flags: &str, what: &str) -> String {
    let traceparent = seen.metadata.get("traceparent").expect(what);
    let parts: Vec<_> = traceparent.split('-').collect();
    let [version, trace, span, seen_flags] = parts[..] else {
        panic!("{what}: {traceparent}");
    };
    assert_eq!((version, trace, seen_flags), ("00", TRACE, flags), "{what}");
    span.to_owned()
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn a_trace_of_kratos_goes_through_kit_and_on() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    for version in Version::ALL {
        let mut kratos = Kratos::start(version).await;
        for (first, second) in pairs(of_kit(&app), of_kratos(&kratos)) {
            for flags in ["00", "01"] {
                let mut spans = BTreeSet::from([SPAN.to_owned()]);
                for then in [
                    vec![],
                    vec![&*second],
                    vec![&*second, &*first],
                    vec![&*second, &*first, &*second],
                ] {
                    let call = Call {
                        to: first.clone(),
                        method: "Relay".to_owned(),
                        message: relay(&then),
                        trace: traceparent(flags),
                        ..Call::default()
                    };
                    let seen = kratos.call(&call).await;
                    let what = format!("{version:?}, {first}, {then:?}: {}", seen.text);
                    let span = caller(&seen.reply.expect(&what), flags, &what);
                    assert!(spans.insert(span), "{what}: each call has a new span");
                }
            }
        }
        kratos.stop().await;
    }
    app.stop().await;
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn a_trace_goes_through_kratos_to_kit() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        for (first, second) in pairs(of_kratos(&kratos), of_kit(&app)) {
            let what = format!("{version:?}, {first}, {second}");
            let value = HeaderValue::from_str(&traceparent("01")).expect("a header");
            let headers = HeaderMap::from_iter([("traceparent".parse().expect("a name"), value)]);
            let near = ask(&first, "Relay", headers.clone(), &relay(&[])).await;
            assert_eq!(caller(&near.expect("a reply"), "01", &what), SPAN);
            let far = ask(&first, "Relay", headers, &relay(&[&second])).await;
            assert_ne!(caller(&far.expect("a reply"), "01", &what), SPAN);
        }
        kratos.stop().await;
    }
    app.stop().await;
}

//! Services of both frameworks, and calls that go through them.

use interop::{Kratos, Status};
use kit::testing::TestApp;

/// The endpoints of a service, one for each protocol.
pub(super) fn of_kratos(kratos: &Kratos) -> [String; 2] {
    [
        format!("http://{}", kratos.http()),
        format!("grpc://{}", kratos.grpc()),
    ]
}

/// The same of an app.
pub(super) fn of_kit(app: &TestApp) -> [String; 2] {
    [
        format!("http://{}", app.address("http")),
        format!("grpc://{}", app.address("grpc")),
    ]
}

/// A request that is handed on to these endpoints, one after the other.
pub(super) fn relay(then: &[&str]) -> Status {
    Status {
        message: then.join(" "),
        ..Status::default()
    }
}

/// Each pair of a first and a second endpoint.
pub(super) fn pairs(first: [String; 2], second: [String; 2]) -> Vec<(String, String)> {
    let with = |first: String| second.clone().map(|second| (first.clone(), second));
    first.into_iter().flat_map(with).collect()
}

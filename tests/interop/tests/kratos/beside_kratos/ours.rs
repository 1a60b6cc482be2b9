//! Errors of Kit, read by clients of Kratos.

use interop::{Call, Kratos, Status, Version, service};
use kit::http::ErrorShape;
use kit::testing::TestApp;

use super::cases::{all_codes, errors, read_by, with_code};

/// All that a client of Kratos can ask for and read.
const ACCEPTS: [&str; 6] = [
    "",
    "*/*",
    "application/json",
    "application/protojson",
    "application/proto",
    "application/xml",
];

fn fail(to: String, accept: &str, message: Status) -> Call {
    Call {
        to,
        method: "Fail".to_owned(),
        accept: accept.to_owned(),
        message,
        ..Call::default()
    }
}

/// What stands in the head of an answer, which a client takes for the code.
fn over_http(code: i32) -> i32 {
    if (200..=599).contains(&code) {
        code
    } else {
        500
    }
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn kratos_reads_our_errors_over_http() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    for version in Version::ALL {
        let mut kratos = Kratos::start(version).await;
        for error in all_codes().flat_map(errors) {
            for accept in ACCEPTS {
                let to = format!("http://{}", app.address("http"));
                let seen = kratos.call(&fail(to, accept, error.clone())).await;
                let expected = with_code(&error, over_http(error.code));
                let what = format!("{version:?}, {accept:?}: {}", seen.text);
                assert_eq!(seen.error, Some(expected), "{what}");
            }
        }
        kratos.stop().await;
    }
    app.stop().await;
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn kratos_reads_our_errors_over_grpc() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    for version in Version::ALL {
        let mut kratos = Kratos::start(version).await;
        for error in all_codes().flat_map(errors) {
            let to = format!("grpc://{}", app.address("grpc"));
            let seen = kratos.call(&fail(to, "", error.clone())).await;
            let expected = with_code(&error, read_by(version, error.code));
            assert_eq!(seen.error, Some(expected), "{version:?}: {}", seen.text);
        }
        kratos.stop().await;
    }
    app.stop().await;
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn kratos_reads_what_our_servers_answer_by_themselves() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    for version in Version::ALL {
        let mut kratos = Kratos::start(version).await;
        for (to, method, code, reason) in [
            (
                format!("http://{}", app.address("http")),
                "Missing",
                404,
                "NOT_FOUND",
            ),
            (
                format!("grpc://{}", app.address("grpc")),
                "Missing",
                501,
                "METHOD_UNKNOWN",
            ),
        ] {
            let method = method.to_owned();
            let call = Call {
                to,
                method,
                ..Call::default()
            };
            let seen = kratos.call(&call).await;
            let error = seen.error.expect("an error");
            assert_eq!((error.code, &*error.reason), (code, reason), "{version:?}");
        }
        kratos.stop().await;
    }
    app.stop().await;
}

/// What a client asks for has to be what it knows: of the answer to these it has the status alone.
#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn kratos_reads_no_other_name_of_protobuf() {
    let app = TestApp::start(service(ErrorShape::Kratos)).await;
    for version in Version::ALL {
        let mut kratos = Kratos::start(version).await;
        for accept in ["application/protobuf", "application/x-protobuf"] {
            let [error, ..] = errors(404);
            let to = format!("http://{}", app.address("http"));
            let seen = kratos.call(&fail(to, accept, error)).await;
            let expected = with_code(&Status::default(), 404);
            let what = format!("{version:?}, {accept:?}: {}", seen.text);
            assert_eq!(seen.error, Some(expected), "{what}");
        }
        kratos.stop().await;
    }
    app.stop().await;
}

/// Kratos knows one shape. Of the others a client reads what has the same name; in protobuf they are
/// all the same.
#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn kratos_reads_the_code_of_the_other_shapes_and_all_of_them_in_protobuf() {
    let [error, ..] = errors(404);
    let problem = Status {
        message: String::new(),
        ..error.clone()
    };
    let aip = with_code(&Status::default(), 404);
    for (shape, in_json) in [(ErrorShape::Problem, problem), (ErrorShape::Aip193, aip)] {
        let app = TestApp::start(service(shape)).await;
        for version in Version::ALL {
            let mut kratos = Kratos::start(version).await;
            for (accept, expected) in [("", &in_json), ("application/proto", &error)] {
                let to = format!("http://{}", app.address("http"));
                let seen = kratos.call(&fail(to, accept, error.clone())).await;
                let what = format!("{version:?}, {shape:?}, {accept:?}");
                assert_eq!(seen.error.as_ref(), Some(expected), "{what}");
            }
            kratos.stop().await;
        }
        app.stop().await;
    }
}

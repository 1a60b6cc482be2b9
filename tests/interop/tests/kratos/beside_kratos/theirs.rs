//! Errors of Kratos, read by Kit's client side.

use std::net::IpAddr;

use axum::http::header::{ACCEPT, HeaderMap, HeaderValue};
use hyper_util::client::legacy::Error;
use interop::{Kratos, Status, Version, ask_grpc, ask_http};
use kit::{ApiError, Reasons};

use super::cases::{CUSTOM, OF_HTTP, TABLE, all_codes, errors, sent_by, with_code};

/// In which its server answers.
const ACCEPTS: [Option<&str>; 4] = [
    None,
    Some("application/json"),
    Some("application/protojson"),
    Some("application/proto"),
];

async fn fail(kratos: &Kratos, accept: Option<&'static str>, error: &Status) -> ApiError {
    let accept = accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept)));
    let headers = HeaderMap::from_iter(accept);
    let answer = ask_http(kratos.http(), "Fail", headers, error).await;
    answer.expect_err("an error")
}

async fn fail_grpc(kratos: &Kratos, error: &Status) -> ApiError {
    let answer = ask_grpc(kratos.grpc(), "Fail", HeaderMap::new(), error).await;
    answer.expect_err("an error")
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn errors_of_kratos_are_read_over_http() {
    // With another code its server gives no answer: see below.
    let custom = CUSTOM.into_iter().filter(|code| (100..=999).contains(code));
    let codes: Vec<_> = TABLE.into_iter().chain(OF_HTTP).chain(custom).collect();
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        for error in codes.iter().copied().flat_map(errors) {
            for accept in ACCEPTS {
                let read = fail(&kratos, accept, &error).await;
                assert_eq!(Status::from(&read), error, "{version:?}, {accept:?}");
                assert!(read.source().is_none(), "{version:?}, {accept:?}: {read:?}");
            }
        }
        kratos.stop().await;
    }
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn kratos_gives_no_answer_to_a_code_that_http_cannot_have() {
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        for code in [0, 99, 1000, 10_001] {
            let [error, ..] = errors(code);
            let seen = fail(&kratos, None, &error).await;
            assert_eq!((seen.code(), seen.reason()), (500, ""), "{version:?}");
            let source = seen.source().expect("the client's error");
            assert!(source.is::<Error>(), "{version:?}, {code}: {source:?}");
        }
        kratos.stop().await;
    }
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn errors_of_kratos_are_read_over_grpc() {
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        for error in all_codes().flat_map(errors) {
            let read = fail_grpc(&kratos, &error).await;
            let expected = with_code(&error, sent_by(version, error.code));
            assert_eq!(Status::from(&read), expected, "{version:?}");
            let code = u16::try_from(error.code).expect("a code of Kit's");
            assert!(
                read.has_reason(code, &error.reason),
                "{version:?}: {read:?}"
            );
        }
        kratos.stop().await;
    }
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn what_servers_of_kratos_answer_by_themselves_is_read() {
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        let no_headers = HeaderMap::new();
        let missing = ask_http(kratos.http(), "Missing", no_headers, &Status::default()).await;
        let missing = missing.expect_err("an error");
        assert_eq!((missing.code(), missing.reason()), (404, "NOT_FOUND"));
        let text = missing.source().expect("its text").to_string();
        assert!(text.contains("404 page not found"), "{text}");
        kratos.stop().await;
    }
}

#[derive(Clone, Debug, PartialEq, Reasons)]
enum OrderError {
    #[reason(code = 404, message = "there is no order {id} at {host}")]
    OrderUnknown { id: u64, host: IpAddr },
    #[reason(code = 409)]
    AlreadySent,
    // The table of Kratos v2 has no such code.
    #[reason(code = 412)]
    NotPaid { due: String },
    // That of gRPC has no such code.
    #[reason(code = 422, reason = "ADDRESS")]
    AddressUnclear,
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn reasons_are_found_in_errors_of_kratos() {
    let reasons = [
        OrderError::OrderUnknown {
            id: 7,
            host: IpAddr::from([127, 0, 0, 1]),
        },
        OrderError::AlreadySent,
        OrderError::NotPaid {
            due: "7 \u{20ac}".to_owned(),
        },
        OrderError::AddressUnclear,
    ];
    for version in Version::ALL {
        let kratos = Kratos::start(version).await;
        for reason in &reasons {
            let sent = Status::from(&ApiError::from(reason.clone()));
            for accept in ACCEPTS {
                let read = fail(&kratos, accept, &sent).await;
                let what = format!("{version:?}, {accept:?}: {read:?}");
                assert_eq!(OrderError::from_api(&read).as_ref(), Some(reason), "{what}");
            }
            let read = fail_grpc(&kratos, &sent).await;
            let what = format!("{version:?}: {read:?}");
            assert_eq!(OrderError::from_api(&read).as_ref(), Some(reason), "{what}");
        }
        let other = fail(&kratos, None, &with_code(&Status::default(), 404)).await;
        assert_eq!(OrderError::from_api(&other), None);
        kratos.stop().await;
    }
}

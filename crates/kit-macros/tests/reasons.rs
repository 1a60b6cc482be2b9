//! Enums of reasons, to an `ApiError` and back, by both protocols.

use std::net::IpAddr;

use http::StatusCode;
use kit::{ApiError, Reasons};
use tonic::Status;

#[derive(Clone, Debug, PartialEq, Reasons)]
#[reason(code = 400)]
enum OrderError {
    #[reason(code = 404, message = "there is no order {id} {{at}} {host:?}")]
    OrderUnknown { id: u64, host: IpAddr },
    #[reason(code = 409, reason = "SENT")]
    AlreadySent,
    #[reason(message = "`error` has to be a text, and not {error}{type}")]
    Invalid { error: String, r#type: char },
    #[reason(code = 422)]
    HTTPStrange {},
}

fn all() -> [(OrderError, u16, &'static str, &'static str); 4] {
    let host = IpAddr::from([127, 0, 0, 1]);
    [
        (
            OrderError::OrderUnknown { id: u64::MAX, host },
            404,
            "ORDER_UNKNOWN",
            "there is no order 18446744073709551615 {at} 127.0.0.1",
        ),
        (OrderError::AlreadySent, 409, "SENT", "already sent"),
        (
            OrderError::Invalid {
                error: "\n\u{20ac}".to_owned(),
                r#type: '7',
            },
            400,
            "INVALID",
            "`error` has to be a text, and not \n\u{20ac}7",
        ),
        (
            OrderError::HTTPStrange {},
            422,
            "HTTP_STRANGE",
            "http strange",
        ),
    ]
}

#[test]
fn each_variant_is_an_error_and_is_found_in_it() {
    for (reason, code, name, message) in all() {
        let fail = || -> Result<(), ApiError> { Err(reason.clone())? };
        let error = fail().expect_err("an error");
        assert_eq!((error.code(), error.reason()), (code, name));
        assert_eq!(error.message(), message);
        assert_eq!(OrderError::from_api(&error), Some(reason));
    }
    let (invalid, ..) = all()[2].clone();
    let error = ApiError::from(invalid);
    let keys: Vec<_> = error.metadata().keys().map(String::as_str).collect();
    assert_eq!(keys, ["error", "type"]);
}

#[test]
fn each_variant_is_found_on_the_other_side_of_grpc() {
    for (reason, ..) in all() {
        let fail = || -> Result<(), Status> { Err(reason.clone())? };
        let near = fail().expect_err("a status");
        let far = Status::with_details(near.code(), near.message(), near.details().to_vec().into());
        assert_eq!(OrderError::from_api(&ApiError::from(far)), Some(reason));
    }
}

#[test]
fn another_error_is_none_of_them() {
    let id = ("id", "7");
    let host = ("host", "::1");
    let found = |error: ApiError, entries: &[(&str, &str)]| {
        let entries = entries.iter();
        let error = entries.fold(error, |error, (key, value)| {
            error.with_metadata(*key, *value)
        });
        OrderError::from_api(&error)
    };
    let unknown = || ApiError::not_found("ORDER_UNKNOWN", "");
    assert!(found(unknown(), &[id, host]).is_some());
    assert_eq!(found(unknown(), &[id]), None, "a field is missing");
    assert_eq!(
        found(unknown(), &[("id", "x"), host]),
        None,
        "a field is no number"
    );
    assert_eq!(
        found(ApiError::not_found("CUSTOMER_UNKNOWN", ""), &[id, host]),
        None
    );
    assert_eq!(
        found(ApiError::conflict("ORDER_UNKNOWN", ""), &[id, host]),
        None
    );
    // 500 is what gRPC makes of a code that it does not have; it has 404.
    assert_eq!(
        found(ApiError::internal("ORDER_UNKNOWN", ""), &[id, host]),
        None
    );
    assert!(found(ApiError::internal("HTTP_STRANGE", ""), &[]).is_some());
}

#[test]
fn a_response_of_another_service_is_matched_too() {
    let body = br#"{"code":404,"reason":"ORDER_UNKNOWN","metadata":{"id":"7","host":"::1"}}"#;
    let error = ApiError::from_response(StatusCode::NOT_FOUND, None, body);
    let host = IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]);
    let expected = OrderError::OrderUnknown { id: 7, host };
    assert_eq!(OrderError::from_api(&error), Some(expected));
}

mod elsewhere {
    //! The crate under another name.

    pub(crate) mod own {
        pub(crate) use ::kit::transport as errors;
    }
}

#[derive(Debug, PartialEq, Reasons)]
#[reason(crate = crate::elsewhere::own::errors)]
enum Renamed {
    #[reason(code = 503)]
    Away,
}

#[derive(Debug, PartialEq, Reasons)]
enum Empty {}

#[test]
fn an_enum_may_name_the_crate_and_may_be_empty() {
    let error = ApiError::from(Renamed::Away);
    assert_eq!(Renamed::from_api(&error), Some(Renamed::Away));
    assert_eq!(Empty::from_api(&error), None);
}

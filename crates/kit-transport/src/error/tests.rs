use std::io;

use super::*;

fn too_long() -> ApiError {
    ApiError::bad_request("NAME_TOO_LONG", "a name has at most 64 characters")
        .with_metadata("max", "64")
}

#[test]
fn any_other_error_is_a_500_without_its_text_and_with_its_source() {
    let error = ApiError::from(io::Error::other("password is hunter2"));
    assert_eq!((error.code(), error.message()), (500, "internal error"));
    assert!(!format!("{error}").contains("hunter2"));
    assert_eq!(error.source().unwrap().to_string(), "password is hunter2");
}

#[test]
fn a_boxed_api_error_comes_back_unchanged() {
    let boxed = BoxError::from(too_long().with_source("why"));
    assert_eq!(
        boxed.to_string(),
        "400 NAME_TOO_LONG: a name has at most 64 characters"
    );
    let back = ApiError::from_boxed(boxed);
    assert_eq!((back.code(), back.reason()), (400, "NAME_TOO_LONG"));
    assert_eq!(back.metadata()["max"], "64");
    assert_eq!(back.source().unwrap().to_string(), "why");
}

#[test]
fn an_api_error_deeper_in_the_chain_is_kept_and_the_whole_chain_is_its_source() {
    let back = ApiError::from(io::Error::other(BoxError::from(too_long())));
    assert_eq!((back.code(), back.reason()), (400, "NAME_TOO_LONG"));
    assert!(back.source().unwrap().downcast_ref::<io::Error>().is_some());
}

#[test]
fn below_contexts_an_api_error_is_kept_and_all_of_it_is_the_source() {
    use anyhow::Context as _;

    let result: anyhow::Result<()> = Err(too_long().into_error()).context("one").context("two");
    let back = result.api().unwrap_err();
    assert_eq!((back.code(), back.reason()), (400, "NAME_TOO_LONG"));
    assert_eq!(back.metadata()["max"], "64");
    let text = kit_sync::error_chain(back.source().unwrap());
    assert!(text.starts_with("two: one: 400 NAME_TOO_LONG"), "{text}");

    let bare: anyhow::Result<()> = Err(too_long().into_error().into());
    assert_eq!(bare.api().unwrap_err().code(), 400);
    let other: anyhow::Result<()> = Err(anyhow::anyhow!("password is hunter2"));
    let other = other.api().unwrap_err();
    assert_eq!((other.code(), other.message()), (500, "internal error"));
}

#[test]
fn a_boxed_error_becomes_one_by_a_word() {
    let boxed: Result<(), BoxError> = Err(too_long().with_source("why").into());
    let back = boxed.api().unwrap_err();
    assert_eq!((back.code(), back.reason()), (400, "NAME_TOO_LONG"));
    assert_eq!(back.source().unwrap().to_string(), "why");
    let boxed: Result<(), BoxError> = Err("password is hunter2".into());
    let other = boxed.api().unwrap_err();
    assert_eq!((other.code(), other.message()), (500, "internal error"));
    let inside: Result<(), BoxError> = Err(io::Error::other(BoxError::from(too_long())).into());
    assert_eq!(inside.api().unwrap_err().code(), 400);
}

#[test]
fn each_constructor_has_its_code_and_its_predicate() {
    macro_rules! each {
        ($($name:ident, $is:ident = $code:literal;)*) => {
            let all = [$((ApiError::$name("R", "m"), $code)),*];
            for (error, code) in &all {
                assert_eq!((error.code(), error.reason(), error.message()), (*code, "R", "m"));
                $(assert_eq!(error.$is(), *code == $code, "{code}");)*
            }
        };
    }
    each! {
        bad_request, is_bad_request = 400;
        unauthorized, is_unauthorized = 401;
        forbidden, is_forbidden = 403;
        not_found, is_not_found = 404;
        conflict, is_conflict = 409;
        precondition_failed, is_precondition_failed = 412;
        too_many_requests, is_too_many_requests = 429;
        client_closed, is_client_closed = 499;
        internal, is_internal = 500;
        not_implemented, is_not_implemented = 501;
        unavailable, is_unavailable = 503;
        gateway_timeout, is_gateway_timeout = 504;
    }
}

#[test]
fn a_reason_is_found_with_its_code_or_with_the_one_that_grpc_makes_of_it() {
    for (code, seen, found) in [
        (404, 404, true),
        (404, 500, false),
        (422, 422, true),
        (422, 500, true),
        (10_001, 500, true),
        (422, 404, false),
        // What Kratos v2 makes of 412 over gRPC, as a server and as a client.
        (412, 500, true),
        (412, 400, true),
        (412, 404, false),
        (400, 412, false),
        (500, 412, false),
    ] {
        let error = ApiError::new(seen, "R", "");
        assert_eq!(error.has_reason(code, "R"), found, "{code}, {seen}");
        assert!(!error.has_reason(code, "S"));
    }
}

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

#[cfg(feature = "grpc")]
#[test]
fn a_status_in_an_anyhow_error_is_kept() {
    use anyhow::Context as _;

    let bare: anyhow::Result<()> = Err(tonic::Status::already_exists("taken").into());
    let error = bare.api().unwrap_err();
    assert_eq!((error.code(), error.message()), (409, "taken"));
    let below: anyhow::Result<()> = Err(tonic::Status::already_exists("taken")).context("asking");
    let status = tonic::Status::from(below.api().unwrap_err());
    assert_eq!(status.code(), tonic::Code::AlreadyExists);
}

#[cfg(feature = "grpc")]
mod grpc {
    use tonic::{Code, Status};
    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn a_status_carries_code_message_reason_and_metadata() {
        let status = Status::from(too_long());
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "a name has at most 64 characters");
        let info = status.get_details_error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("NAME_TOO_LONG", "")
        );
        assert_eq!(info.metadata["max"], "64");
    }

    #[test]
    fn a_status_from_afar_becomes_the_same_error() {
        let near = Status::from(too_long());
        let far = Status::with_details(near.code(), near.message(), near.details().to_vec().into());
        let error = ApiError::from(far);
        assert_eq!((error.code(), error.reason()), (400, "NAME_TOO_LONG"));
        assert_eq!(error.metadata()["max"], "64");
    }

    #[test]
    fn a_status_of_another_hand_keeps_its_code_and_message() {
        let error = ApiError::from(Status::already_exists("taken"));
        assert_eq!(
            (error.code(), error.reason(), error.message()),
            (409, "", "taken")
        );
    }

    #[test]
    fn a_code_outside_the_table_survives_on_this_side_and_is_unknown_on_the_wire() {
        let status = Status::from(ApiError::new(u16::MAX, "ODD", "odd"));
        assert_eq!(status.code(), Code::Unknown);
        assert_eq!(ApiError::from(status).code(), u16::MAX);
    }
}

#[cfg(feature = "http")]
#[test]
fn an_answer_has_the_status_and_is_json() {
    use axum::response::IntoResponse as _;

    let response = too_long().into_response();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(ApiError::new(0, "", "").into_response().status(), 500);
}

#[cfg(feature = "grpc")]
#[test]
fn a_status_comes_back_as_it_was() {
    use tonic::{Code, Status};

    let mut status =
        Status::with_details(Code::AlreadyExists, "m", bytes::Bytes::from_static(b"d"));
    status.metadata_mut().insert("k", "v".parse().unwrap());
    let back = Status::from(ApiError::from(status));
    assert_eq!(
        (back.code(), back.details()),
        (Code::AlreadyExists, &b"d"[..])
    );
    assert_eq!(back.metadata().get("k").unwrap(), "v");
    let changed = ApiError::from(Status::already_exists("m")).with_metadata("k", "v");
    assert_eq!(Status::from(changed).code(), Code::Aborted);
}

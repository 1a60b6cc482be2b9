use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{ApiError, IntoApi as _};

fn too_long() -> ApiError {
    ApiError::bad_request("NAME_TOO_LONG", "a name has at most 64 characters")
        .with_metadata("max", "64")
}

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

#[test]
fn a_status_in_an_anyhow_error_is_kept() {
    use anyhow::Context as _;

    let bare: anyhow::Result<()> = Err(Status::already_exists("taken").into());
    let error = bare.api().unwrap_err();
    assert_eq!((error.code(), error.message()), (409, "taken"));
    let below: anyhow::Result<()> = Err(Status::already_exists("taken")).context("asking");
    let status = Status::from(below.api().unwrap_err());
    assert_eq!(status.code(), Code::AlreadyExists);
}

#[test]
fn a_status_comes_back_as_it_was() {
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

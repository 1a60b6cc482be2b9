use super::*;

fn too_long() -> ApiError {
    ApiError::bad_request("NAME_TOO_LONG", "too long").with_metadata("max", "64")
}

#[test]
fn codes_that_no_answer_can_have_become_500() {
    for code in [0, 99, 100, 101, 199, 600, 999, 1000, 10_001, u16::MAX] {
        assert_eq!(status(code), StatusCode::INTERNAL_SERVER_ERROR, "{code}");
    }
    for code in [200, 302, 400, 499, 511, 599] {
        assert_eq!(status(code).as_u16(), code);
    }
}

#[test]
fn an_answer_has_the_status_and_is_json_and_keeps_its_error_for_layers() {
    let response = too_long().into_response();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/json");
    let error = ApiError::of(response.extensions()).expect("it is kept");
    assert_eq!((error.code(), error.reason()), (400, "NAME_TOO_LONG"));
    assert_eq!(ApiError::new(0, "", "").into_response().status(), 500);
}

#[test]
fn each_shape_is_read_as_the_error_that_it_was() {
    for shape in [ErrorShape::Kratos, ErrorShape::Aip193, ErrorShape::Problem] {
        for media in Media::ALL {
            for error in [
                too_long(),
                ApiError::not_found("", "an \"order\"\n\u{1f600}"),
                ApiError::new(418, "R", "")
                    .with_metadata("", "\u{1}")
                    .with_metadata("k", ""),
            ] {
                let status = status(error.code());
                let body = shape.write(media, status, &error);
                let back = ApiError::from_response(status, Some(shape.content_type(media)), &body);
                let what = format!("{shape:?} {media:?}: {back:?}");
                assert_eq!(back.code(), error.code(), "{what}");
                assert_eq!(back.reason(), error.reason(), "{what}");
                assert_eq!(back.message(), error.message(), "{what}");
                assert_eq!(back.metadata(), error.metadata(), "{what}");
                assert!(back.source().is_none(), "{what}");
            }
        }
    }
}

#[test]
fn a_client_takes_the_status_and_finds_a_code_of_the_authors_own_by_its_reason() {
    let error = ApiError::new(10_001, "OUT_OF_PAPER", "no paper");
    let status = status(error.code());
    for shape in [ErrorShape::Kratos, ErrorShape::Aip193, ErrorShape::Problem] {
        let body = shape.write(Media::Json, status, &error);
        let back = ApiError::from_response(status, None, &body);
        assert_eq!((back.code(), back.reason()), (500, "OUT_OF_PAPER"));
        assert!(back.has_reason(10_001, "OUT_OF_PAPER"));
        let text = String::from_utf8(body.to_vec()).expect("text");
        assert_eq!(
            text.contains("10001"),
            shape == ErrorShape::Kratos,
            "{text}"
        );
    }
}

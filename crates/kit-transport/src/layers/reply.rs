//! The answer of a layer in place of the handler.

use ::http::Response;
use axum_core::body::Body;

use super::facts::Facts;
use super::operations::Protocol;
use super::{grpc, http};
use crate::ApiError;

/// This error as the request's protocol has it.
#[cold]
pub(super) fn reply(facts: &Facts, error: ApiError) -> Response<Body> {
    match facts.protocol() {
        Protocol::Http => {
            let mut response = http::answer(error);
            if let Some(form) = facts.form() {
                http::give_form_to_own(form, &mut response);
            }
            response
        }
        Protocol::Grpc => grpc::answer(error),
    }
}

/// The answer in place of a layer that has panicked.
#[cold]
pub(super) fn panicked(facts: &Facts) -> Response<Body> {
    match facts.protocol() {
        Protocol::Http => reply(facts, ApiError::internal("", "internal error")),
        Protocol::Grpc => grpc::panicked(),
    }
}

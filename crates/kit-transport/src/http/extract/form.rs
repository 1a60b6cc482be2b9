//! A form, in the body or in the query.

use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::deref;
use super::invalid::{Mistake, refuse};
use crate::ApiError;

/// A form: the body, or for `GET` and `HEAD` the query. It is axum's extractor, with an [`ApiError`] as
/// its rejection.
///
/// | status | reason | when |
/// |---|---|---|
/// | 400 or, in a body, 422 | `FORM_INVALID` | it does not fit the type; metadata `field` names the field |
/// | 413 | `BODY_TOO_LARGE` | it is larger than the server takes |
/// | 415 | `CONTENT_TYPE_UNSUPPORTED` | the `Content-Type` is not that of a form |
///
/// ```
/// use kit_transport::http::Form;
///
/// #[derive(serde::Deserialize)]
/// struct Login {
///     name: String,
/// }
///
/// async fn login(Form(login): Form<Login>) -> String {
///     format!("hello {}", login.name)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Form<T>(pub T);

deref!(Form);

fn refused(rejection: FormRejection) -> ApiError {
    let mistake = match rejection {
        FormRejection::InvalidFormContentType(_) => {
            Mistake::ContentType("application/x-www-form-urlencoded")
        }
        FormRejection::FailedToDeserializeForm(_)
        | FormRejection::FailedToDeserializeFormBody(_) => Mistake::Form,
        _ => Mistake::Reading,
    };
    refuse(mistake, rejection)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Form<T>, ApiError> {
        let taken = axum::Form::<T>::from_request(request, state).await;
        taken.map(|axum::Form(value)| Form(value)).map_err(refused)
    }
}

impl<T: Serialize> IntoResponse for Form<T> {
    /// A value that cannot be written is an internal error.
    fn into_response(self) -> Response {
        let response = axum::Form(self.0).into_response();
        if response.status().is_success() {
            return response;
        }
        ApiError::internal("", "internal error")
            .with_source("the value of a form cannot be written as one")
            .into_response()
    }
}

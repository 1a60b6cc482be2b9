//! The extractors for handlers of axum.

use std::any::type_name;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use kit_transport::{ApiError, CallContext};

use crate::{AppHandle, Info};

impl<S: Sync> FromRequestParts<S> for Info {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Info, ApiError> {
        of_app(parts, state).await
    }
}

impl<S: Sync> FromRequestParts<S> for AppHandle {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<AppHandle, ApiError> {
        of_app(parts, state).await
    }
}

async fn of_app<T, S>(parts: &mut Parts, state: &S) -> Result<T, ApiError>
where
    T: Clone + Send + Sync + 'static,
    S: Sync,
{
    let call = CallContext::from_request_parts(parts, state).await?;
    call.app().cloned().ok_or_else(|| {
        let source = format!(
            "the server runs without an app that gives its `{}`",
            type_name::<T>()
        );
        ApiError::internal("", "internal error").with_source(source)
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[tokio::test]
    async fn a_request_of_no_server_is_an_internal_error() {
        let (mut parts, ()) = Request::new(()).into_parts();
        for error in [
            Info::from_request_parts(&mut parts, &()).await.map(drop),
            AppHandle::from_request_parts(&mut parts, &())
                .await
                .map(drop),
        ] {
            let error = error.unwrap_err();
            assert_eq!((error.code(), error.message()), (500, "internal error"));
            let source = error.source().expect("a source").to_string();
            assert_eq!(source, "the request did not come by a server of Kit's");
        }
    }
}

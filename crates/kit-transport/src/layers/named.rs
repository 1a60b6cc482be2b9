//! The operation of a service that routes by itself.

use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::Request;
use tower::{Layer, Service};

use super::known::facts_of;
use super::operations::Operation;

/// Names the operation of the requests inside it, for a service that routes by itself: its requests are
/// [`unmatched`](Operation::UNMATCHED) otherwise. The layers of the server begin before this name is
/// known, so what they record at the end has it, and a [selection](super::Select) does not.
///
/// ```
/// use axum::Router;
/// use kit_transport::layers;
/// use tower::ServiceBuilder;
/// use tower_http::services::ServeDir;
///
/// let files = ServiceBuilder::new().layer(layers::operation("/files")).service(ServeDir::new("files"));
/// let router: Router = Router::new().nest_service("/files", files);
/// ```
pub fn operation(name: impl Into<Arc<str>>) -> NamedOperation {
    NamedOperation(Operation::shared(name.into()))
}

/// A layer that names the operation of its requests; from [`operation`].
#[derive(Clone, Debug)]
pub struct NamedOperation(Operation);

impl<S> Layer<S> for NamedOperation {
    type Service = NamedOperationService<S>;

    fn layer(&self, inner: S) -> NamedOperationService<S> {
        NamedOperationService {
            inner,
            operation: self.0.clone(),
        }
    }
}

/// A service whose requests have a named operation; from [`NamedOperation`].
#[derive(Clone, Debug)]
pub struct NamedOperationService<S> {
    inner: S,
    operation: Operation,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for NamedOperationService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        facts_of(&mut request).set_operation(self.operation.clone());
        self.inner.call(request)
    }
}

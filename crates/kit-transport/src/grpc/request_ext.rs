//! What Kit knows of a request of tonic.

use std::any::type_name;

use kit_sync::Scope;
use tonic::{Request, Status};

use crate::layers::{Claims, Metadata, RequestId, TraceContext};
use crate::{CallContext, Draining, Peer};

/// What Kit knows of a request of tonic: its client, its server's scope, the drain, and the values of
/// the application.
///
/// Each method fails with `INTERNAL` for a request that did not come by a server of Kit's, as in a test
/// that calls a service itself.
///
/// ```
/// use kit_transport::grpc::RequestExt as _;
/// use tonic::{Request, Response, Status};
///
/// async fn client(request: Request<()>) -> Result<Response<String>, Status> {
///     let peer = request.peer()?;
///     Ok(Response::new(peer.remote.to_string()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let failed = client(Request::new(())).await.unwrap_err();
/// assert_eq!(failed.message(), "the request did not come by a server of Kit's");
/// # }
/// ```
///
/// It can be implemented for a type that holds a request, by its one method that has no default.
pub trait RequestExt {
    /// All of it in one value, which can be kept.
    ///
    /// # Errors
    /// `INTERNAL` when the request did not come by a server of Kit's.
    fn call_context(&self) -> Result<&CallContext, Status>;

    /// The two ends of the connection.
    ///
    /// # Errors
    /// As [`call_context`](Self::call_context).
    fn peer(&self) -> Result<&Peer, Status> {
        self.call_context().map(CallContext::peer)
    }

    /// The server's scope, for tasks that outlive the response. Its token is cancelled when the drain
    /// begins.
    ///
    /// # Errors
    /// As [`call_context`](Self::call_context).
    fn scope(&self) -> Result<&Scope, Status> {
        self.call_context().map(CallContext::scope)
    }

    /// The drain, as this response sees it.
    ///
    /// # Errors
    /// As [`call_context`](Self::call_context).
    fn draining(&self) -> Result<Draining, Status> {
        self.call_context().map(CallContext::draining)
    }

    /// The values that came with the call, by [`layers::metadata`](crate::layers::metadata()).
    /// (`tonic::Request::metadata` has all headers.)
    ///
    /// # Errors
    /// As [`call_context`](Self::call_context), and `INTERNAL` when the server has no such layer.
    fn call_metadata(&self) -> Result<&Metadata, Status> {
        self.call_context()?.metadata().ok_or_else(|| {
            tracing::error!("the server takes in no metadata: it needs layers::metadata()");
            Status::internal("internal error")
        })
    }

    /// The id of the request, inside [`layers::request_id`](crate::layers::request_id()).
    fn request_id(&self) -> Option<&RequestId> {
        self.call_context().ok()?.request_id()
    }

    /// The place of the request in a trace, inside [`layers::trace`](crate::layers::trace()).
    fn trace(&self) -> Option<&TraceContext> {
        self.call_context().ok()?.trace()
    }

    /// The value of this type that the application gave its components, as an app of `kit-app` gives
    /// its `Info` and its `AppHandle`.
    ///
    /// # Errors
    /// As [`call_context`](Self::call_context), and `INTERNAL` when the application gave no value of
    /// this type; the log names the type.
    fn app<T: Send + Sync + 'static>(&self) -> Result<&T, Status> {
        self.call_context()?.app().ok_or_else(|| {
            let name = type_name::<T>();
            tracing::error!(
                r#type = name,
                "a handler asked for a value that the app has not given"
            );
            Status::internal("the app has no such value")
        })
    }

    /// What an [authentication layer](crate::layers::authenticate) has found out about the caller.
    ///
    /// # Errors
    /// As [`call_context`](Self::call_context), and `INTERNAL` when no such layer has found any claims
    /// of this type for this request; the log names the type.
    fn claims<T: Send + Sync + 'static>(&self) -> Result<Claims<T>, Status> {
        self.call_context()?.claims().ok_or_else(|| {
            let name = type_name::<T>();
            tracing::error!(
                r#type = name,
                "a handler asked for claims that no authentication layer has found"
            );
            Status::internal("internal error")
        })
    }
}

impl<T> RequestExt for Request<T> {
    fn call_context(&self) -> Result<&CallContext, Status> {
        CallContext::of(self.extensions())
            .ok_or_else(|| Status::internal("the request did not come by a server of Kit's"))
    }
}

//! The layers that a server was given, before it is known what they are around.

use std::fmt;
use std::sync::Arc;

use ::http::Request;
use axum_core::body::Body;
use axum_core::response::IntoResponse;
use kit_sync::BoxError;
use tower::{Layer, Service};

use super::entrance::{Entrance, Facing};
use super::methods::Methods;
use super::next::Next;
use super::unready::Unready;
use crate::StartError;

#[cfg_attr(not(feature = "grpc"), path = "stack/no_calls.rs")]
pub(crate) mod calls;
#[cfg_attr(not(feature = "http"), path = "stack/no_routes.rs")]
mod routes;

use calls::CallStack;
use routes::RouteStack;

/// Layers that a server takes: every layer of tower's whose service takes a request and gives a
/// response, alone, in a `ServiceBuilder` or in a tuple. An error of theirs becomes an answer, with the
/// code of the `ApiError` in its chain or 500.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put around the handlers of a server",
    note = "a layer takes `Request<Body>` and gives a response, and its service and future can be sent \
            to other threads and live as long as they like (`Clone + Send + Sync + 'static`)"
)]
pub trait Stack: Clone + Send + Sync + 'static {
    /// The layers around a handler.
    type Around: Service<
            Request<Body>,
            Response: IntoResponse + 'static,
            Error: Into<BoxError> + 'static,
            Future: Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static;

    /// Puts them around it.
    fn around(&self, next: Next) -> Self::Around;
}

impl<L, S> Stack for L
where
    L: Layer<Next, Service = S> + Clone + Send + Sync + 'static,
    S: Service<
            Request<Body>,
            Response: IntoResponse + 'static,
            Error: Into<BoxError> + 'static,
            Future: Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type Around = S;

    fn around(&self, next: Next) -> S {
        self.layer(next)
    }
}

/// The layers of a server, whose type is not known.
#[derive(Clone)]
pub(crate) struct Layers {
    routes: RouteStack,
    calls: CallStack,
}

impl Layers {
    pub(crate) fn new<L: Stack>(stack: L) -> Layers {
        let for_calls = stack.clone();
        let unready = Unready::default();
        let unready_calls = unready.clone();
        Layers {
            routes: RouteStack::new(move |next, facing: Facing| {
                Entrance::new(stack.around(next), facing, unready.clone())
            }),
            calls: CallStack::new(move |next, methods: Arc<Methods>| {
                let facing = Facing::Services(methods);
                Entrance::new(for_calls.around(next), facing, unready_calls.clone())
            }),
        }
    }

    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "there are no routes")
    )]
    pub(crate) fn routes(&self) -> &RouteStack {
        &self.routes
    }

    #[cfg_attr(
        not(feature = "grpc"),
        expect(dead_code, reason = "there are no calls")
    )]
    pub(crate) fn calls(&self) -> &CallStack {
        &self.calls
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("layers")
    }
}

/// The layers of a server, as its builder was given them.
#[derive(Clone, Debug, Default)]
pub(crate) enum GivenLayers {
    #[default]
    None,
    Once(Layers),
    Again,
}

impl GivenLayers {
    pub(crate) fn give(&mut self, stack: impl Stack) {
        *self = match self {
            GivenLayers::None => GivenLayers::Once(Layers::new(stack)),
            GivenLayers::Once(_) | GivenLayers::Again => GivenLayers::Again,
        };
    }

    pub(crate) fn get(&self) -> Option<&Layers> {
        match self {
            GivenLayers::Once(layers) => Some(layers),
            GivenLayers::None | GivenLayers::Again => None,
        }
    }

    /// # Errors
    /// When they were given more than once: the order of two stacks is a guess.
    pub(crate) fn check(&self) -> Result<(), StartError> {
        match self {
            GivenLayers::None | GivenLayers::Once(_) => Ok(()),
            GivenLayers::Again => Err(StartError::LayersTwice),
        }
    }
}

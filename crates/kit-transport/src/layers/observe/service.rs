//! The service of a layer that observes exchanges.

use std::sync::Arc;

use ::http::Request;
use axum_core::body::Body;

use super::counted::count;
use super::future::ObservedFuture;
use super::observation::Observation;
use super::observer::Observer;
use crate::CallContext;
use crate::exchange::handle::ExchangeHandle;
use crate::layers::facts::Facts;
use crate::layers::known::facts_of;

/// A layer that observes exchanges.
pub(crate) trait Watch {
    type Observer: Observer;

    /// A request has come; `None` if it passes the layer by.
    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<Self::Observer>;
}

/// Calls the service inside a layer, and observes what becomes of it.
///
/// Not inlined, so that the future is made in the place of the caller's: it is large, and each move of it
/// costs a hundred instructions.
#[inline(never)]
pub(crate) fn observe<W: Watch, F>(
    watch: &W,
    mut request: Request<Body>,
    call: impl FnOnce(Request<Body>, &Arc<Facts>) -> F,
) -> ObservedFuture<F, W::Observer> {
    let (facts, exchange) = known_of(&mut request);
    let Some(observer) = watch.begin(&request, &facts) else {
        return ObservedFuture::passed(facts, |facts| call(request, facts));
    };
    if observer.counts_received() {
        count(&mut request, &facts);
    }
    let observation = Observation::new(observer, &request, facts, exchange);
    // What catches a panic would move the request with each closure that has it.
    let mut request = Some(request);
    ObservedFuture::observed(observation, |facts| {
        let request = request.take().expect("a service is called once");
        call(request, facts)
    })
}

/// What all layers know of a request, by one look for both.
fn known_of(request: &mut Request<Body>) -> (Arc<Facts>, Option<ExchangeHandle>) {
    if let Some(call) = CallContext::of(request.extensions())
        && let Some(facts) = &call.facts
    {
        return (Arc::clone(facts), Some(call.exchange.clone()));
    }
    let facts = facts_of(request);
    let call = CallContext::of(request.extensions());
    (facts, call.map(|call| call.exchange.clone()))
}

/// Makes a tower layer of a type that is a [`Watch`], with these names for its service and its future.
macro_rules! watching {
    ($layer:ident, $service:ident, $future:ident, $function:literal) => {
        impl<S> ::tower::Layer<S> for $layer {
            type Service = $service<S>;

            fn layer(&self, inner: S) -> $service<S> {
                $service {
                    inner,
                    layer: ::std::sync::Arc::new(self.clone()),
                }
            }
        }

        #[doc = concat!("A service with the layer of [`", $function, "()`].")]
        #[derive(Clone, Debug)]
        pub struct $service<S> {
            inner: S,
            // A service is cloned for each request.
            layer: ::std::sync::Arc<$layer>,
        }

        impl<S, B> ::tower::Service<::http::Request<::axum_core::body::Body>> for $service<S>
        where
            S: ::tower::Service<
                    ::http::Request<::axum_core::body::Body>,
                    Response = ::http::Response<B>,
                    Error: Into<::kit_sync::BoxError>,
                >,
            B: ::http_body::Body<Data = ::bytes::Bytes, Error: Into<::kit_sync::BoxError>>
                + Send
                + 'static,
        {
            type Response = ::http::Response<::axum_core::body::Body>;
            type Error = S::Error;
            type Future = $future<S::Future>;

            fn poll_ready(
                &mut self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<Result<(), S::Error>> {
                self.inner.poll_ready(cx)
            }

            fn call(
                &mut self,
                request: ::http::Request<::axum_core::body::Body>,
            ) -> $future<S::Future> {
                let $service { inner, layer } = self;
                let observed = $crate::layers::observe::service::observe(&**layer, request, |request, _| {
                    inner.call(request)
                });
                $future { observed }
            }
        }

        ::pin_project_lite::pin_project! {
            #[doc = concat!("The response to come of a service with the layer of [`", $function, "()`].")]
            pub struct $future<F> {
                #[pin]
                observed: $crate::layers::observe::future::ObservedFuture<
                    F,
                    <$layer as $crate::layers::observe::service::Watch>::Observer,
                >,
            }
        }

        impl<F, B, E> Future for $future<F>
        where
            F: Future<Output = Result<::http::Response<B>, E>>,
            B: ::http_body::Body<Data = ::bytes::Bytes, Error: Into<::kit_sync::BoxError>>
                + Send
                + 'static,
            E: Into<::kit_sync::BoxError>,
        {
            type Output = Result<::http::Response<::axum_core::body::Body>, E>;

            fn poll(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<Self::Output> {
                self.project().observed.poll(cx)
            }
        }

        impl<F> ::std::fmt::Debug for $future<F> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($future)).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use watching;

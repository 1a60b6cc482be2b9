//! The innermost service of a stack: the handler, and what the server decides about it.

use std::convert::Infallible;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{Request, Response};
use axum_core::body::Body;
use http_body_util::Limited;
use hyper::body::Body as _;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::facts::Facts;
use super::operations::Protocol;
use super::{grpc, http};
use crate::CallContext;
use crate::exchange::exchanges::Verdict;
use crate::exchange::handle::ExchangeHandle;

/// What the layers of a server are put around: a route, or the gRPC services.
///
/// It limits the request's body, gives up a handler that takes too long, and answers for one that
/// panics, so that layers see those answers. It is always ready and has no error.
#[derive(Clone)]
pub struct Next(Inner);

#[derive(Clone)]
enum Inner {
    Route {
        route: http::Routes,
        max_body: Option<u64>,
    },
    Services(grpc::Services),
}

impl Next {
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "there are no routes")
    )]
    pub(crate) fn route(route: http::Routes, max_body: Option<u64>) -> Next {
        Next(Inner::Route { route, max_body })
    }

    #[cfg_attr(
        not(feature = "grpc"),
        expect(dead_code, reason = "there are no services")
    )]
    pub(crate) fn services(services: grpc::Services) -> Next {
        Next(Inner::Services(services))
    }
}

/// Calls a route, unless the body is too large.
///
/// No panic is caught here. This only clones the route, which the router has done with all around it before a
/// layer had the request; and a request that is moved into what may panic costs as much as a lock.
fn call_route(
    route: &mut http::Routes,
    max_body: Option<u64>,
    mut request: Request<Body>,
) -> InnerFuture {
    if let Some(max) = max_body {
        let size = request.body().size_hint();
        if size.lower() > max {
            let response = Some(http::too_large(max));
            return InnerFuture::Answered { response };
        }
        // A request that needs no other body stays where it is.
        if size.exact().is_none() {
            limit(request.body_mut(), max);
        }
    }
    let future = http::call(route, request);
    InnerFuture::Route { future }
}

/// Lets a body that does not say how many bytes it has end with an error behind `max`.
fn limit(body: &mut Body, max: u64) {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let unlimited = mem::take(body);
    *body = Body::new(Limited::new(unlimited, max));
}

impl Service<Request<Body>> for Next {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = NextFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> NextFuture {
        let call = CallContext::of(request.extensions());
        let exchange = call.map(|call| call.exchange.clone());
        let facts = call.and_then(|call| call.facts.clone());
        match &mut self.0 {
            Inner::Route { route, max_body } => NextFuture {
                inner: call_route(route, *max_body, request),
                rules: Rules {
                    exchange,
                    facts,
                    protocol: Protocol::Http,
                },
            },
            Inner::Services(services) => {
                let called = catch(exchange.as_ref(), || grpc::call(services, request));
                let inner = match called {
                    Ok(future) => InnerFuture::Call { future },
                    Err(()) => InnerFuture::Answered {
                        response: Some(grpc::panicked()),
                    },
                };
                let rules = Rules {
                    exchange,
                    facts,
                    protocol: Protocol::Grpc,
                };
                NextFuture { inner, rules }
            }
        }
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// Runs part of a handler or of a layer. A request that came by no server of Kit's has its panic as it is.
pub(super) fn catch<T>(
    exchange: Option<&ExchangeHandle>,
    part: impl FnOnce() -> T,
) -> Result<T, ()> {
    match exchange {
        Some(exchange) => exchange.catch(part),
        None => Ok(part()),
    }
}

pin_project! {
    #[project = Project]
    enum InnerFuture {
        Route { #[pin] future: http::RouteAnswer },
        Call { #[pin] future: grpc::CallAnswer },
        Answered { response: Option<Response<Body>> },
    }
}

impl Future for InnerFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Project::Route { future } => future.poll(cx),
            Project::Call { future } => future.poll(cx),
            Project::Answered { response } => {
                let response = response.take();
                Poll::Ready(Ok(response.expect("not polled after its end")))
            }
        }
    }
}

pin_project! {
    /// The response of [`Next`] to come.
    pub struct NextFuture {
        #[pin]
        inner: InnerFuture,
        rules: Rules,
    }
}

/// What the server decides about a handler.
struct Rules {
    exchange: Option<ExchangeHandle>,
    facts: Option<Arc<Facts>>,
    protocol: Protocol,
}

impl Rules {
    /// The answer in place of a handler that has taken too long.
    fn timed_out(&self, cx: &Context<'_>) -> Option<Response<Body>> {
        let exchange = self.exchange.as_ref()?;
        let verdict = exchange.exchanges().wait_for(exchange.key(), cx);
        let Verdict::TimedOut(limit) = verdict else {
            return None;
        };
        exchange.log_timeout(limit);
        // From here on no limit of the server holds, and its answer goes through the layers.
        exchange.exchanges().mark_head_sent(exchange.key());
        Some(match self.protocol {
            Protocol::Http => http::timed_out(limit.duration()),
            Protocol::Grpc => grpc::timed_out(limit.duration()),
        })
    }

    /// Gives an error of HTTP the form that the client asks for, and learns from an answer to a call that
    /// its method exists.
    fn finish(&self, response: &mut Response<Body>, cx: &mut Context<'_>) {
        let Some(facts) = &self.facts else { return };
        match self.protocol {
            Protocol::Http => {
                if let Some(form) = facts.form() {
                    http::give_form(form, response, cx);
                }
            }
            Protocol::Grpc => {
                if grpc::is_implemented(response) {
                    facts.learn_method();
                }
            }
        }
    }
}

impl Future for NextFuture {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = catch(this.rules.exchange.as_ref(), || {
            this.inner.as_mut().poll(cx)
        });
        let mut response = match polled {
            Ok(Poll::Ready(Ok(mut response))) => {
                this.rules.finish(&mut response, cx);
                return Poll::Ready(Ok(response));
            }
            Ok(Poll::Pending) => match this.rules.timed_out(cx) {
                Some(response) => response,
                None => return Poll::Pending,
            },
            Err(()) => match this.rules.protocol {
                Protocol::Http => http::panicked(),
                Protocol::Grpc => grpc::panicked(),
            },
        };
        // The handler ends here, before layers see its answer.
        let exchange = this.rules.exchange.clone();
        let ended = || this.inner.set(InnerFuture::Answered { response: None });
        let _ = catch(exchange.as_ref(), ended);
        this.rules.finish(&mut response, cx);
        Poll::Ready(Ok(response))
    }
}

impl fmt::Debug for NextFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextFuture").finish_non_exhaustive()
    }
}

//! `grpc.health.v1.Health`, answered from the application's life.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use kit_sync::StopToken;
use tokio::sync::watch;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status, async_trait};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::request_ext::RequestExt as _;
use super::until_unavailable::unavailable;
use crate::exchange::take_until::{TakeUntil, Taken};
use crate::{Context, Lifecycle};

/// The health service for an application whose services have these names.
pub(super) fn service(ctx: &Context, services: &[&'static str]) -> HealthServer<AppHealth> {
    HealthServer::new(AppHealth {
        names: services.iter().copied().chain([""]).collect(),
        lifecycle: ctx.lifecycle(),
        token: ctx.scope().token().clone(),
    })
}

#[derive(Debug)]
pub(super) struct AppHealth {
    names: HashSet<&'static str>,
    lifecycle: watch::Receiver<Lifecycle>,
    token: StopToken,
}

#[async_trait]
impl Health for AppHealth {
    type WatchStream = Statuses;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let name = request.into_inner().service;
        if !self.names.contains(name.as_str()) {
            return Err(Status::not_found(format!(
                "no service is called `{name}` here"
            )));
        }
        let status = status(self.lifecycle.borrow().healthy);
        Ok(Response::new(response(status)))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Statuses>, Status> {
        request.draining()?.mark_stream();
        Ok(Response::new(Statuses {
            healths: TakeUntil::new(Healths::new(self.lifecycle.clone()), &self.token),
            is_known: self.names.contains(request.get_ref().service.as_str()),
            sent: None,
            end: Some(unavailable()),
        }))
    }
}

fn status(healthy: bool) -> ServingStatus {
    if healthy {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

type Changed = Pin<Box<dyn Future<Output = watch::Receiver<Lifecycle>> + Send>>;

/// The application's health, and then whenever its life changes; without an end.
struct Healths {
    changed: Changed,
}

impl Healths {
    fn new(lifecycle: watch::Receiver<Lifecycle>) -> Healths {
        Healths {
            changed: Box::pin(async { lifecycle }),
        }
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<bool>> {
        let mut lifecycle = ready!(self.changed.as_mut().poll(cx));
        let healthy = lifecycle.borrow_and_update().healthy;
        self.changed = Box::pin(async move {
            if lifecycle.changed().await.is_err() {
                // The application is gone; its last health holds until the drain.
                std::future::pending::<()>().await;
            }
            lifecycle
        });
        Poll::Ready(Some(healthy))
    }
}

/// The stream of a `Watch`: the status, its changes until the drain, and `UNAVAILABLE`, so that
/// clients look elsewhere.
pub(super) struct Statuses {
    healths: TakeUntil<Healths>,
    is_known: bool,
    sent: Option<ServingStatus>,
    /// `None` when it was sent.
    end: Option<Status>,
}

impl Stream for Statuses {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let healths = Pin::new(&mut this.healths);
            let is_healthy = match ready!(healths.poll_take(cx, Healths::poll_next, |_| false)) {
                Taken::Item(healthy) => healthy,
                Taken::Drained => false,
                Taken::End => return Poll::Ready(this.end.take().map(Err)),
            };
            let status = if this.is_known {
                status(is_healthy)
            } else {
                ServingStatus::ServiceUnknown
            };
            if this.sent.replace(status) != Some(status) {
                return Poll::Ready(Some(Ok(response(status))));
            }
        }
    }
}

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

use crate::{Context, Draining, Lifecycle};

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
        let status = status(&self.lifecycle.borrow());
        Ok(Response::new(response(status)))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Statuses>, Status> {
        if let Some(draining) = request.extensions().get::<Draining>() {
            drop(draining.draining());
        }
        let known = self.names.contains(request.get_ref().service.as_str());
        let watching = Watching {
            known,
            sent: None,
            lifecycle: self.lifecycle.clone(),
            token: self.token.clone(),
        };
        Ok(Response::new(Statuses {
            next: Some(Box::pin(watching.next())),
        }))
    }
}

fn status(life: &Lifecycle) -> ServingStatus {
    if life.healthy {
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

/// One `Watch`: the status, and then its changes until the drain.
#[derive(Debug)]
struct Watching {
    known: bool,
    sent: Option<ServingStatus>,
    lifecycle: watch::Receiver<Lifecycle>,
    token: StopToken,
}

impl Watching {
    /// The next status to send, or `None` when the drain has begun and the last was sent.
    async fn next(mut self) -> Option<(ServingStatus, Watching)> {
        loop {
            let draining = self.token.is_cancelled();
            let status = match (self.known, draining) {
                (false, _) => ServingStatus::ServiceUnknown,
                (true, true) => ServingStatus::NotServing,
                (true, false) => status(&self.lifecycle.borrow_and_update()),
            };
            if self.sent != Some(status) {
                self.sent = Some(status);
                return Some((status, self));
            }
            if draining {
                return None;
            }
            let changed = async {
                if self.lifecycle.changed().await.is_err() {
                    // Whoever drove the application is gone; its last word holds until the drain.
                    std::future::pending::<()>().await;
                }
            };
            self.token.run_until_cancelled(changed).await;
        }
    }
}

type Next = Pin<Box<dyn Future<Output = Option<(ServingStatus, Watching)>> + Send>>;

/// The stream of a `Watch`; its end is `UNAVAILABLE`, so that clients look elsewhere.
pub(super) struct Statuses {
    next: Option<Next>,
}

impl Stream for Statuses {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let item = match ready!(next.as_mut().poll(cx)) {
            Some((status, watching)) => {
                self.next = Some(Box::pin(watching.next()));
                Ok(response(status))
            }
            None => {
                self.next = None;
                Err(super::until_drain::draining())
            }
        };
        Poll::Ready(Some(item))
    }
}

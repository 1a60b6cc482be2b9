//! A gRPC stream whose handler does not look at the drain.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use kit_app::{App, Event};
use kit_transport::{ConnectionOptions, grpc};
use tokio::time::Instant;
use tonic::codegen::async_trait;
use tonic::codegen::tokio_stream::{Pending, Stream, StreamExt as _, once, pending};
use tonic::transport::Endpoint;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::program::Program;

const STOP_TIMEOUT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn it_ends_with_unavailable_and_the_exit_code_is_0() {
    let mut program = Program::start("streams");
    let address = program.wait_for("listening: ");
    program.wait_for("ready");
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = HealthClient::new(channel.connect().await.unwrap());
    let messages = client.watch(HealthCheckRequest::default()).await;
    let mut messages = messages.unwrap().into_inner();
    assert!(messages.message().await.unwrap().is_some());

    let signalled = Instant::now();
    program.signal("TERM");
    let end = messages.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end}");
    program.wait_for("stopped: 0");
    program.main_gave(0);
    assert!(signalled.elapsed() < STOP_TIMEOUT / 2);
}

/// The program of the test above.
pub(crate) fn serve() {
    let options = ConnectionOptions {
        stream_grace: Duration::from_millis(200),
        ..ConnectionOptions::default()
    };
    let server = grpc::Server::new(SocketAddr::from(([127, 0, 0, 1], 0)))
        .service(HealthServer::new(Deaf))
        .connections(options);
    let app = App::builder("app")
        .observer(|event| match &event.event {
            Event::ComponentStarted { listening, .. } => {
                println!("listening: {}", listening[0].address());
            }
            Event::Ready { .. } => println!("ready"),
            Event::Stopped { exit_code, .. } => println!("stopped: {exit_code}"),
            _ => {}
        })
        .stop_timeout(STOP_TIMEOUT)
        .server(server);
    println!("ended: {:?}", app.build().main());
}

/// Gives one message, and never looks at the drain.
struct Deaf;

type Message = Result<HealthCheckResponse, Status>;

#[async_trait]
impl Health for Deaf {
    type WatchStream = Pin<Box<dyn Stream<Item = Message> + Send>>;

    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let silence: Pending<Message> = pending();
        let messages = once(Ok(HealthCheckResponse::default())).chain(silence);
        Ok(Response::new(Box::pin(messages)))
    }
}

//! The greeting, and its two faces: HTTP and gRPC.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use kit::ApiError;
use kit::http::{Json, Path, Query};
use serde::{Deserialize, Serialize};
use tonic::{Request, Response, Status};

use proto::greeter_server::{Greeter, GreeterServer};
use proto::{HelloReply, HelloRequest};

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod proto {
    tonic::include_proto!("helloworld.v1");
}

/// The descriptors that reflection shows.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/helloworld.bin"));

const LONGEST_NAME: usize = 64;
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// What both faces share.
#[derive(Clone, Copy)]
pub(crate) struct Greeting {
    faults: bool,
}

impl Greeting {
    /// With `faults` the name `panic` breaks the handler.
    pub(crate) fn new(faults: bool) -> Greeting {
        Greeting { faults }
    }

    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/helloworld/{name}", get(hello))
            .with_state(self)
    }

    pub(crate) fn service(self) -> GreeterServer<GrpcGreeter> {
        GreeterServer::new(GrpcGreeter(self))
    }

    /// The greeting for `name`, after `delay` (empty for none).
    async fn greet(self, name: &str, delay: &str) -> Result<String, ApiError> {
        assert!(!self.faults || name != "panic", "asked to panic");
        let length = name.chars().count();
        if length > LONGEST_NAME {
            let message =
                format!("name has {length} characters, at most {LONGEST_NAME} are allowed");
            return Err(ApiError::bad_request("NAME_TOO_LONG", message)
                .with_metadata("length", length.to_string())
                .with_metadata("max", LONGEST_NAME.to_string()));
        }
        if let Some(delay) = parse_delay(delay)? {
            tokio::time::sleep(delay).await;
        }
        Ok(format!("Hello {name}"))
    }
}

fn parse_delay(delay: &str) -> Result<Option<Duration>, ApiError> {
    if delay.is_empty() {
        return Ok(None);
    }
    // An answer repeats only the beginning of a long question.
    let shown: String = delay.chars().take(LONGEST_NAME).collect();
    let wrong = |why: &str| {
        let message = format!("delay `{shown}` is {why}");
        ApiError::bad_request("INVALID_DELAY", message).with_metadata("delay", shown.clone())
    };
    match kit::units::parse_duration(delay) {
        Ok(time) if time <= LONGEST_DELAY => Ok(Some(time)),
        Ok(_) => Err(wrong("longer than 60s")),
        Err(_) => Err(wrong("not a time, such as 500ms or 2s")),
    }
}

#[derive(Serialize)]
struct Hello {
    message: String,
}

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    delay: String,
}

async fn hello(
    State(greeting): State<Greeting>,
    Path(name): Path<String>,
    Query(Options { delay }): Query<Options>,
) -> Result<Json<Hello>, ApiError> {
    Ok(Json(Hello {
        message: greeting.greet(&name, &delay).await?,
    }))
}

pub(crate) struct GrpcGreeter(Greeting);

#[tonic::async_trait]
impl Greeter for GrpcGreeter {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let HelloRequest { name, delay } = request.into_inner();
        let message = self.0.greet(&name, &delay).await?;
        Ok(Response::new(HelloReply { message }))
    }
}

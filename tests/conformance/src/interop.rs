//! `grpc.testing.TestService`, which the interop client of gRPC's own project calls.

mod echo;
mod replies;

use tokio_stream::{Iter, Once, StreamExt, iter, once};
use tonic::{Request, Response, Status, Streaming};

use echo::Echo;
use proto::test_service_server::{TestService, TestServiceServer};
use proto::{
    EchoStatus, Empty, Payload, PayloadType, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
};
use replies::Replies;

#[allow(
    missing_docs,
    unnameable_types,
    unreachable_pub,
    clippy::all,
    reason = "generated"
)]
mod proto {
    tonic::include_proto!("grpc.testing");
}

pub(crate) fn service() -> Echo<TestServiceServer<impl TestService>> {
    Echo::new(TestServiceServer::new(Interop))
}

struct Interop;

#[tonic::async_trait]
impl TestService for Interop {
    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let request = request.into_inner();
        status(request.response_status)?;
        let payload = payload(request.response_type, request.response_size)?;
        Ok(Response::new(SimpleResponse {
            payload: Some(payload),
            server_id: if request.fill_server_id {
                std::process::id().to_string()
            } else {
                String::new()
            },
        }))
    }

    async fn cacheable_unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        self.unary_call(request).await
    }

    type StreamingOutputCallStream = Replies<Once<Result<StreamingOutputCallRequest, Status>>>;

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Self::StreamingOutputCallStream>, Status> {
        let request = once(Ok(request.into_inner()));
        Ok(Response::new(Replies::new(request)))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut requests = request.into_inner();
        let mut bytes = 0;
        while let Some(request) = requests.message().await? {
            bytes += request.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size = i32::try_from(bytes)
            .map_err(|_| Status::out_of_range(format!("{bytes} bytes are no int32")))?;
        Ok(Response::new(StreamingInputCallResponse {
            aggregated_payload_size,
        }))
    }

    type FullDuplexCallStream = Replies<Streaming<StreamingOutputCallRequest>>;

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Self::FullDuplexCallStream>, Status> {
        Ok(Response::new(Replies::new(request.into_inner())))
    }

    type HalfDuplexCallStream =
        Replies<Iter<std::vec::IntoIter<Result<StreamingOutputCallRequest, Status>>>>;

    /// Answers when the client has sent its last message.
    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Self::HalfDuplexCallStream>, Status> {
        let requests: Vec<_> = request.into_inner().collect().await;
        Ok(Response::new(Replies::new(iter(requests))))
    }
}

/// The status that a request asks for, unless it is OK.
fn status(asked: Option<EchoStatus>) -> Result<(), Status> {
    match asked {
        Some(EchoStatus { code, message }) if code != 0 => Err(Status::new(code.into(), message)),
        _ => Ok(()),
    }
}

/// Zeros of the kind and number that a request asks for.
fn payload(kind: i32, size: i32) -> Result<Payload, Status> {
    if PayloadType::try_from(kind).is_err() {
        let what = format!("response_type {kind}: only COMPRESSABLE (0) is known");
        return Err(Status::invalid_argument(what));
    }
    let size = usize::try_from(size)
        .map_err(|_| Status::invalid_argument(format!("a payload of {size} bytes")))?;
    Ok(Payload {
        r#type: kind,
        body: vec![0; size],
    })
}

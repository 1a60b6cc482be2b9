//! A collector, by gRPC and by HTTP on one port.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::sync::oneshot;

use super::spans::{PATIENCE, Spans};
use crate::otlp::{OtlpOptions, OtlpProtocol};

/// What the collector answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Answer {
    Takes,
    TakesAllBut(i64),
    /// The same would be refused again.
    Refuses,
    /// It may pass.
    IsBusy,
    /// To metrics; spans are taken.
    HangsWithMetrics,
}

/// The contents of one request.
pub(super) struct Received {
    pub(super) headers: Vec<(String, String)>,
    pub(super) spans: Spans,
}

#[derive(Clone)]
struct Shared {
    answer: Arc<Mutex<Answer>>,
    received: Sender<Received>,
    metrics: Sender<ExportMetricsServiceRequest>,
}

impl Shared {
    async fn take_metrics(&self, request: ExportMetricsServiceRequest) -> Answer {
        let answer = *self.answer.lock().unwrap();
        match answer {
            Answer::Takes | Answer::TakesAllBut(_) => _ = self.metrics.send(request),
            Answer::HangsWithMetrics => std::future::pending().await,
            Answer::Refuses | Answer::IsBusy => {}
        }
        answer
    }

    fn take(&self, headers: &HeaderMap, request: ExportTraceServiceRequest) -> Answer {
        let answer = *self.answer.lock().unwrap();
        let headers = headers.iter().map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        if !matches!(answer, Answer::Refuses | Answer::IsBusy) {
            let _ = self.received.send(Received {
                headers: headers.collect(),
                spans: Spans::of(request),
            });
        }
        answer
    }
}

fn response(rejected: i64) -> ExportTraceServiceResponse {
    ExportTraceServiceResponse {
        partial_success: (rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: rejected,
            error_message: "too old".to_owned(),
        }),
    }
}

#[tonic::async_trait]
impl TraceService for Shared {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let (metadata, _, message) = request.into_parts();
        match self.take(&metadata.into_headers(), message) {
            Answer::Takes | Answer::HangsWithMetrics => Ok(tonic::Response::new(response(0))),
            Answer::TakesAllBut(count) => Ok(tonic::Response::new(response(count))),
            Answer::Refuses => Err(tonic::Status::invalid_argument("no")),
            Answer::IsBusy => Err(tonic::Status::unavailable("later")),
        }
    }
}

fn response_to_metrics(rejected: i64) -> ExportMetricsServiceResponse {
    ExportMetricsServiceResponse {
        partial_success: (rejected > 0).then(|| ExportMetricsPartialSuccess {
            rejected_data_points: rejected,
            error_message: "too many".to_owned(),
        }),
    }
}

#[tonic::async_trait]
impl MetricsService for Shared {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, tonic::Status> {
        match self.take_metrics(request.into_inner()).await {
            Answer::TakesAllBut(count) => Ok(tonic::Response::new(response_to_metrics(count))),
            Answer::Refuses => Err(tonic::Status::invalid_argument("no")),
            Answer::IsBusy => Err(tonic::Status::unavailable("later")),
            _ => Ok(tonic::Response::new(response_to_metrics(0))),
        }
    }
}

async fn posted_metrics(State(shared): State<Shared>, body: Bytes) -> impl IntoResponse {
    let message = ExportMetricsServiceRequest::decode(body).unwrap();
    let (status, rejected) = match shared.take_metrics(message).await {
        Answer::TakesAllBut(count) => (StatusCode::OK, count),
        Answer::Refuses => (StatusCode::BAD_REQUEST, 0),
        Answer::IsBusy => (StatusCode::SERVICE_UNAVAILABLE, 0),
        _ => (StatusCode::OK, 0),
    };
    (status, response_to_metrics(rejected).encode_to_vec())
}

async fn posted(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let message = ExportTraceServiceRequest::decode(body).unwrap();
    let (status, rejected) = match shared.take(&headers, message) {
        Answer::Takes | Answer::HangsWithMetrics => (StatusCode::OK, 0),
        Answer::TakesAllBut(count) => (StatusCode::OK, count),
        Answer::Refuses => (StatusCode::BAD_REQUEST, 0),
        Answer::IsBusy => (StatusCode::SERVICE_UNAVAILABLE, 0),
    };
    (status, response(rejected).encode_to_vec())
}

/// A collector that runs on a thread until it is dropped.
pub(super) struct Collector {
    pub(super) address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    received: Receiver<Received>,
    metrics: Receiver<ExportMetricsServiceRequest>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Collector {
    pub(super) fn start() -> Collector {
        Collector::at(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(super) fn at(listener: TcpListener) -> Collector {
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(Answer::Takes));
        let (sender, received) = channel();
        let (of_metrics, metrics) = channel();
        let shared = Shared {
            answer: Arc::clone(&answer),
            received: sender,
            metrics: of_metrics,
        };
        let grpc = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        let grpc_metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
        let router = Router::new()
            .route_service(grpc, TraceServiceServer::new(shared.clone()))
            .route_service(grpc_metrics, MetricsServiceServer::new(shared.clone()))
            .route("/v1/traces", post(posted))
            .route("/v1/metrics", post(posted_metrics))
            .with_state(shared);
        let (stop, stopped) = oneshot::channel::<()>();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let serve = std::future::IntoFuture::into_future(axum::serve(listener, router));
                tokio::select! {
                    served = serve => served.unwrap(),
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().spawn(run).unwrap();
        Collector {
            address,
            answer,
            received,
            metrics,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(super) fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    #[track_caller]
    pub(super) fn next(&self) -> Received {
        self.received.recv_timeout(PATIENCE).expect("a batch comes")
    }

    #[track_caller]
    pub(super) fn next_metrics(&self) -> ExportMetricsServiceRequest {
        self.metrics
            .recv_timeout(PATIENCE)
            .expect("an export comes")
    }

    pub(super) fn has_no_metrics(&self) -> bool {
        self.metrics.try_recv().is_err()
    }

    /// The next of all spans that fulfils the condition.
    #[track_caller]
    pub(super) fn find(
        &self,
        is_it: impl Fn(&super::spans::SeenSpan) -> bool,
    ) -> super::spans::SeenSpan {
        loop {
            if let Some(found) = self.next().spans.0.into_iter().find(&is_it) {
                return found;
            }
        }
    }

    /// Everything that has come by now.
    pub(super) fn all(&self) -> Vec<super::spans::SeenSpan> {
        self.received
            .try_iter()
            .flat_map(|received| received.spans.0)
            .collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

/// For the collector at this address, with a short interval.
pub(super) fn options(address: SocketAddr, protocol: OtlpProtocol) -> OtlpOptions {
    OtlpOptions {
        endpoint: Some(format!("http://{address}")),
        protocol,
        interval: Duration::from_millis(20),
        ..OtlpOptions::default()
    }
}

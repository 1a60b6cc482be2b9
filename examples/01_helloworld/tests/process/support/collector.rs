//! A collector of a few lines, on the official protos.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tonic::{Request, Response, Status};

use super::PATIENCE;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A span that has arrived.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) resource: BTreeMap<String, String>,
}

/// A collector that takes spans, on a thread that ends with it.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    arrived: mpsc::UnboundedReceiver<Export>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// It answers after this time.
    pub(crate) fn start(delay: Duration) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it has one");
        let (sender, arrived) = mpsc::unbounded_channel();
        let service = TraceServiceServer::new(Taking { delay, sender });
        let router = Router::new().route_service(EXPORT, service);
        listener.set_nonblocking(true).expect("a socket");
        let (end, ended) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let serve = async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                let serve = axum::serve(listener, router).into_future();
                tokio::select! {
                    served = serve => served.expect("it accepts"),
                    _ = ended => {}
                }
            };
            runtime.expect("a runtime").block_on(serve);
        };
        let thread = std::thread::Builder::new().spawn(run);
        Collector {
            address,
            arrived,
            end: Some(end),
            thread: Some(thread.expect("a thread")),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next span with this name.
    pub(crate) async fn span(&mut self, name: &str) -> Export {
        let next = async {
            loop {
                let span = self.arrived.recv().await.expect("the collector runs");
                if span.name == name {
                    return span;
                }
            }
        };
        let found = timeout(PATIENCE, next).await;
        found.unwrap_or_else(|_| panic!("no span `{name}` yet"))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.end.take());
        // A panic in it has failed the test by then.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Taking {
    delay: Duration,
    sender: mpsc::UnboundedSender<Export>,
}

#[tonic::async_trait]
impl TraceService for Taking {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        sleep(self.delay).await;
        for of_resource in request.into_inner().resource_spans {
            let attributes = of_resource.resource.unwrap_or_default().attributes;
            let texts = attributes.into_iter().filter_map(|pair| {
                let value = pair.value.and_then(|value| value.value);
                match value {
                    Some(Value::StringValue(text)) => Some((pair.key, text)),
                    _ => None,
                }
            });
            let resource: BTreeMap<_, _> = texts.collect();
            let scopes = of_resource.scope_spans.into_iter();
            for span in scopes.flat_map(|scope| scope.spans) {
                // The test may have ended.
                let _ = self.sender.send(Export {
                    name: span.name,
                    trace: hex(&span.trace_id),
                    span: hex(&span.span_id),
                    resource: resource.clone(),
                });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

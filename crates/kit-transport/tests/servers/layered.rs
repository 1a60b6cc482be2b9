//! Requests over both protocols to a server with layers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::uri::PathAndQuery;
use tonic::client::Grpc as Client;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::client::Raw;
use crate::fixture::Fixture;

type Answer = Pin<Box<dyn Future<Output = Result<String, Status>> + Send>>;

/// A service of one function, which answers each method of `test.Calls`.
#[derive(Clone)]
pub(crate) struct Calls(Arc<dyn Fn(Request<String>) -> Answer + Send + Sync>);

impl Calls {
    pub(crate) fn new<F>(
        answer: impl Fn(Request<String>) -> F + Clone + Send + Sync + 'static,
    ) -> Calls
    where
        F: Future<Output = Result<String, Status>> + Send + 'static,
    {
        Calls(Arc::new(move |request| Box::pin(answer(request))))
    }
}

impl NamedService for Calls {
    const NAME: &'static str = "test.Calls";
}

impl Service<::http::Request<tonic::body::Body>> for Calls {
    type Response = ::http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<tonic::body::Body>) -> Self::Future {
        let answer = Arc::clone(&self.0);
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            let service = tower::service_fn(move |request: Request<String>| {
                let answer = answer(request);
                async move { answer.await.map(Response::new) }
            });
            Ok(grpc.unary(service, request).await)
        })
    }
}

pub(crate) async fn channel(server: &Fixture) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    endpoint.connect().await.unwrap()
}

/// Calls `/test.Calls/Call` with this request.
pub(crate) async fn call(channel: &Channel, request: Request<String>) -> Result<String, Status> {
    let mut client = Client::new(channel.clone());
    client.ready().await.expect("connected");
    let codec = ProstCodec::<String, String>::default();
    let path = PathAndQuery::from_static("/test.Calls/Call");
    let response = client.unary(request, path, codec);
    response.await.map(Response::into_inner)
}

pub(crate) fn hello() -> Request<String> {
    Request::new("hello".to_owned())
}

/// An answer of HTTP.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// By names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// Sends a request that closes its connection.
pub(crate) async fn send(server: &Fixture, line: &str, headers: &str, body: &str) -> Answered {
    let mut client = Raw::connect(server.address).await;
    let head = format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n");
    client.send(head + body).await;
    answer_of(&mut client).await
}

/// Reads the answer of a connection that ends behind it.
pub(crate) async fn answer_of(client: &mut Raw) -> Answered {
    let answer = String::from_utf8(client.read_to_close().await).expect("a text");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).expect("a status").parse();
    let lines = head.lines().skip(1);
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    });
    Answered {
        status: status.expect("a status"),
        headers: headers.collect(),
        body: body.to_owned(),
    }
}

pub(crate) async fn get_path(server: &Fixture, path: &str) -> Answered {
    send(server, &format!("GET {path}"), "", "").await
}

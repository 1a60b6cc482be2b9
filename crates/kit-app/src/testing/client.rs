//! A client of HTTP for tests.

use std::net::SocketAddr;

use bytes::Bytes;
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use kit_sync::error_chain;

use super::executor::ClientTasks;

/// A client of one HTTP server of a [`TestApp`](super::TestApp), with its own connections; clones
/// share them. It speaks HTTP/1.1 in the clear.
///
/// Each connection is a task in the runtime that sends the request, in a scope of the `TestApp`, which ends
/// it after the app. From then on there is no answer.
#[derive(Clone, Debug)]
pub struct HttpClient {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl HttpClient {
    pub(super) fn new(address: SocketAddr, tasks: ClientTasks) -> HttpClient {
        HttpClient {
            address,
            client: Client::builder(tasks).build_http(),
        }
    }

    /// The address of the server, for other clients.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `GET` of a path, such as `/orders?limit=3`. The answer has its whole body, whatever its status.
    ///
    /// # Panics
    /// When there is no whole answer, with the request and the reason; when the path is no path.
    ///
    /// # Cancel safety
    /// Dropping it closes the connection that the request has.
    pub async fn get(&self, path: &str) -> Response<Bytes> {
        self.send(request("GET", path, "", Bytes::new())).await
    }

    /// `POST` of a JSON text to a path.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub async fn post_json(&self, path: &str, json: impl Into<Bytes>) -> Response<Bytes> {
        let request = request("POST", path, "application/json", json.into());
        self.send(request).await
    }

    /// Any request, whose target may be a path alone.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub async fn send(&self, request: Request<impl Into<Bytes>>) -> Response<Bytes> {
        let mut request = request.map(|body| Full::new(body.into()));
        *request.uri_mut() = self.target(request.uri());
        let what = format!("{} {}", request.method(), request.uri());
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => panic!("{what}: no answer: {}", error_chain(&error)),
        };
        let (head, body) = response.into_parts();
        match body.collect().await {
            Ok(body) => Response::from_parts(head, body.to_bytes()),
            Err(error) => panic!("{what}: no end of the answer: {}", error_chain(&error)),
        }
    }

    fn target(&self, uri: &Uri) -> Uri {
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let target = Uri::builder()
            .scheme("http")
            .authority(self.address.to_string())
            .path_and_query(path);
        target.build().expect("each of its parts was parsed")
    }
}

fn request(method: &str, path: &str, content_type: &str, body: Bytes) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(path);
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    match request.body(body) {
        Ok(request) => request,
        Err(error) => panic!("`{path}` is no path of a request: {error}"),
    }
}

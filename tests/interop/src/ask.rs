//! A client as a service on Kit has one: other crates carry the call, and the answer becomes a message
//! or an `ApiError`.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use kit::ApiError;
use prost::Message as _;
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;

use crate::messages::Status;
use crate::messages::interop_client::InteropClient;

/// Calls a method of the service at an endpoint, `http://ADDRESS` or `grpc://ADDRESS`, with these headers.
///
/// # Errors
/// That of the service, or of the way to it.
pub async fn ask(
    endpoint: &str,
    method: &str,
    headers: HeaderMap,
    request: &Status,
) -> Result<Status, ApiError> {
    match endpoint.split_once("://") {
        Some(("http", address)) => ask_http(address, method, headers, request).await,
        Some(("grpc", address)) => ask_grpc(address, method, headers, request).await,
        _ => Err(ApiError::internal(
            "ENDPOINT_INVALID",
            format!("{endpoint:?} is neither http://ADDRESS nor grpc://ADDRESS"),
        )),
    }
}

/// Calls a method over HTTP, in JSON, with these headers.
///
/// # Errors
/// That of the service, read from its answer by its status, content type and body; or of the way to it.
pub async fn ask_http(
    address: &str,
    method: &str,
    headers: HeaderMap,
    request: &Status,
) -> Result<Status, ApiError> {
    let body = Body::from(serde_json::to_vec(request)?);
    let mut request = Request::post(format!("http://{address}/{method}")).body(body)?;
    *request.headers_mut() = headers;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let (head, body) = client.request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    let content_type = head.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    if !head.status.is_success() {
        return Err(ApiError::from_response(head.status, content_type, &body));
    }
    match content_type {
        Some("application/proto") => Ok(Status::decode(body)?),
        _ => Ok(serde_json::from_slice(&body)?),
    }
}

/// Calls a method over gRPC, with these headers.
///
/// # Errors
/// That of the service, read from its status; or of the way to it.
pub async fn ask_grpc(
    address: &str,
    method: &str,
    headers: HeaderMap,
    request: &Status,
) -> Result<Status, ApiError> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?;
    let mut client = InteropClient::new(channel.connect().await?);
    let mut request = tonic::Request::new(request.clone());
    *request.metadata_mut() = MetadataMap::from_headers(headers);
    let reply = match method {
        "Fail" => client.fail(request).await?,
        _ => client.relay(request).await?,
    };
    Ok(reply.into_inner())
}

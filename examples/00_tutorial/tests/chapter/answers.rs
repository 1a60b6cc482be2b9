//! The answers that curl, grpcurl and etcdctl print.

use std::io;
use std::time::Duration;

use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic_prost::ProstCodec;

use proto::HelloRequest;
use proto::greeter_client::GreeterClient;

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    dead_code,
    reason = "generated"
)]
mod proto {
    tonic::include_proto!("greeter.v1");
}

const PATIENCE: Duration = Duration::from_secs(30);

/// `curl URL`: head and body of the answer.
pub(crate) async fn get(url: &str) -> io::Result<(String, String)> {
    let rest = url.strip_prefix("http://").expect("a URL of HTTP");
    let (address, path) = rest.split_once('/').expect("a path");
    let asking = async {
        let mut client = TcpStream::connect(address).await?;
        let request = format!(
            "GET /{path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: curl\r\naccept: */*\r\n\r\n"
        );
        client.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            if client.read_buf(&mut answer).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
        }
        Ok(String::from_utf8(answer).expect("text"))
    };
    let answer = timeout(PATIENCE, asking)
        .await
        .expect("an answer within 30 s")?;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    Ok((head.replace("\r\n", "\n"), body.to_owned()))
}

/// Whether all bytes that the head has announced are there.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.expect("a length").parse() == Ok(body.len())
}

/// `grpcurl -plaintext -d '{"name": "Ada"}' ADDRESS greeter.v1.Greeter/Hello`: the reply as JSON.
pub(crate) async fn hello(address: &str, name: &str) -> String {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let mut client = GreeterClient::new(endpoint.connect_lazy());
    let request = HelloRequest {
        name: name.to_owned(),
    };
    let reply = timeout(PATIENCE, client.hello(request))
        .await
        .expect("a reply within 30 s");
    let message = reply.expect("a reply").into_inner().message;
    format!("{{\n  \"message\": {message:?}\n}}\n")
}

/// `grpcurl -plaintext ADDRESS grpc.health.v1.Health/Check`.
pub(crate) async fn health(address: &str) -> String {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let mut client = tonic_health::pb::health_client::HealthClient::new(endpoint.connect_lazy());
    let checked = client.check(tonic_health::pb::HealthCheckRequest::default());
    let reply = timeout(PATIENCE, checked)
        .await
        .expect("a reply within 30 s");
    let status = reply.expect("a reply").into_inner().status();
    format!("{{\n  \"status\": \"{}\"\n}}\n", status.as_str_name())
}

/// `etcdctl get --prefix PREFIX`: a line for each key and one for its value.
pub(crate) async fn keys(address: &str, prefix: &str) -> String {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let mut grpc = Grpc::new(endpoint.connect_lazy());
    let mut end = prefix.as_bytes().to_vec();
    // The first key that does not begin so.
    *end.last_mut().expect("a prefix") += 1;
    let range = Range {
        key: prefix.as_bytes().to_vec(),
        end,
    };
    let path = PathAndQuery::from_static("/etcdserverpb.KV/Range");
    let asking = async {
        grpc.ready().await.expect("an etcd");
        grpc.unary(
            Request::new(range),
            path,
            ProstCodec::<Range, Ranged>::default(),
        )
        .await
    };
    let answer = timeout(PATIENCE, asking)
        .await
        .expect("an answer within 30 s");
    let found = answer.expect("an answer").into_inner().found;
    found
        .into_iter()
        .map(|found| format!("{}\n{}\n", found.key, found.value))
        .collect()
}

#[derive(Clone, PartialEq, Message)]
struct Range {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    end: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "5")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Ranged {
    #[prost(message, repeated, tag = "2")]
    found: Vec<KeyValue>,
}

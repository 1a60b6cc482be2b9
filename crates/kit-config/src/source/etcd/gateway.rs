//! etcd's JSON gateway: HTTP/1.1, one request after the other on one connection.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::url::Target;

/// How long one endpoint is tried, with all of its requests.
const LIMIT: Duration = Duration::from_secs(3);

/// The longest answer that is read: 64 MiB.
const MAX_BYTES: usize = 64 << 20;

/// Which keys are read.
pub(super) struct Range {
    key: Vec<u8>,
    /// The first key that is not; `None` for a single one.
    end: Option<Vec<u8>>,
}

/// A key and its value.
pub(super) struct Pair {
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
}

impl Range {
    pub(super) fn key(key: &str) -> Range {
        Range {
            key: key.into(),
            end: None,
        }
    }

    /// All keys that begin with the prefix and `/`.
    pub(super) fn below(prefix: &str) -> Range {
        // `0` is the byte behind `/`.
        Range {
            key: format!("{prefix}/").into(),
            end: Some(format!("{prefix}0").into()),
        }
    }
}

/// The keys of a range in their order, from the first endpoint that answers; else why each did not.
pub(super) async fn read(place: &Target, range: &Range) -> Result<Vec<Pair>, String> {
    let mut failures: Vec<String> = Vec::new();
    for host in &place.hosts {
        let failure = match timeout(LIMIT, read_from(host, place, range)).await {
            Ok(Ok(pairs)) => return Ok(pairs),
            Ok(Err(NoAnswer::Refused(reason))) => return Err(reason),
            Ok(Err(NoAnswer::Broken(reason))) => reason,
            Err(_) => format!("no answer within {} s", LIMIT.as_secs()),
        };
        failures.push(match place.hosts.len() {
            1 => failure,
            _ => format!("{host}: {failure}"),
        });
    }
    Err(failures.join("; "))
}

/// Why there is no answer.
enum NoAnswer {
    /// The next endpoint may answer.
    Broken(String),
    /// The next endpoint would say the same.
    Refused(String),
}

impl From<hyper::Error> for NoAnswer {
    fn from(error: hyper::Error) -> NoAnswer {
        NoAnswer::Broken(error.to_string())
    }
}

async fn read_from(host: &str, place: &Target, range: &Range) -> Result<Vec<Pair>, NoAnswer> {
    let connect = |error: io::Error| NoAnswer::Broken(error.to_string());
    let stream = TcpStream::connect(host).await.map_err(connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchanges = async {
        let token = match &place.login {
            Some(login) => {
                let login = json!({"name": login.user, "password": login.password});
                token(&mut sender, host, &login).await?
            }
            None => None,
        };
        let mut request = json!({"key": STANDARD.encode(&range.key)});
        if let Some(end) = &range.end {
            request["range_end"] = STANDARD.encode(end).into();
        }
        let answer = post(&mut sender, host, "/v3/kv/range", &request, token).await?;
        pairs(&answer).ok_or_else(|| NoAnswer::Broken("the answer is none of etcd".to_owned()))
    };
    // The connection is driven here, and ends with this future. If it ends first, the answer may have
    // come before; if not, the exchange fails by itself.
    let driven = async {
        drop(connection.await);
        pending::<Infallible>().await
    };
    tokio::select! {
        biased;
        done = exchanges => done,
        never = driven => match never {},
    }
}

/// The token for a login; `None` if the cluster wants none.
async fn token(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    host: &str,
    login: &Value,
) -> Result<Option<HeaderValue>, NoAnswer> {
    let answer = match post(sender, host, "/v3/auth/authenticate", login, None).await {
        Err(NoAnswer::Refused(reason)) if reason.contains("authentication is not enabled") => {
            return Ok(None);
        }
        answer => answer?,
    };
    let token = answer.get("token").and_then(Value::as_str);
    let mut token = token
        .and_then(|token| HeaderValue::from_str(token).ok())
        .ok_or_else(|| NoAnswer::Broken("the answer to the login has no token".to_owned()))?;
    token.set_sensitive(true);
    Ok(Some(token))
}

/// Makes one exchange, and gives etcd's answer.
///
/// etcd says by the status whether a request is refused, which every endpoint would do, or whether this
/// endpoint cannot answer; the message stands in the body of both. A gateway that is switched off has no
/// route.
async fn post(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    host: &str,
    path: &str,
    body: &Value,
    token: Option<HeaderValue>,
) -> Result<Value, NoAnswer> {
    let mut request = Request::post(path)
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, token);
    }
    let request = request
        .body(Full::from(body.to_string()))
        .map_err(|error| NoAnswer::Refused(error.to_string()))?;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_BYTES);
    let broken = |error: &dyn std::fmt::Display| NoAnswer::Broken(error.to_string());
    let body = body.collect().await.map_err(|error| broken(&error))?;
    let answer: Option<Value> = serde_json::from_slice(&body.to_bytes()).ok();
    let message = answer
        .as_ref()
        .and_then(|answer| answer.get("message").or_else(|| answer.get("error")))
        .and_then(Value::as_str)
        .map(|message| message.trim_start_matches("etcdserver: ").to_owned());
    match (status, answer) {
        (StatusCode::OK, Some(answer)) => Ok(answer),
        (StatusCode::NOT_FOUND, _) => Err(NoAnswer::Refused(
            "there is no JSON gateway; etcd has to run with `--enable-grpc-gateway`".to_owned(),
        )),
        (status, _) => {
            let reason = message.unwrap_or_else(|| format!("the answer has the status {status}"));
            Err(match status.as_u16() {
                400 | 401 | 403 | 412 => NoAnswer::Refused(reason),
                _ => NoAnswer::Broken(reason),
            })
        }
    }
}

/// The pairs of an answer; an empty list and an empty value are left out by the gateway.
fn pairs(answer: &Value) -> Option<Vec<Pair>> {
    answer.get("header")?;
    let Some(list) = answer.get("kvs") else {
        return Some(Vec::new());
    };
    let bytes = |value: Option<&Value>| match value {
        Some(value) => STANDARD.decode(value.as_str()?).ok(),
        None => Some(Vec::new()),
    };
    let pair = |pair: &Value| {
        Some(Pair {
            key: bytes(pair.get("key"))?,
            value: bytes(pair.get("value"))?,
        })
    };
    list.as_array()?.iter().map(pair).collect()
}

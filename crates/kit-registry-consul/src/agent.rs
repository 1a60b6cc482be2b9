//! Calls to the agent's HTTP API. Each has a connection, which it drives and which ends with it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use kit_registry::Error;
use kit_sync::{BoxError, StopToken};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::transport::Transport;
use super::url::{Options, Token};

/// The limit of a call that the agent answers at once.
pub(crate) const CALL: Duration = Duration::from_secs(3);
/// The longest answer that is read.
const MAX_ANSWER: usize = 256 << 20;
/// The beginning of a refusal's text that is shown.
const MAX_SHOWN: usize = 300;

const TOKEN: HeaderName = HeaderName::from_static("x-consul-token");
const INDEX: HeaderName = HeaderName::from_static("x-consul-index");
const FILTERED: HeaderName = HeaderName::from_static("x-consul-results-filtered-by-acls");

pub(crate) struct Agent {
    transport: Transport,
    address: String,
    host: Option<HeaderValue>,
    token: Option<Token>,
    /// `consul at host:port`.
    description: String,
    /// Cancelled when the registry is closed.
    closed: StopToken,
}

/// A request. Segments of its path are encoded with [`segment`].
pub(crate) struct Call<'a> {
    /// In errors: `register helloworld/1`.
    pub(crate) attempt: &'a str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) limit: Duration,
}

impl Call<'_> {
    pub(crate) fn get(attempt: &str, path: String, limit: Duration) -> Call<'_> {
        Call {
            attempt,
            method: Method::GET,
            path,
            body: String::new(),
            limit,
        }
    }
}

/// An answer of the agent that is no refusal.
pub(crate) struct Answer {
    /// Changes with the data; for the next query that is to wait for a change.
    pub(crate) index: u64,
    /// Whether rows were left out because the token may not see them.
    pub(crate) is_filtered: bool,
    body: Bytes,
}

/// The source of an [`Error::Refused`]: the status, by which callers tell refusals apart.
#[derive(Debug)]
struct AgentRefusal {
    status: StatusCode,
    text: String,
}

impl Agent {
    pub(crate) fn new(options: &Options, description: &str, closed: StopToken) -> Agent {
        Agent {
            transport: options.transport.clone(),
            host: HeaderValue::from_str(&options.address).ok(),
            address: options.address.clone(),
            token: options.token.clone(),
            description: description.to_owned(),
            closed,
        }
    }

    /// Makes a call, which may reach the agent also when it fails or is dropped.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Answer, Error> {
        let (attempt, limit) = (call.attempt, call.limit);
        let answered = timeout(limit, self.exchange(call));
        let answered = match self.closed.run_until_cancelled(answered).await {
            None => return Err(Error::closed(attempt)),
            Some(Err(_elapsed)) => Err(format!("no answer within {limit:.1?}").into()),
            Some(Ok(answered)) => answered,
        };
        let (status, answer) =
            answered.map_err(|source| Error::unreachable(attempt, &self.description, source))?;
        if status.is_success() {
            return Ok(answer);
        }
        Err(self.refused(attempt, status, &answer.body))
    }

    /// The value of an answer in JSON.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        attempt: &str,
        answer: &Answer,
    ) -> Result<T, Error> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            let source = format!("its answer is none of Consul: {error}");
            Error::unreachable(attempt, &self.description, source)
        })
    }

    /// An error of a call that was answered as it should be, and whose effect was not seen.
    pub(crate) fn without_effect(&self, attempt: &str, why: &str) -> Error {
        Error::unreachable(attempt, &self.description, why)
    }

    /// An error of a call whose answer is empty because the token may see nothing of it.
    pub(crate) fn without_sight(&self, attempt: &str) -> Error {
        let why = "the token may not see the instances: it needs service:read for the service and \
                   node:read for its nodes";
        Error::refused(attempt, &self.description, why)
    }

    async fn exchange(&self, call: Call<'_>) -> Result<(StatusCode, Answer), BoxError> {
        let stream = self.transport.connect(&self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let request = self.request(call)?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let index = response.headers().get(&INDEX);
            let index = index.and_then(|index| index.to_str().ok()?.parse().ok());
            let filtered = response.headers().get(&FILTERED);
            let is_filtered = filtered.is_some_and(|filtered| filtered == "true");
            let body = Limited::new(response.into_body(), MAX_ANSWER);
            let body = body.collect().await?.to_bytes();
            let answer = Answer {
                index: index.unwrap_or(0),
                is_filtered,
                body,
            };
            Ok::<_, BoxError>((status, answer))
        };
        // The connection may end before the answer was taken, and its error says more than "closed".
        let driven = async {
            match connection.await {
                Ok(()) => std::future::pending().await,
                Err(error) => BoxError::from(error),
            }
        };
        tokio::select! {
            biased;
            done = exchange => done.map_err(|error| cause(&*error)),
            error = driven => Err(cause(&*error)),
        }
    }

    fn request(&self, call: Call<'_>) -> Result<Request<Full<Bytes>>, BoxError> {
        let mut request = Request::new(Full::new(Bytes::from(call.body)));
        *request.method_mut() = call.method;
        *request.uri_mut() = call.path.parse()?;
        let headers = request.headers_mut();
        if let Some(host) = &self.host {
            headers.insert(HOST, host.clone());
        }
        if let Some(Token(token)) = &self.token {
            let mut token = HeaderValue::from_str(token)?;
            token.set_sensitive(true);
            headers.insert(TOKEN, token);
        }
        Ok(request)
    }

    fn refused(&self, attempt: &str, status: StatusCode, body: &[u8]) -> Error {
        let mut text = String::from_utf8_lossy(body).into_owned();
        // Before it is shortened, which may cut the token.
        if let Some(Token(token)) = &self.token {
            text = text.replace(token, "***");
        }
        let text = text.trim().chars().take(MAX_SHOWN).collect();
        let refusal = AgentRefusal { status, text };
        Error::refused(attempt, &self.description, refusal)
    }
}

/// Whether the agent does not know what a call was about.
pub(crate) fn is_unknown(error: &Error) -> bool {
    let Error::Refused { source, .. } = error else {
        return false;
    };
    source.downcast_ref().is_some_and(|refusal: &AgentRefusal| {
        refusal.status == StatusCode::NOT_FOUND
            // Before 1.11.
            || (refusal.status == StatusCode::INTERNAL_SERVER_ERROR
                && ["Unknown check", "Unknown service", "does not have associated TTL"]
                    .iter()
                    .any(|known| refusal.text.contains(known)))
    })
}

/// A segment of a path, or the value of a parameter.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The innermost cause alone: those around it say "connection error".
fn cause(error: &(dyn std::error::Error + 'static)) -> BoxError {
    match error.source() {
        Some(source) => cause(source),
        None => error.to_string().into(),
    }
}

impl fmt::Display for AgentRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_str() {
            "" => write!(f, "{}", self.status),
            text => write!(f, "{text} ({})", self.status.as_u16()),
        }
    }
}

impl std::error::Error for AgentRefusal {}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;
    use kit_sync::StopToken;

    use super::{Agent, MAX_SHOWN, segment};

    #[test]
    fn a_refusal_that_repeats_the_token_does_not_show_a_part_of_it() {
        let options = crate::url::parse("consul://sec-ret@h").unwrap();
        let agent = Agent::new(&options, "consul at h:8500", StopToken::new());
        for before in 0..MAX_SHOWN {
            let body = format!("{}sec-ret is unknown", ".".repeat(before));
            let error = agent.refused("try", StatusCode::FORBIDDEN, body.as_bytes());
            let shown = error.chain().to_string();
            assert!(!shown.contains('-'), "{shown}");
        }
    }

    #[test]
    fn a_segment_is_safe_in_a_path() {
        assert_eq!(segment("a-b_c.d~1"), "a-b_c.d~1");
        assert_eq!(segment("a b/?#%é"), "a%20b%2F%3F%23%25%C3%A9");
    }
}

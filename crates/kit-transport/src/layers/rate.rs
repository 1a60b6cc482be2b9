//! A limit for how often each client may ask.

use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{HeaderName, Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use tower::{Layer, Service};

use super::exempt::is_exempt;
use super::facts::Facts;
use super::known::facts_of;
use super::later::{Later, later};
use super::quota::{QuotaKey, Quotas};
use super::refusable::Refusable;
use crate::CallContext;

/// Lets each client ask `count` times in each `period`, over all routes and services of the server; clients
/// differ by their addresses, if nothing else is said. One that asks more often is answered 429 or
/// `RESOURCE_EXHAUSTED`, with the reason `RATELIMIT` and the time after which it may come again (`Retry-After`,
/// `RetryInfo`).
///
/// Requests may come in bursts of at most `count`, or of another number ([`burst`](RateLimit::burst)); behind
/// one they come at the rate. A request that is refused costs nothing. Health and reflection of gRPC and the
/// probes of `http::probes` are not counted.
///
/// The number of clients that are remembered is bounded ([`most_keys`](RateLimit::most_keys)), and one that has
/// rested is forgotten, without a task. If there are more at once, those for which there is no room are
/// limited together.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use kit_transport::{http, layers};
///
/// let limit = layers::rate_limit(100, Duration::from_secs(1)).by_header("x-api-key".try_into()?);
/// let router = Router::new().route("/hello", get(|| async { "Hello" }));
/// let server = http::Server::new(":8000", router).layers(limit);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn rate_limit(count: u32, period: Duration) -> RateLimit {
    let rules = RateRules {
        rate: (count, period),
        burst: count,
        most_keys: 100_000,
    };
    RateLimit {
        rules,
        quotas: Arc::new(rules.quotas()),
        key: KeyOf(Arc::new(by_address)),
    }
}

/// A layer that limits how often each client may ask; from [`rate_limit`]. Clones share the limit.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a server has it"]
pub struct RateLimit {
    rules: RateRules,
    quotas: Arc<Quotas>,
    key: KeyOf,
}

#[derive(Clone, Copy, Debug)]
struct RateRules {
    rate: (u32, Duration),
    burst: u32,
    most_keys: usize,
}

impl RateRules {
    fn quotas(self) -> Quotas {
        Quotas::new(self.rate, self.burst, self.most_keys)
    }
}

/// Finds the key of a request; without one it is not counted.
#[derive(Clone)]
struct KeyOf(Arc<FindKey>);

type FindKey = dyn Fn(&Request<Body>, &Quotas) -> Option<QuotaKey> + Send + Sync;

impl fmt::Debug for KeyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a function")
    }
}

impl RateLimit {
    /// How many requests may come at once; as many as come in a period by default.
    pub fn burst(mut self, burst: u32) -> RateLimit {
        self.rules.burst = burst;
        self.quotas = Arc::new(self.rules.quotas());
        self
    }

    /// How many clients are remembered at most, about; 100 000 by default, for which it takes 4 MB.
    pub fn most_keys(mut self, most: usize) -> RateLimit {
        self.rules.most_keys = most;
        self.quotas = Arc::new(self.rules.quotas());
        self
    }

    /// How many clients are remembered now.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.quotas.keys()
    }

    /// Tells clients apart by this header; those that do not send it by their addresses.
    ///
    /// Clients write their headers themselves, so a header limits those that want to be known by it. Behind
    /// a proxy, name the header that the proxy sets and that it takes from nothing else.
    pub fn by_header(self, name: HeaderName) -> RateLimit {
        self.by_key(move |request, quotas| match request.headers().get(&name) {
            Some(value) => Some(quotas.key(&value.as_bytes())),
            None => by_address(request, quotas),
        })
    }

    /// Tells clients apart by what this function says of a request: the claims that an
    /// [authentication layer](super::authenticate) outside has found, the tenant in its path. A request of
    /// which it says nothing is not counted.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use axum::extract::Request;
    /// use kit_transport::{CallContext, layers};
    ///
    /// struct User(u64);
    ///
    /// let limit = layers::rate_limit(100, Duration::from_secs(60)).by(|request: &Request| {
    ///     let user = CallContext::of(request.extensions())?.claims::<User>()?;
    ///     Some(user.0.0)
    /// });
    /// ```
    pub fn by<K: Hash>(
        self,
        key: impl Fn(&Request<Body>) -> Option<K> + Send + Sync + 'static,
    ) -> RateLimit {
        self.by_key(move |request, quotas| key(request).map(|key| quotas.key(&key)))
    }

    fn by_key(
        mut self,
        key: impl Fn(&Request<Body>, &Quotas) -> Option<QuotaKey> + Send + Sync + 'static,
    ) -> RateLimit {
        self.key = KeyOf(Arc::new(key));
        self
    }
}

/// By the address of the client: of IPv6 the first 64 bits, because a client has all others for itself. The
/// clients of a Unix socket have none, and are one.
fn by_address(request: &Request<Body>, quotas: &Quotas) -> Option<QuotaKey> {
    let call = CallContext::of(request.extensions());
    let address = call.and_then(|call| call.peer().remote.ip());
    Some(quotas.key(&address.map(|address| network(address.ip()))))
}

fn network(address: IpAddr) -> (bool, u64) {
    match address.to_canonical() {
        IpAddr::V4(address) => (false, u64::from(address.to_bits())),
        IpAddr::V6(address) => {
            let first = address.to_bits() >> 64;
            (true, u64::try_from(first).unwrap_or(0))
        }
    }
}

impl<S> Layer<S> for RateLimit {
    type Service = RateLimitService<S>;

    fn layer(&self, inner: S) -> RateLimitService<S> {
        RateLimitService {
            inner,
            quotas: Arc::clone(&self.quotas),
            key: self.key.clone(),
        }
    }
}

/// A service that each client may ask so often and not more; from [`RateLimit`].
#[derive(Clone, Debug)]
pub struct RateLimitService<S> {
    inner: S,
    quotas: Arc<Quotas>,
    key: KeyOf,
}

impl<S> RateLimitService<S> {
    /// The answer to a client that asks too often.
    fn refuse(&self, facts: &Facts, request: &Request<Body>) -> Option<Response<Body>> {
        if is_exempt(facts, request.uri().path()) {
            return None;
        }
        let key = (self.key.0)(request, &self.quotas)?;
        let wait = self.quotas.use_one(key).err()?;
        let why = Later {
            code: 429,
            reason: "RATELIMIT",
            retry_after: Some(wait),
        };
        let message = "service unavailable due to rate limit exceeded";
        Some(later(facts, why, message))
    }
}

impl<S, B> Service<Request<Body>> for RateLimitService<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Refusable<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Refusable<S::Future> {
        let facts = facts_of(&mut request);
        match self.refuse(&facts, &request) {
            None => Refusable::inner(self.inner.call(request)),
            Some(answer) => Refusable::refused(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_ipv6_is_its_network() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
        assert_ne!(network("::1"), network("0.0.0.0"));
    }
}

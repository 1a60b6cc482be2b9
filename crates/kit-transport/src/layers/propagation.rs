//! Takes in the values that came with a request.

use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{HeaderMap, Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use tower::{Layer, Service};

use super::facts::Facts;
use super::known::facts_of;
use super::later::{Later, later};
use super::metadata_values::{Metadata, MetadataError};
use super::refusable::Refusable;

/// Takes in the metadata of a request, as Kratos does: every header whose name begins with `x-md-`. A handler
/// has it as [`Metadata`], and [`Current::propagate`](super::Current::propagate) hands on what begins with
/// `x-md-global-`.
///
/// A client is bounded: more than 64 values, or more than 8 KiB of names and values, are refused with 431 or
/// `RESOURCE_EXHAUSTED` and the reason `METADATA_TOO_LARGE`, because every server behind this one would carry
/// them as well.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::layers::{self, Metadata};
/// use kit_transport::http;
///
/// async fn hello(metadata: Metadata) -> String {
///     format!("Hello {}", metadata.get("x-md-global-tenant").unwrap_or("stranger"))
/// }
///
/// let layer = layers::metadata().constant("x-md-global-region", "eu")?;
/// let server = http::Server::new(":8000", Router::new().route("/hello", get(hello))).layers(layer);
/// # Ok::<_, layers::MetadataError>(())
/// ```
pub fn metadata() -> MetadataLayer {
    MetadataLayer(Arc::new(TakenIn {
        prefix: "x-md-".to_owned(),
        constants: Metadata::new(),
        most: Most {
            values: 64,
            bytes: 8 << 10,
        },
    }))
}

/// A layer that takes in the metadata of requests; from [`metadata`].
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a server has it"]
pub struct MetadataLayer(Arc<TakenIn>);

/// The names that are taken in, and their bounds.
#[derive(Clone, Debug)]
struct TakenIn {
    prefix: String,
    constants: Metadata,
    most: Most,
}

#[derive(Clone, Copy, Debug)]
struct Most {
    values: usize,
    bytes: usize,
}

impl MetadataLayer {
    /// Takes in the headers whose names begin so, in place of `x-md-`.
    pub fn prefix(mut self, prefix: &str) -> MetadataLayer {
        Arc::make_mut(&mut self.0).prefix = prefix.to_ascii_lowercase();
        self
    }

    /// A value that every request has, before those that came with it: of a name that has several, the
    /// first is this one.
    ///
    /// # Errors
    /// As for [`Metadata::with`].
    pub fn constant(mut self, name: &str, value: &str) -> Result<MetadataLayer, MetadataError> {
        let taken_in = Arc::make_mut(&mut self.0);
        taken_in.constants = taken_in.constants.clone().with(name, value)?;
        Ok(self)
    }

    /// The most values of a request and the most bytes of all their names and values: 64 and 8 KiB by
    /// default.
    pub fn most(mut self, values: usize, bytes: usize) -> MetadataLayer {
        Arc::make_mut(&mut self.0).most = Most { values, bytes };
        self
    }

    /// Takes in the metadata of a request with these facts.
    ///
    /// # Errors
    /// The answer to one that brings too much.
    pub(super) fn take_in(
        &self,
        request: &Request<Body>,
        facts: &Facts,
    ) -> Result<(), Box<Response<Body>>> {
        match self.0.take(request.headers()) {
            Ok(metadata) => {
                facts.travelling().set_received(metadata);
                Ok(())
            }
            Err(message) => {
                let why = Later {
                    code: 431,
                    reason: "METADATA_TOO_LARGE",
                    retry_after: None,
                };
                Err(Box::new(later(facts, why, message)))
            }
        }
    }
}

impl TakenIn {
    /// The metadata of a request, without an allocation if it brings none.
    ///
    /// # Errors
    /// What is too much.
    fn take(&self, headers: &HeaderMap) -> Result<Metadata, String> {
        let (mut values, mut bytes) = (0_usize, 0_usize);
        let mut taken = self.constants.clone();
        for (name, value) in headers {
            if !name.as_str().starts_with(&self.prefix) {
                continue;
            }
            values += 1;
            bytes += name.as_str().len() + value.len();
            if values > self.most.values {
                return Err(format!(
                    "a request has at most {} values of metadata",
                    self.most.values
                ));
            }
            if bytes > self.most.bytes {
                return Err(format!(
                    "the metadata of a request has at most {} bytes",
                    self.most.bytes
                ));
            }
            taken.append(name.clone(), value.clone());
        }
        Ok(taken)
    }
}

impl<S> Layer<S> for MetadataLayer {
    type Service = MetadataService<S>;

    fn layer(&self, inner: S) -> MetadataService<S> {
        let layer = self.clone();
        MetadataService { inner, layer }
    }
}

/// A service whose requests bring metadata; from [`MetadataLayer`].
#[derive(Clone, Debug)]
pub struct MetadataService<S> {
    inner: S,
    layer: MetadataLayer,
}

impl<S, B> Service<Request<Body>> for MetadataService<S>
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
        if let Err(refusal) = self.layer.take_in(&request, &facts) {
            return Refusable::refused(*refusal);
        }
        Refusable::inner(self.inner.call(request))
    }
}

//! The options of the export.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::headers::OtlpHeaders;

/// How spans are recorded, and they and metrics are sent to a collector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OtlpOptions {
    /// The collector, such as `http://localhost:4317` for gRPC and `http://localhost:4318` for HTTP, where
    /// `/v1/traces` or `/v1/metrics` is added to the path. These ports are those of a URL without one. Default:
    /// none, and nothing is recorded.
    #[cfg_attr(feature = "schema", schemars(extend("x-kit-url" = true)))]
    pub endpoint: Option<String>,
    /// How it is spoken to. Default: `grpc`.
    pub protocol: OtlpProtocol,
    /// Headers of each request to it, such as `authorization`. They are secrets. Default: none.
    #[serde(skip_serializing)]
    pub headers: OtlpHeaders,
    /// The share of traces that are recorded, of those that begin in this process: from 0 (none) to 1 (all).
    /// A trace that a caller has begun is recorded if the caller says so. Default: 1.
    pub sample_ratio: f64,
    /// The spans and events that are recorded, by level and target, such as `info,hyper=off`; the lines of the
    /// app's lifecycle are of the log only. Default: `info`.
    pub filter: String,
    /// More attributes of the resource, such as `deployment.environment.name`, beside `service.name`,
    /// `service.version` and `service.instance.id`. Default: none.
    pub resource: BTreeMap<String, String>,
    /// How long one attempt to send a batch may take, its connection included. Default: `10s`.
    #[serde(with = "kit_units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub timeout: Duration,
    /// The most ended spans that wait to be sent; more are dropped and counted. Default: 2048.
    pub queue: usize,
    /// About the most bytes of ended spans that wait to be sent, 64 KiB or more; more are dropped and counted.
    /// Default: 16 MiB.
    #[serde(with = "kit_units::size")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Size"))]
    pub queue_size: usize,
    /// The most spans that are sent at once; at most as many as wait, and about 2 MiB. Default: 512.
    pub batch: usize,
    /// How long an ended span waits for others before they are sent together. Default: `1s`.
    #[serde(with = "kit_units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub interval: Duration,
    /// Whether metrics are exported as well, where there are some. Default: `true`.
    pub metrics: bool,
    /// How often metrics are exported; once more at the end of a stop. Default: `60s`.
    #[serde(with = "kit_units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub metrics_interval: Duration,
    /// How long the end of a stop may wait for the last spans and metrics to be sent, at most
    /// `1m`. Default: `3s`.
    #[serde(with = "kit_units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub flush_timeout: Duration,
}

impl Default for OtlpOptions {
    fn default() -> OtlpOptions {
        OtlpOptions {
            endpoint: None,
            protocol: OtlpProtocol::Grpc,
            headers: OtlpHeaders::default(),
            sample_ratio: 1.0,
            filter: "info".to_owned(),
            resource: BTreeMap::new(),
            timeout: Duration::from_secs(10),
            queue: 2_048,
            queue_size: 16 << 20,
            batch: 512,
            interval: Duration::from_secs(1),
            metrics: true,
            metrics_interval: Duration::from_secs(60),
            flush_timeout: Duration::from_secs(3),
        }
    }
}

/// The two ways of OTLP, both with protobuf messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum OtlpProtocol {
    /// gRPC, over HTTP/2.
    #[default]
    Grpc,
    /// A `POST` for each batch, over HTTP/1.1.
    Http,
}

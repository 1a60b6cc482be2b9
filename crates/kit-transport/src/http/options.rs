//! The options of an HTTP server, as data.

use super::ErrorShape;
use crate::{ConnectionOptions, Listen};

/// The options of an HTTP [`Server`](super::Server) that are data: a file can hold them (feature `serde`),
/// and [`Server::options`](super::Server::options) applies them.
///
/// ```
/// use axum::Router;
/// use kit_transport::http::{self, ErrorShape};
///
/// let options = http::ServerOptions {
///     listen: "localhost:8000".into(),
///     error_shape: ErrorShape::Problem,
///     ..http::ServerOptions::default()
/// };
/// let server = http::Server::with_options(&options, Router::new());
/// ```
///
/// From a file:
///
/// ```
/// # #[cfg(feature = "serde")]
/// # fn example() -> Result<(), toml::de::Error> {
/// use axum::{Router, routing::get};
/// use kit_transport::http;
///
/// let options: http::ServerOptions = toml::from_str(
///     r#"
///         listen = { address = ":8000", backlog = 4096 }
///         error_shape = "problem"
///         connections = { request_timeout = "5s", max_body = "4MiB", max_age = "off" }
///     "#,
/// )?;
/// assert_eq!(options.connections.max_body, Some(4 * 1024 * 1024));
/// let routes = Router::new().route("/hello", get(|| async { "Hello" }));
/// let server = http::Server::with_options(&options, routes);
/// # Ok(())
/// # }
/// # #[cfg(feature = "serde")]
/// # example().expect("options");
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HttpServerOptions"))]
pub struct ServerOptions {
    /// Where it listens. Default: `:8000`, every interface.
    pub listen: Listen,
    /// How it encrypts. Default: not at all.
    #[cfg(feature = "tls")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub tls: Option<crate::Tls>,
    /// The limits of its connections.
    pub connections: ConnectionOptions,
    /// The shape of its answers with a status of 400 or more. Default: `kratos`.
    pub error_shape: ErrorShape,
    /// Whether every request has axum's `ConnectInfo`. Default: no.
    pub connect_info: bool,
    /// Whether it is kept out of the endpoints that registries show. Default: no.
    pub private: bool,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            listen: ":8000".into(),
            #[cfg(feature = "tls")]
            tls: None,
            connections: ConnectionOptions::default(),
            error_shape: ErrorShape::default(),
            connect_info: false,
            private: false,
        }
    }
}

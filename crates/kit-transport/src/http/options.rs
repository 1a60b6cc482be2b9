//! The options of an HTTP server, as data.

use kit_units::WrongOption;

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

impl ServerOptions {
    /// Everything that is wrong, each with its key. A [`Server`](super::Server) with any of it does not start.
    /// The files of TLS are read for it at once, so it is for the time before a runtime runs, such as the load of
    /// settings.
    ///
    /// ```
    /// use kit_transport::http;
    ///
    /// let mut options = http::ServerOptions::default();
    /// options.connections.http2.max_streams = 0;
    /// let wrong = options.check();
    /// assert_eq!(wrong[0].key(), "connections.http2.max_streams");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let listen = self.listen.check().into_iter();
        let mut wrong: Vec<_> = listen.map(|wrong| wrong.inside("listen")).collect();
        #[cfg(feature = "tls")]
        let of_tls = self.tls.iter().flat_map(crate::wire::tls::check);
        #[cfg(feature = "tls")]
        wrong.extend(of_tls.map(|wrong| wrong.inside("tls")));
        let connections = self.connections.check().into_iter();
        wrong.extend(connections.map(|wrong| wrong.inside("connections")));
        wrong
    }
}

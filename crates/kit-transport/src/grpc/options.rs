//! The options of a gRPC server, as data.

use crate::{ConnectionOptions, Listen};

/// The options of a gRPC [`Server`](super::Server) that are data: a file can hold them (feature `serde`),
/// and [`Server::options`](super::Server::options) applies them.
///
/// ```
/// use kit_transport::grpc;
///
/// let options = grpc::ServerOptions { reflection: false, ..grpc::ServerOptions::default() };
/// let server = grpc::Server::with_options(&options);
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "GrpcServerOptions"))]
pub struct ServerOptions {
    /// Where it listens. Default: `:9000`, every interface.
    pub listen: Listen,
    /// How it encrypts. Default: not at all.
    #[cfg(feature = "tls")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub tls: Option<crate::Tls>,
    /// The limits of its connections.
    pub connections: ConnectionOptions,
    /// Whether the reflection that the program adds is offered to clients. Default: yes.
    pub reflection: bool,
    /// Whether it is kept out of the endpoints that registries show. Default: no.
    pub private: bool,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            listen: ":9000".into(),
            #[cfg(feature = "tls")]
            tls: None,
            connections: ConnectionOptions::default(),
            reflection: true,
            private: false,
        }
    }
}

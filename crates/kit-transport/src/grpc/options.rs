//! The options of a gRPC server, as data.

use kit_units::WrongOption;

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

impl ServerOptions {
    /// Everything that is wrong, each with its key. A [`Server`](super::Server) with any of it does not start.
    /// The files of TLS are read for it at once, so it is for the time before a runtime runs, such as the load of
    /// settings.
    ///
    /// ```
    /// use kit_transport::grpc;
    ///
    /// let mut options = grpc::ServerOptions::default();
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

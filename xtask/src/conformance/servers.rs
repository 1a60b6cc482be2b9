//! What the clients talk to: helloworld, and its greeting over TLS with both protocols on one port.

use std::net::SocketAddr;
use std::path::Path;

use crate::Result;
use crate::cargo::target;
use crate::server::{Program, Server};

/// Where a client connects to.
pub(super) struct Target {
    authority: String,
    certificate: Option<String>,
}

impl Target {
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The file with the certificate to trust, if it is TLS.
    pub(super) fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }
}

/// The running servers.
pub(super) struct Targets {
    pub(super) http: SocketAddr,
    pub(super) grpc: Target,
    /// HTTP and gRPC.
    pub(super) secure: Target,
    servers: [Server; 2],
}

impl Targets {
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let binary = |name: &str| target().join("debug").join(name);
        let any = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];
        let mut helloworld = Program {
            name: "helloworld",
            binary: binary("helloworld"),
            arguments: any.iter().map(Into::into).collect(),
            stops_cleanly: true,
        }
        .start(&[], folder, "http")?;
        let grpc = helloworld.address("grpc")?;
        let secure = Program {
            name: "conformance",
            binary: binary("conformance"),
            arguments: vec![folder.into()],
            stops_cleanly: true,
        }
        .start(&[], folder, "https")?;
        let certificate = folder.join("tls.crt").display().to_string();
        Ok(Self {
            http: helloworld.address,
            grpc: Target {
                authority: grpc.to_string(),
                certificate: None,
            },
            secure: Target {
                // The certificate's name.
                authority: format!("localhost:{}", secure.address.port()),
                certificate: Some(certificate),
            },
            servers: [helloworld, secure],
        })
    }

    pub(super) fn stop(self) -> Result {
        for server in self.servers {
            server.stop()?;
        }
        Ok(())
    }
}

//! What the clients talk to: helloworld, and `tests/conformance` with what helloworld does not have.

use std::net::SocketAddr;
use std::path::Path;

use crate::Result;
use crate::cargo::target;
use crate::server::{Program, Server};

/// Where a client connects to.
pub(super) struct Target {
    host: &'static str,
    port: u16,
    certificate: Option<String>,
}

impl Target {
    fn plain(address: SocketAddr) -> Self {
        Self {
            host: "127.0.0.1",
            port: address.port(),
            certificate: None,
        }
    }

    /// Under the name that stands in the certificate.
    pub(super) fn host(&self) -> &str {
        self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The file with the certificate to trust, if it is TLS.
    pub(super) fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }
}

/// The running servers.
pub(super) struct Targets {
    /// helloworld's.
    pub(super) http: Target,
    /// helloworld's.
    pub(super) grpc: Target,
    /// The conformance program's HTTP.
    pub(super) routes: Target,
    /// The conformance program's gRPC.
    pub(super) interop: Target,
    /// The conformance program's third port: HTTP and gRPC.
    pub(super) secure: Target,
    servers: [Server; 2],
}

impl Targets {
    /// Starts helloworld, then the conformance program, and reads their ports from their logs.
    ///
    /// The conformance program is given `folder`, into which it writes its certificate.
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
        let mut conformance = Program {
            name: "conformance",
            binary: binary("conformance"),
            arguments: vec![folder.into()],
            stops_cleanly: true,
        }
        .start(&[], folder, "http")?;
        let interop = conformance.address("grpc")?;
        let secure = conformance.address("https")?;
        Ok(Self {
            http: Target::plain(helloworld.address),
            grpc: Target::plain(grpc),
            routes: Target::plain(conformance.address),
            interop: Target::plain(interop),
            secure: Target {
                host: "localhost",
                port: secure.port(),
                certificate: Some(folder.join("tls.crt").display().to_string()),
            },
            servers: [helloworld, conformance],
        })
    }

    pub(super) fn stop(self) -> Result {
        for server in self.servers {
            server.stop()?;
        }
        Ok(())
    }
}

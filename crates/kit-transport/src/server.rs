//! The contract between the application and its components.

use async_trait::async_trait;
use kit_sync::BoxError;

use crate::{Context, Listening, Phase};

/// Something with a start and a stop that the application runs: an HTTP server, a raw socket, a
/// connection pool.
///
/// A server that spawned no named task in its scope is a *resource*: it cannot "end". Any other
/// has failed when its last named task ends before the stop, unless it is [`finite`](Self::finite).
///
/// ```
/// use async_trait::async_trait;
/// use kit_sync::BoxError;
/// use kit_transport::{Context, Listening, Server};
/// use tokio::net::UdpSocket;
///
/// struct Echo;
///
/// #[async_trait]
/// impl Server for Echo {
///     fn name(&self) -> &str {
///         "echo"
///     }
///
///     async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
///         let socket = UdpSocket::bind("127.0.0.1:0").await?;
///         let listening = Listening::tcp("udp", socket.local_addr()?);
///         let token = ctx.scope().token().clone();
///         ctx.scope().spawn("echo", async move {
///             let mut buffer = [0; 1500];
///             while let Some(received) = token.run_until_cancelled(socket.recv_from(&mut buffer)).await {
///                 let (length, from) = received?;
///                 socket.send_to(&buffer[..length], from).await?;
///             }
///             Ok(())
///         });
///         Ok(vec![listening])
///     }
/// }
/// ```
#[async_trait]
pub trait Server: Send + Sync + 'static {
    /// Name in logs, reports and errors, such as `http`.
    fn name(&self) -> &str;

    /// Phase in which it starts; it stops in the reverse order. Default: [`Phase::SERVERS`].
    fn phase(&self) -> Phase {
        Phase::SERVERS
    }

    /// Checks the component's options, as far as that is possible without starting it. The
    /// application asks every component before the first hook runs, so that a wrong option does not
    /// end a start that is half done. Default: all is right.
    ///
    /// # Errors
    /// The option, its value, and what would be right.
    fn check(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Starts, and returns once it accepts work: where it is listening.
    ///
    /// Long-running work goes into [`ctx.scope()`](Context::scope), whose token means: drain and
    /// end. Readiness and registration rest on this having returned.
    ///
    /// # Errors
    /// Whatever keeps it from accepting work, such as an address in use.
    ///
    /// # Cancel safety
    /// May be dropped at a deadline; the application closes what it left in its scope.
    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError>;

    /// Extra work at stop, after the scope was cancelled. Called once, and only after
    /// [`start`](Self::start) returned `Ok`.
    ///
    /// # Errors
    /// Reported, and makes the exit code 1; it never keeps the stop from going on.
    async fn stop(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Whether its tasks may all end by themselves before the stop.
    fn finite(&self) -> bool {
        false
    }

    /// Whether the application may end while this component could go on: an application whose other
    /// components were all done stops. Default: it keeps the application running.
    fn auxiliary(&self) -> bool {
        false
    }
}

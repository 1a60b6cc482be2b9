//! The options of an accepted TCP connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::listen::queue::Accepted;
use crate::wire::peer::Peer;
use crate::wire::plain::Plain;
use crate::{Address, Listen};

/// The options that [`Listen`] asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuning {
    no_delay: bool,
    keep_alive: Option<Duration>,
}

impl Tuning {
    pub(crate) fn of(listen: &Listen) -> Tuning {
        Tuning {
            no_delay: listen.no_delay,
            keep_alive: listen.keep_alive,
        }
    }

    /// Sets the options and reads the connection's own address.
    pub(crate) fn accepted(&self, stream: TcpStream, remote: SocketAddr) -> Accepted {
        if let Err(error) = self.apply(&stream) {
            // The connection can be served without them.
            tracing::debug!(%remote, %error, "cannot set the options of a connection");
        }
        let local = stream.local_addr()?;
        let peer = Peer::new(Address::Ip(remote), Address::Ip(local));
        Ok((Plain::Tcp(stream), peer))
    }

    fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(self.no_delay)?;
        let Some(every) = self.keep_alive else {
            return Ok(());
        };
        let keep_alive = TcpKeepalive::new().with_time(every).with_interval(every);
        SockRef::from(stream).set_tcp_keepalive(&keep_alive)
    }
}

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

    /// Sets the options and reads the connection's own address. A listener for both families gives a client of IPv4 as
    /// `::ffff:10.0.0.7`, which looks like no address of the network, and is not taken for loopback: both ends have the
    /// addresses that they have by IPv4.
    pub(crate) fn accepted(&self, stream: TcpStream, remote: SocketAddr) -> Accepted {
        if let Err(error) = self.apply(&stream) {
            // The connection can be served without them.
            tracing::debug!(%remote, %error, "cannot set the options of a connection");
        }
        let local = stream.local_addr()?;
        let peer = Peer::new(Address::Ip(unmapped(remote)), Address::Ip(unmapped(local)));
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

/// The address of IPv4 that one of IPv6 stands for; others as they are, with the scope that IPv6 may have.
fn unmapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => (v4, v6.port()).into(),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV6;

    use super::*;

    #[test]
    fn an_address_of_ipv4_is_one_and_ipv6_keeps_its_scope() {
        let shown = |address: &str| unmapped(address.parse().unwrap()).to_string();
        assert_eq!(shown("[::ffff:10.0.0.7]:80"), "10.0.0.7:80");
        assert_eq!(shown("10.0.0.7:80"), "10.0.0.7:80");
        assert_eq!(shown("[::1]:80"), "[::1]:80");
        let scoped = SocketAddrV6::new("fe80::1".parse().unwrap(), 80, 0, 7);
        assert_eq!(unmapped(scoped.into()), SocketAddr::V6(scoped));
    }
}

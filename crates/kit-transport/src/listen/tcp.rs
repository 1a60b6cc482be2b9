//! TCP listeners: how they are bound, and how they accept.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdTcpListener};

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::listen::queue::{Accepted, until_empty};
use crate::listen::steer::{Number, steer};
use crate::listen::tuning::Tuning;
use crate::{Address, HandOver, Listen};

/// A listener, and the options of the connections that it accepts.
#[derive(Debug)]
pub(crate) struct TcpSockets {
    listener: TcpListener,
    tuning: Tuning,
}

impl TcpSockets {
    pub(crate) fn bind(address: SocketAddr, listen: &Listen) -> io::Result<TcpSockets> {
        bind(address, listen).map(|listener| TcpSockets {
            listener,
            tuning: Tuning::of(listen),
        })
    }

    /// Binds every interface: IPv6 and IPv4, or IPv4 alone.
    pub(crate) fn bind_everywhere(port: u16, listen: &Listen) -> io::Result<TcpSockets> {
        let (v6, v4) = (Ipv6Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED);
        let both = [(v6, port).into(), (v4, port).into()];
        first_family(both, |address| TcpSockets::bind(address, listen))
    }

    /// Binds the loopback interface, at its IPv4 address where the system has one.
    pub(crate) fn bind_localhost(port: u16, listen: &Listen) -> io::Result<TcpSockets> {
        let (v4, v6) = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        let both = [(v4, port).into(), (v6, port).into()];
        first_family(both, |address| TcpSockets::bind(address, listen))
    }

    pub(crate) fn from_outside(
        listener: StdTcpListener,
        listen: &Listen,
    ) -> io::Result<TcpSockets> {
        if !SockRef::from(&listener).is_listener()? {
            let why = "the socket is bound, but `listen` was not called on it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        listener.set_nonblocking(true)?;
        Ok(TcpSockets {
            listener: TcpListener::from_std(listener)?,
            tuning: Tuning::of(listen),
        })
    }

    pub(crate) fn address(&self) -> io::Result<Address> {
        self.listener.local_addr().map(Address::Ip)
    }

    /// Whether it takes no IPv4, as a listener from outside may. An IPv4 socket does not have the
    /// option, and the question fails for it.
    pub(crate) fn is_only_ipv6(&self) -> bool {
        SockRef::from(&self.listener).only_v6().unwrap_or(false)
    }

    /// # Cancel safety
    /// Dropping it loses no connection.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        let (stream, remote) = self.listener.accept().await?;
        Ok(self.tuning.accepted(stream, remote))
    }

    pub(crate) fn sweep(self, mut connect: impl FnMut(Accepted)) {
        let TcpSockets { listener, tuning } = self;
        // The system is asked, because the runtime's view of readiness lags behind it.
        let Ok(queue) = listener.into_std() else {
            return;
        };
        for accepted in until_empty(|| queue.accept()) {
            connect(accepted.and_then(|(stream, remote)| {
                stream.set_nonblocking(true)?;
                tuning.accepted(TcpStream::from_std(stream)?, remote)
            }));
        }
    }

    pub(crate) fn steer_to_second(&self) -> io::Result<()> {
        steer(&self.listener, Number::SECOND)
    }
}

/// Binds the first address, or the second where the system does not have the first one's family.
fn first_family<T>(
    [first, second]: [SocketAddr; 2],
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    match bind(first) {
        Err(error) if is_family_missing(&error) => bind(second),
        bound => bound,
    }
}

/// Whether the system was built or booted without the family, or has its interfaces disabled.
fn is_family_missing(error: &io::Error) -> bool {
    #[cfg(unix)]
    let unsupported = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    #[cfg(not(unix))]
    let unsupported = error.kind() == io::ErrorKind::Unsupported;
    unsupported || error.kind() == io::ErrorKind::AddrNotAvailable
}

fn bind(address: SocketAddr, listen: &Listen) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // On Windows it would allow two servers to share a port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    if listen.hand_over == HandOver::ReusePort {
        #[cfg(unix)]
        socket.set_reuseport(true)?;
        #[cfg(not(unix))]
        return Err(io::ErrorKind::Unsupported.into());
    }
    if address.is_ipv6() {
        // Without this a setting of the system decides what `[::]` takes (`net.ipv6.bindv6only`).
        SockRef::from(&socket).set_only_v6(false)?;
    }
    socket.bind(address)?;
    let listener = socket.listen(listen.backlog)?;
    if listen.hand_over == HandOver::ReusePort {
        // The filter of an earlier hand-over is still attached to the port.
        let _ = steer(&listener, Number::NONE);
    }
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_other_family_is_tried_where_the_first_is_missing_and_only_there() {
        use rustix::io::Errno;

        let error = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        let both = [([0; 8], 80).into(), ([0, 0, 0, 0], 80).into()];
        let [v6, v4]: [SocketAddr; 2] = both;
        for why in [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL] {
            let bind = |address| match address {
                _ if address == v6 => Err(error(why)),
                _ => Ok(address),
            };
            assert_eq!(first_family(both, bind).unwrap(), v4);
        }
        assert_eq!(first_family(both, Ok).unwrap(), v6);
        let taken = |address| match address {
            _ if address == v6 => Err(error(Errno::ADDRINUSE)),
            _ => panic!("a port that is taken is no missing family"),
        };
        let refused = first_family::<()>(both, taken).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        let nothing = |_| Err::<(), _>(error(Errno::AFNOSUPPORT));
        assert!(first_family(both, nothing).is_err());
    }
}

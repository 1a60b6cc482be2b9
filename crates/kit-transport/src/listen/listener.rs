//! Sockets that listen.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::listen::At;
#[cfg(unix)]
use crate::listen::unix::UnixSockets;
use crate::wire::peer::Peer;
use crate::wire::socket::Socket;
use crate::{Address, Context, HandOver, Inherited, Listen, Listening, StartError};

/// How many connections are taken from the queue of a listener that closes.
const SWEEP: usize = 1024;
/// What Linux takes, in whole seconds.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(1);
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(32_767);

/// A listener, and what was asked for with it.
#[derive(Debug)]
pub(crate) struct Listener {
    sockets: Sockets,
    address: Address,
    tuning: Tuning,
}

/// What is done with accepted sockets, and in the end.
#[derive(Clone, Copy, Debug)]
struct Tuning {
    hand_over: HandOver,
    no_delay: bool,
    keep_alive: Option<Duration>,
}

/// A new connection, unless it failed before anybody could serve it.
pub(crate) type Accepted = io::Result<(Socket, Peer)>;

#[derive(Debug)]
enum Sockets {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSockets),
}

impl Listener {
    pub(crate) async fn bind(listen: &Listen, ctx: &Context) -> Result<Listener, StartError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::AddressInUse {
                address: listen.to_string(),
                source,
            },
            _ => StartError::Listen {
                address: listen.to_string(),
                source,
            },
        };
        let sockets = match &listen.at {
            At::Unusable(error) => return Err(error.clone().into()),
            At::Address(address) => bind_tcp(*address, listen).map(Sockets::Tcp),
            At::Everywhere(port) => {
                let (v6, v4) = (Ipv6Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED);
                let both = [(v6, *port).into(), (v4, *port).into()];
                first_family(both, |address| bind_tcp(address, listen)).map(Sockets::Tcp)
            }
            At::Localhost(port) => {
                let (v4, v6) = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
                let both = [(v4, *port).into(), (v6, *port).into()];
                first_family(both, |address| bind_tcp(address, listen)).map(Sockets::Tcp)
            }
            At::Unix(_) if listen.hand_over == HandOver::ReusePort => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a path cannot be bound twice, so `HandOver::ReusePort` is for IP addresses; \
                 `HandOver::SharedListener` is for both",
            )),
            #[cfg(unix)]
            At::Unix(path) => UnixSockets::bind(path, listen.backlog, listen.mode)
                .await
                .map(Sockets::Unix),
            #[cfg(not(unix))]
            At::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
            At::Existing(existing) => {
                let listener = existing.take().ok_or(StartError::ListenerTaken)?;
                Sockets::from_outside(listener)
            }
            At::Inherited(index) => {
                let index = *index;
                let listener = ctx.inherited(index);
                Sockets::from_outside(listener.ok_or(StartError::NotInherited { index })?)
            }
        };
        let sockets = sockets.map_err(failed)?;
        let address = sockets.address().map_err(failed)?;
        Ok(Listener {
            sockets,
            address,
            tuning: Tuning {
                hand_over: listen.hand_over,
                no_delay: listen.no_delay,
                keep_alive: listen.keep_alive,
            },
        })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// What others may be told of it.
    pub(crate) fn listening(&self, scheme: &'static str) -> Listening {
        let listening = Listening::new(scheme, self.address.clone());
        if self.sockets.are_only_ipv6() {
            return listening.only_ipv6();
        }
        listening
    }

    /// # Cancel safety
    /// Dropping it loses no connection.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        Ok(match &self.sockets {
            Sockets::Tcp(listener) => {
                let (stream, remote) = listener.accept().await?;
                self.tuning.tcp(stream, remote)
            }
            #[cfg(unix)]
            Sockets::Unix(listener) => Ok(listener.accept().await?),
        })
    }

    /// Closes the listener. What has connected already is served: what is left in the queue of a
    /// listener that closes is reset.
    pub(crate) fn sweep(self, mut connect: impl FnMut(Accepted)) {
        let Listener {
            sockets, tuning, ..
        } = self;
        // Without the runtime, whose idea of what is ready lags behind.
        match sockets {
            Sockets::Tcp(listener) => {
                let Ok(queue) = listener.into_std() else {
                    return;
                };
                for accepted in until_empty(|| queue.accept()) {
                    connect(accepted.and_then(|(stream, remote)| {
                        stream.set_nonblocking(true)?;
                        tuning.tcp(TcpStream::from_std(stream)?, remote)
                    }));
                }
            }
            #[cfg(unix)]
            Sockets::Unix(listener) => listener.sweep(connect),
        }
    }

    /// Sends new connections to the process that has bound the address after this one.
    pub(crate) fn steer(&self, ctx: &Context) {
        if let Sockets::Tcp(listener) = &self.sockets
            && let Err(error) = steer(listener, SECOND)
        {
            let listening = &self.address;
            ctx.remark(format!(
                "new connections at {listening} cannot be steered to the successor, and the kernel \
                 divides them: {error}"
            ));
        }
    }

    pub(crate) fn hand_over(&self) -> HandOver {
        self.tuning.hand_over
    }
}

impl Tuning {
    fn tune(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(self.no_delay)?;
        let Some(every) = self.keep_alive else {
            return Ok(());
        };
        let every = every.clamp(SHORTEST_KEEP_ALIVE, LONGEST_KEEP_ALIVE);
        let keep_alive = TcpKeepalive::new().with_time(every).with_interval(every);
        SockRef::from(stream).set_tcp_keepalive(&keep_alive)
    }

    fn tcp(&self, stream: TcpStream, remote: SocketAddr) -> io::Result<(Socket, Peer)> {
        if let Err(error) = self.tune(&stream) {
            // It can be served all the same.
            tracing::debug!(%remote, %error, "cannot set the options of a connection");
        }
        let local = stream.local_addr()?;
        let peer = Peer::new(Address::Ip(remote), Address::Ip(local));
        Ok((Socket::Tcp(stream), peer))
    }
}

/// What is in the queue now, within reason.
pub(crate) fn until_empty<T>(
    accept: impl Fn() -> io::Result<T>,
) -> impl Iterator<Item = io::Result<T>> {
    let accepted = std::iter::repeat_with(accept).take(SWEEP);
    accepted.take_while(|accepted| match accepted {
        Err(error) => concerns_one_connection(error),
        Ok(_) => true,
    })
}

impl Sockets {
    fn address(&self) -> io::Result<Address> {
        match self {
            Sockets::Tcp(listener) => listener.local_addr().map(Address::Ip),
            #[cfg(unix)]
            Sockets::Unix(listener) => Ok(listener.address()),
        }
    }

    /// One from outside may have been bound so. IPv4 sockets do not have the option, and are not.
    fn are_only_ipv6(&self) -> bool {
        match self {
            Sockets::Tcp(listener) => SockRef::from(listener).only_v6().unwrap_or(false),
            #[cfg(unix)]
            Sockets::Unix(_) => false,
        }
    }

    fn from_outside(listener: Inherited) -> io::Result<Sockets> {
        match listener {
            Inherited::Tcp(listener) => {
                if !SockRef::from(&listener).is_listener()? {
                    let why = "the socket is bound, but nobody has called `listen` on it";
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
                }
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Sockets::Tcp)
            }
            #[cfg(unix)]
            Inherited::Unix(listener) => UnixSockets::from_outside(listener).map(Sockets::Unix),
        }
    }
}

/// At the first address, or at the second where the system does not have the first one's family.
fn first_family<T>(
    [first, second]: [SocketAddr; 2],
    bind: impl Fn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    match bind(first) {
        Err(error) if is_family_missing(&error) => bind(second),
        bound => bound,
    }
}

/// Built or booted without it, or with its interfaces disabled.
fn is_family_missing(error: &io::Error) -> bool {
    #[cfg(unix)]
    let unsupported = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    #[cfg(not(unix))]
    let unsupported = error.kind() == io::ErrorKind::Unsupported;
    unsupported || error.kind() == io::ErrorKind::AddrNotAvailable
}

fn bind_tcp(address: SocketAddr, listen: &Listen) -> io::Result<TcpListener> {
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
        // What `[::]` takes is a setting of the system otherwise (`net.ipv6.bindv6only`).
        SockRef::from(&socket).set_only_v6(false)?;
    }
    socket.bind(address)?;
    let listener = socket.listen(listen.backlog)?;
    if listen.hand_over == HandOver::ReusePort {
        // The filter of a hand-over before this one is still there.
        let _ = steer(&listener, NOBODY);
    }
    Ok(listener)
}

/// The sockets of a port are numbered in the order in which they were bound, until one is closed:
/// then the last takes its number.
const SECOND: u32 = 1;
/// Of none: the kernel divides connections as it does without a filter.
const NOBODY: u32 = u32::MAX;

#[cfg(target_os = "linux")]
fn steer(listener: &TcpListener, number: u32) -> io::Result<()> {
    use nix::libc::{BPF_K, BPF_RET, sock_filter, sock_fprog};
    use nix::sys::socket::{setsockopt, sockopt::AttachReusePortCbpf};

    let mut program = [sock_filter {
        code: u16::try_from(BPF_RET | BPF_K).expect("two small flags"),
        jt: 0,
        jf: 0,
        k: number,
    }];
    let program = sock_fprog {
        len: 1,
        filter: program.as_mut_ptr(),
    };
    Ok(setsockopt(listener, AttachReusePortCbpf, &program)?)
}

#[cfg(not(target_os = "linux"))]
fn steer(_: &TcpListener, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Errors that `accept` reports for the connection it would have returned, not for the listener.
pub(crate) fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable, NotConnected, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | PermissionDenied
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_ignored_and_an_exhausted_process_is_not() {
        for broken in [
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::ConnectionReset,
        ] {
            assert!(concerns_one_connection(&broken.into()));
        }
        // EMFILE has no kind of its own.
        for exhausted in [io::ErrorKind::Other, io::ErrorKind::OutOfMemory] {
            assert!(!concerns_one_connection(&exhausted.into()));
        }
    }

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

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_steered_port_gives_new_connections_to_the_second_socket() {
        let tree = kit_sync::TaskTree::new("test");
        let (_life, seen) = tokio::sync::watch::channel(crate::Lifecycle::new());
        let ctx = Context::new(tree.scope().clone(), seen);
        let bind = async |address: SocketAddr| {
            let listen = Listen::from(address).hand_over(HandOver::ReusePort);
            Listener::bind(&listen, &ctx).await.expect("it binds")
        };
        let first = bind(([127, 0, 0, 1], 0).into()).await;
        let address = first.address().ip().unwrap();
        let second = bind(address).await;
        first.steer(&ctx);
        for _ in 0..50 {
            let _client = TcpStream::connect(address).await.unwrap();
            let accepted = tokio::time::timeout(Duration::from_secs(10), second.accept());
            let accepted = accepted.await.expect("it comes to the second");
            assert!(accepted.is_ok_and(|accepted| accepted.is_ok()));
        }
    }
}

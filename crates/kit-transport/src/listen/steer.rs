//! Which of the processes that share a port gets its new connections.

use std::io;

use tokio::net::TcpListener;

/// A socket's number among those of its port. They are numbered in the order in which they were
/// bound, until one is closed: then the last one takes the number of the closed one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(u32);

impl Number {
    /// The socket that was bound after the first one.
    pub(crate) const SECOND: Number = Number(1);
    /// A number that no socket has: the kernel divides connections as it does without a filter.
    pub(crate) const NONE: Number = Number(u32::MAX);
}

/// Attaches a filter of one instruction to the group of sockets, which returns the number of the
/// socket for every new connection.
#[cfg(target_os = "linux")]
pub(crate) fn steer(listener: &TcpListener, to: Number) -> io::Result<()> {
    use nix::libc::{BPF_K, BPF_RET, sock_filter, sock_fprog};
    use nix::sys::socket::{setsockopt, sockopt::AttachReusePortCbpf};

    let mut program = [sock_filter {
        code: u16::try_from(BPF_RET | BPF_K).expect("two small flags"),
        jt: 0,
        jf: 0,
        k: to.0,
    }];
    let program = sock_fprog {
        len: 1,
        filter: program.as_mut_ptr(),
    };
    Ok(setsockopt(listener, AttachReusePortCbpf, &program)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn steer(_: &TcpListener, _: Number) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use tokio::net::TcpStream;

    use crate::listen::listener::Listener;
    use crate::{Context, HandOver, Listen};

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

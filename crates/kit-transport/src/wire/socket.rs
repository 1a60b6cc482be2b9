//! A connection's bytes in the clear.

use crate::wire::either::read_and_write;
use crate::wire::plain::Plain;
use crate::wire::tls::Encrypted;

/// An accepted connection, or the stream of TLS above one.
#[derive(Debug)]
pub(crate) enum Socket {
    Plain(Plain),
    Tls(Box<Encrypted>),
}

read_and_write!(Socket { Plain, Tls });

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWrite as _;
    use tokio::net::TcpStream;

    use super::{Plain, Socket};

    /// Else hyper copies heads and bodies into one buffer.
    #[tokio::test]
    async fn it_writes_several_slices_at_once_as_the_one_below_does() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let tcp = TcpStream::connect(address).await.expect("it accepts");
        assert!(tcp.is_write_vectored());
        assert!(Socket::Plain(Plain::Tcp(tcp)).is_write_vectored());
    }
}

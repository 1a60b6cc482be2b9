//! The sockets that a server accepts, before anything is encrypted.

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::wire::either::read_and_write;

/// An accepted connection.
#[derive(Debug)]
pub(crate) enum Plain {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

read_and_write!(Plain {
    Tcp,
    #[cfg(unix)]
    Unix,
});

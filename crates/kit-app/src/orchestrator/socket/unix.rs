//! A datagram socket of Unix.

use std::fmt;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use nix::errno::Errno;

use super::Sent;

/// The address of a service manager.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct NotifySocket(String);

impl NotifySocket {
    /// # Errors
    /// What would be right.
    pub(crate) fn parse(text: &str) -> Result<NotifySocket, String> {
        let is_path = text.starts_with('/');
        let is_abstract = text.starts_with('@') && text.len() > 1;
        if !is_path && !is_abstract {
            return Err("an absolute path, or `@` and an abstract name".to_owned());
        }
        let socket = NotifySocket(text.to_owned());
        match socket.address() {
            Ok(_) => Ok(socket),
            Err(error) => Err(format!("an address that a socket can have: {error}")),
        }
    }

    fn address(&self) -> io::Result<SocketAddr> {
        match self.0.strip_prefix('@') {
            Some(name) => abstract_name(name),
            None => SocketAddr::from_pathname(&self.0),
        }
    }
}

#[cfg(target_os = "linux")]
fn abstract_name(name: &str) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_: &str) -> io::Result<SocketAddr> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "there are no abstract names on this system",
    ))
}

impl fmt::Display for NotifySocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NotifySocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A socket without an address, from which messages are sent. It is not connected: a service manager that
/// binds its address anew hears the next message.
#[derive(Debug)]
pub(crate) struct Sender {
    socket: UnixDatagram,
    to: SocketAddr,
}

impl Sender {
    /// # Errors
    /// When the system has no socket to give.
    pub(crate) fn open(to: &NotifySocket) -> io::Result<Sender> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        Ok(Sender {
            socket,
            to: to.address()?,
        })
    }

    /// Waits for nothing.
    pub(crate) fn send(&self, message: &str) -> Sent {
        match self.socket.send_to_addr(message.as_bytes(), &self.to) {
            Ok(_) => Sent::Yes,
            Err(error) if is_full(&error) => Sent::Full,
            Err(error) => Sent::Failed(error),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    let by_kind = matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    );
    by_kind || error.raw_os_error() == Some(Errno::ENOBUFS as i32)
}

//! Unix sockets: a listener that is a file.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};

use socket2::SockRef;
use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::listener::{Accepted, until_empty};
use super::peer::Peer;
use super::socket::Socket;
use crate::Address;

#[derive(Debug)]
pub(super) struct UnixSockets {
    // Removed before the listener closes: whoever finds the file finds somebody behind it.
    _file: Option<SocketFile>,
    listener: UnixListener,
    path: PathBuf,
}

impl UnixSockets {
    pub(super) async fn bind(
        path: &Path,
        backlog: u32,
        mode: Option<u32>,
    ) -> io::Result<UnixSockets> {
        let socket = UnixSocket::new_stream()?;
        match socket.bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(path).await => {
                fs::remove_file(path)?;
                socket.bind(path)?;
            }
            bound => bound?,
        }
        let file = SocketFile::new(path)?;
        if let Some(mode) = mode {
            // Before it listens, so that nobody gets in who may not.
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(UnixSockets {
            listener: socket.listen(backlog)?,
            path: path.to_owned(),
            _file: Some(file),
        })
    }

    pub(super) fn from_outside(listener: StdUnixListener) -> io::Result<UnixSockets> {
        listener.set_nonblocking(true)?;
        let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
        Ok(UnixSockets {
            listener: UnixListener::from_std(listener)?,
            path: path.unwrap_or_default(),
            _file: None,
        })
    }

    pub(super) fn address(&self) -> Address {
        Address::Unix(self.path.clone())
    }

    pub(super) async fn accept(&self) -> io::Result<(Socket, Peer)> {
        let (stream, remote) = self.listener.accept().await?;
        Ok(self.accepted(stream, remote.as_pathname()))
    }

    pub(super) fn sweep(self, mut connect: impl FnMut(Accepted)) {
        let queue = SockRef::from(&self.listener)
            .try_clone()
            .map(StdUnixListener::from);
        let Ok(queue) = queue else { return };
        for accepted in until_empty(|| queue.accept()) {
            connect(accepted.and_then(|(stream, remote)| {
                stream.set_nonblocking(true)?;
                Ok(self.accepted(UnixStream::from_std(stream)?, remote.as_pathname()))
            }));
        }
    }

    fn accepted(&self, stream: UnixStream, remote: Option<&Path>) -> (Socket, Peer) {
        let remote = Address::Unix(remote.map(Path::to_owned).unwrap_or_default());
        (Socket::Unix(stream), Peer::new(remote, self.address()))
    }
}

/// Whether a socket file has nobody behind it, as a process leaves it that was killed.
async fn is_left_over(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).await.is_err_and(refused)
}

/// Removed when dropped, unless another socket has taken its path.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<SocketFile> {
        let identity = identity(path)?;
        let path = path.to_owned();
        Ok(SocketFile { path, identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            // Whoever starts next replaces it if it stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

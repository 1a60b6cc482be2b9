//! Unix sockets: a listener that is a file.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

use crate::Address;
use crate::listen::listener::{Accepted, until_empty};
use crate::wire::peer::Peer;
use crate::wire::socket::Socket;

#[derive(Debug)]
pub(crate) struct UnixSockets {
    // Removed before the listener closes: whoever finds the file finds somebody behind it.
    file: Option<SocketFile>,
    listener: UnixListener,
    path: PathBuf,
}

impl UnixSockets {
    pub(crate) async fn bind(
        path: &Path,
        backlog: u32,
        mode: Option<u32>,
    ) -> io::Result<UnixSockets> {
        // Two that start at once would each take the other's file for a left-over one.
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        // Where that is not allowed, it is as safe as without.
        let _locked = folder.and_then(|folder| folder.lock().map(|()| folder));
        let socket = UnixSocket::new_stream()?;
        match socket.bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(path).await => {
                fs::remove_file(path)?;
                socket.bind(path)?;
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && !is_socket(path) => {
                let why = "what is at this path is no socket";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
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
            file: Some(file),
        })
    }

    pub(crate) fn from_outside(listener: StdUnixListener) -> io::Result<UnixSockets> {
        listener.set_nonblocking(true)?;
        let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
        Ok(UnixSockets {
            listener: UnixListener::from_std(listener)?,
            path: path.unwrap_or_default(),
            file: None,
        })
    }

    pub(crate) fn address(&self) -> Address {
        Address::Unix(self.path.clone())
    }

    pub(crate) async fn accept(&self) -> io::Result<(Socket, Peer)> {
        let (stream, remote) = self.listener.accept().await?;
        Ok(connected(stream, remote.as_pathname(), self.address()))
    }

    pub(crate) fn sweep(self, mut connect: impl FnMut(Accepted)) {
        let local = self.address();
        drop(self.file);
        let Ok(queue) = self.listener.into_std() else {
            return;
        };
        for accepted in until_empty(|| queue.accept()) {
            connect(accepted.and_then(|(stream, remote)| {
                stream.set_nonblocking(true)?;
                let stream = UnixStream::from_std(stream)?;
                Ok(connected(stream, remote.as_pathname(), local.clone()))
            }));
        }
    }
}

fn connected(stream: UnixStream, remote: Option<&Path>, local: Address) -> (Socket, Peer) {
    let remote = Address::Unix(remote.map(Path::to_owned).unwrap_or_default());
    (Socket::Unix(stream), Peer::new(remote, local))
}

/// Whether a socket file has nobody behind it, as a process leaves it that was killed.
async fn is_left_over(path: &Path) -> bool {
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket(path) && UnixStream::connect(path).await.is_err_and(refused)
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
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

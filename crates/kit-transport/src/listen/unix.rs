//! Unix sockets: a listener that is a file.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

use crate::listen::queue::{Accepted, until_empty};
use crate::wire::peer::Peer;
use crate::wire::plain::Plain;
use crate::{Address, Listen};

#[derive(Debug)]
pub(crate) struct UnixSockets {
    // Removed before the listener closes, so that a client that finds the file is answered.
    file: Option<SocketFile>,
    listener: UnixListener,
    path: PathBuf,
}

impl UnixSockets {
    /// Binds the path, in place of a file that a killed process has left there. The folder is
    /// locked meanwhile: two processes that start at once would each take the other's file for a
    /// left-over one. The file gets its permissions before it listens.
    pub(crate) async fn bind(path: &Path, listen: &Listen) -> io::Result<UnixSockets> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        // Where the lock is not allowed, the start goes on without it.
        let _locked = folder.and_then(|folder| folder.lock().map(|()| folder));
        let socket = UnixSocket::new_stream()?;
        match socket.bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(path).await => {
                fs::remove_file(path)?;
                socket.bind(path)?;
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && !is_socket(path) => {
                let why = "there is a file at this path that is no socket";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
            }
            bound => bound?,
        }
        let file = SocketFile::new(path)?;
        if let Some(mode) = listen.mode {
            // Before it listens: no client connects that the mode keeps out.
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(UnixSockets {
            listener: socket.listen(listen.backlog)?,
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

    /// # Cancel safety
    /// Dropping it loses no connection.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        let (stream, remote) = self.listener.accept().await?;
        Ok(Ok(connected(stream, remote.as_pathname(), self.address())))
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

fn connected(stream: UnixStream, remote: Option<&Path>, local: Address) -> (Plain, Peer) {
    let remote = Address::Unix(remote.map(Path::to_owned).unwrap_or_default());
    (Plain::Unix(stream), Peer::new(remote, local))
}

/// Whether no process listens behind a socket file, as after a process that was killed.
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
            // If it stays, the next start replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let file = fs::symlink_metadata(path)?;
    Ok((file.dev(), file.ino()))
}

//! Unix sockets: a listener that is a file.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::time::sleep;

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
    /// left-over one.
    pub(crate) async fn bind(path: &Path, listen: &Listen) -> io::Result<UnixSockets> {
        let _locked = lock_folder_of(path).await;
        // Nothing is awaited with the lock: another server of this thread may be the next to want it.
        UnixSockets::bind_locked(path, listen)
    }

    /// The file gets its permissions before it listens.
    fn bind_locked(path: &Path, listen: &Listen) -> io::Result<UnixSockets> {
        let socket = UnixSocket::new_stream()?;
        match socket.bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_left_over(path) => {
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

/// How often a folder that is locked is tried again, and after which pause. Another server has its lock for the
/// moment in which it binds; a program that has it for longer is not waited for.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// Locks the folder of a path until the file is dropped. Where the lock is not allowed, or is not to be had, the
/// start goes on without it.
async fn lock_folder_of(path: &Path) -> Option<File> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).ok()?;
    for _ in 0..ATTEMPTS {
        match folder.try_lock() {
            Ok(()) => return Some(folder),
            Err(TryLockError::WouldBlock) => sleep(PAUSE).await,
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// Whether no process listens behind a socket file, as after a process that was killed.
fn is_left_over(path: &Path) -> bool {
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket(path) && try_connect(path).is_err_and(refused)
}

/// Connects without waiting: the queue of a listener may be full.
fn try_connect(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
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

//! In place of Unix sockets, on systems where Kit has none: binding one fails.

use std::io;
use std::path::Path;

use crate::listen::queue::Accepted;
use crate::{Address, Listen};

#[derive(Debug)]
pub(crate) enum UnixSockets {}

impl UnixSockets {
    #[expect(clippy::unused_async, reason = "the interface of the module for Unix")]
    pub(crate) async fn bind(_: &Path, _: &Listen) -> io::Result<UnixSockets> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn address(&self) -> Address {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "the interface of the module for Unix")]
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match *self {}
    }

    pub(crate) fn sweep(self, _: impl FnMut(Accepted)) {
        match self {}
    }
}

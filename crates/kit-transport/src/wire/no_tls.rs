//! In place of `tls`, in a build without it: the same names, for types that have no values. So the
//! rest of the crate is written once, and the compiler sees that no connection is encrypted.

use std::future::Pending;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use kit_units::WrongOption;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::plain::Plain;
use crate::{Context, StartError};

#[cfg(feature = "grpc")]
pub(crate) mod for_tonic;

/// The settings of a server with TLS.
#[derive(Clone, Debug)]
pub(crate) enum Tls {}

/// TLS of a server that listens.
#[derive(Clone, Debug)]
pub(crate) enum ServerTls {}

/// An encrypted stream.
#[derive(Debug)]
pub(crate) enum Encrypted {}

/// A handshake.
pub(crate) type Accept = Pending<io::Result<Encrypted>>;

pub(crate) type ClientIdentity = PhantomData<()>;

pub(crate) fn identify(stream: &Encrypted) -> ClientIdentity {
    match *stream {}
}

impl Tls {
    pub(crate) fn check(&self) -> Vec<WrongOption> {
        match *self {}
    }
}

impl ServerTls {
    #[expect(clippy::unused_async, reason = "the interface of `tls`")]
    pub(crate) async fn start(
        tls: &Tls,
        _: &'static [&'static [u8]],
        _: &Context,
    ) -> Result<ServerTls, StartError> {
        match *tls {}
    }

    pub(crate) fn accept(&self, _: Plain) -> Accept {
        match *self {}
    }

    pub(crate) fn handshake_timeout(&self) -> Duration {
        match *self {}
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        _: &[u8],
    ) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

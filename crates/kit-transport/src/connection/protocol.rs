//! hyper's side of a connection: HTTP/1.1 or HTTP/2, by what its client speaks.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use kit_sync::{BoxError, Scope};
use pin_project_lite::pin_project;
use tokio::io::AsyncWrite as _;

use crate::connection::executor::ScopeExecutor;
use crate::connection::options::{ConnectionOptions, MAX_HEADERS};
use crate::connection::ping_timer::PingTimer;
use crate::exchange::service::{Handler, RequestService};
use crate::time::AGES;
use crate::wire::io::Io;
use crate::wire::preface::Protocol;

/// hyper allocates the table of headers before any has come, so its size has a bound.
const MOST_HEADERS: usize = 16_384;

type Http1<H> = http1::UpgradeableConnection<TokioIo<Io>, RequestService<H>>;
type Http2<H> = http2::Connection<TokioIo<Io>, RequestService<H>, ScopeExecutor>;

pin_project! {
    /// hyper's connection, once it is known which. (hyper-util's own choice drops a connection that
    /// is asked to close before it has shown what it speaks, with the bytes that it has sent.)
    #[project = Project]
    pub(crate) enum Hyper<H: Handler> {
        Unknown { io: Option<(Io, RequestService<H>)>, closing: bool },
        Http1 { #[pin] connection: Http1<H> },
        Http2 { #[pin] connection: Http2<H> },
    }
}

impl<H: Handler> Hyper<H> {
    pub(crate) fn new(io: Io, service: RequestService<H>) -> Hyper<H> {
        Hyper::Unknown {
            io: Some((io, service)),
            closing: false,
        }
    }

    fn serve(
        self: &mut Pin<&mut Self>,
        protocol: Protocol,
        scope: &Scope,
        options: &ConnectionOptions,
    ) {
        let Project::Unknown { io, .. } = self.as_mut().project() else {
            return;
        };
        let (io, service) = io.take().expect("it is chosen once");
        let io = TokioIo::new(io);
        self.set(match protocol {
            Protocol::Http1 => {
                let is_watched = io.inner().is_plain();
                let connection = http1(options, is_watched).serve_connection(io, service);
                let connection = connection.with_upgrades();
                Hyper::Http1 { connection }
            }
            Protocol::Http2 => {
                let executor = ScopeExecutor(scope.clone());
                let timer = PingTimer(Arc::clone(service.exchanges()));
                let builder = http2(options, executor, timer);
                let connection = builder.serve_connection(io, service);
                Hyper::Http2 { connection }
            }
        });
    }

    /// Drives hyper. While the client has not shown what it speaks, reads its first bytes; a close
    /// that was asked for meanwhile is passed on to hyper after its first poll, because hyper takes
    /// a connection that is asked to close before it has read anything for one that is idle.
    pub(crate) fn poll(
        self: &mut Pin<&mut Self>,
        cx: &mut Context<'_>,
        scope: &Scope,
        options: &ConnectionOptions,
    ) -> Poll<Result<(), BoxError>> {
        let close = match self.as_mut().project() {
            Project::Http1 { connection } => return connection.poll(cx).map_err(Into::into),
            Project::Http2 { connection } => return connection.poll(cx).map_err(Into::into),
            Project::Unknown { io, closing } => {
                let (io, _) = io.as_mut().expect("it is not chosen yet");
                let Poll::Ready(protocol) = io.poll_protocol(cx)? else {
                    if *closing && io.is_silent() {
                        return Pin::new(io).poll_shutdown(cx).map_err(Into::into);
                    }
                    return Poll::Pending;
                };
                let Some(protocol) = protocol else {
                    return Poll::Ready(Ok(()));
                };
                let close = *closing;
                self.serve(protocol, scope, options);
                close
            }
        };
        let polled = self.poll(cx, scope, options);
        if close && polled.is_pending() {
            self.close();
            return self.poll(cx, scope, options);
        }
        polled
    }

    /// Asks for a close in good order.
    pub(crate) fn close(self: &mut Pin<&mut Self>) {
        match self.as_mut().project() {
            Project::Http1 { connection } => connection.graceful_shutdown(),
            Project::Http2 { connection } => connection.graceful_shutdown(),
            Project::Unknown { closing, .. } => *closing = true,
        }
    }
}

/// Where [`Io`] sees the client's going, hyper need not read ahead for that.
fn http1(options: &ConnectionOptions, is_watched: bool) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // hyper's own header timeout stays off: it is an idle timer, and comes after the first byte.
    builder
        .max_buf_size(options.max_head())
        .half_close(is_watched);
    if options.max_headers != MAX_HEADERS {
        builder.max_headers(options.max_headers.min(MOST_HEADERS));
    }
    builder
}

fn http2(
    options: &ConnectionOptions,
    executor: ScopeExecutor,
    timer: PingTimer,
) -> http2::Builder<ScopeExecutor> {
    // A head that is too large is read all the same, up to twice the limit: h2 answers 431 and
    // nothing else, which a client of gRPC cannot tell from an unknown failure.
    let read = options.max_head().saturating_mul(2);
    let mut builder = http2::Builder::new(executor);
    builder
        .timer(timer)
        .max_header_list_size(u32::try_from(read).unwrap_or(u32::MAX))
        .max_concurrent_streams(options.http2.max_streams)
        .max_pending_accept_reset_streams(options.http2.max_early_resets)
        .max_local_error_reset_streams(options.http2.max_faulty_streams)
        .keep_alive_interval(options.http2.ping_interval.map(|every| every.min(AGES)))
        .keep_alive_timeout(options.http2.ping_timeout.min(AGES));
    builder
}

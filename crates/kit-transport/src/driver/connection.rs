//! The task of one connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::{Builder, UpgradeableConnection};
use pin_project_lite::pin_project;

use super::conn::Conn;
use super::connections::Connections;
use super::deadline::{AGES, Next, TooLong, after};
use super::executor::ScopeExecutor;
use super::io::Io;
use super::options::MAX_HEADERS;
use super::ping_timer::PingTimer;
use super::service::{Handler, RequestService};
use super::timer::LazyTimer;

/// With less hyper panics.
const SMALLEST_BUFFER: usize = 8192;
/// They have their place before any has come.
const MOST_HEADERS: usize = 16_384;

type Hyper<H> = UpgradeableConnection<'static, TokioIo<Io>, RequestService<H>, ScopeExecutor>;

pin_project! {
    /// Drives hyper, keeps the connection's time limits, and closes or kills it when told.
    pub(super) struct Connection<H: Handler> {
        #[pin]
        hyper: Hyper<H>,
        #[pin]
        timer: LazyTimer,
        conn: Arc<Conn>,
        connections: Arc<Connections>,
    }
}

impl<H: Handler> Connection<H> {
    pub(super) fn new(
        io: Io,
        conn: Arc<Conn>,
        handler: H,
        connections: Arc<Connections>,
    ) -> Connection<H> {
        let builder = builder(&connections);
        let service = RequestService::new(handler, Arc::clone(&conn), &connections);
        let hyper = builder
            .serve_connection_with_upgrades(TokioIo::new(io), service)
            .into_owned();
        let timer = LazyTimer::new(after(conn.is_ready(), connections.options.first_byte));
        Connection {
            hyper,
            timer,
            conn,
            connections,
        }
    }
}

fn builder(connections: &Connections) -> Builder<ScopeExecutor> {
    let options = &connections.options;
    let mut builder = Builder::new(ScopeExecutor(connections.ctx.scope().clone()));
    let max_head = options.max_head.max(SMALLEST_BUFFER);
    // hyper's own header timeout stays off: it is an idle timer, and comes after the first byte.
    builder.http1().max_buf_size(max_head);
    if options.max_headers != MAX_HEADERS {
        builder
            .http1()
            .max_headers(options.max_headers.min(MOST_HEADERS));
    }
    builder
        .http2()
        .timer(PingTimer)
        .max_header_list_size(u32::try_from(max_head).unwrap_or(u32::MAX))
        .max_concurrent_streams(options.http2.max_streams)
        .max_pending_accept_reset_streams(options.http2.max_early_resets)
        .max_local_error_reset_streams(options.http2.max_faulty_streams)
        .keep_alive_interval(options.http2.ping_interval.map(|every| every.min(AGES)))
        .keep_alive_timeout(options.http2.ping_timeout.min(AGES));
    builder
}

impl<H: Handler> Future for Connection<H> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            if let Poll::Ready(result) = this.hyper.as_mut().poll(cx) {
                if let Err(error) = result {
                    tracing::debug!(remote = %this.conn.remote(), error = &*error as &dyn std::error::Error, "connection failed");
                }
                this.conn.task_ended();
                return Poll::Ready(());
            }
            let mut fired = false;
            let next = loop {
                let settled = this.conn.settle(cx, &this.connections.options, fired);
                match settled.next {
                    Next::Wait(deadline) => {
                        match this.timer.as_mut().poll_until(cx, deadline, settled.now) {
                            Poll::Ready(()) => fired = true,
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                    next => break next,
                }
            };
            match next {
                Next::Close => this.hyper.as_mut().graceful_shutdown(),
                Next::Kill(why) => {
                    kill(this.conn, this.connections, why);
                    return Poll::Ready(());
                }
                Next::End | Next::Wait(_) => return Poll::Ready(()),
            }
        }
    }
}

fn kill(conn: &Conn, connections: &Connections, why: TooLong) {
    tracing::debug!(remote = %conn.remote(), ?why, "connection took too long");
    if conn.is_told() && why != TooLong::Lingering {
        connections.count(conn.cut());
    } else {
        conn.kill();
    }
}

//! The TLS handshake of a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::shared::Connection;
use crate::time::after;
use crate::wire::plain::Plain;
use crate::wire::socket::Socket;
use crate::wire::tls::{Accept, ClientIdentity, ServerTls, identify};

pin_project! {
    /// Gives the encrypted stream, and what the client's certificate says; `None` when the
    /// handshake has failed or taken too long, or its connection was killed.
    pub(crate) struct Handshake {
        #[pin]
        accept: Accept,
        deadline: Instant,
        #[pin]
        sleep: Sleep,
        connection: Arc<Connection>,
    }
}

impl Handshake {
    pub(crate) fn new(tls: &ServerTls, socket: Plain, connection: Arc<Connection>) -> Handshake {
        let deadline = after(connection.about().opened(), tls.handshake_timeout());
        Handshake {
            accept: tls.accept(socket),
            deadline,
            sleep: sleep_until(deadline),
            connection,
        }
    }
}

impl Future for Handshake {
    type Output = Option<(Socket, ClientIdentity)>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let ended = match this.accept.poll(cx) {
            Poll::Ready(ended) => ended,
            Poll::Pending => {
                this.connection.exchanges().leave_task_waker(cx);
                if this.connection.orders().is_killed() {
                    return Poll::Ready(None);
                }
                let notice = this.connection.notice();
                let deadline = notice.map_or(*this.deadline, |notice| {
                    notice.first_request_by().min(*this.deadline)
                });
                if this.sleep.deadline() != deadline {
                    this.sleep.as_mut().reset(deadline);
                }
                ready!(this.sleep.poll(cx));
                Err(io::ErrorKind::TimedOut.into())
            }
        };
        let stream = ended.inspect_err(|error| {
            this.connection.mark_refused();
            let remote = this.connection.about().remote();
            tracing::debug!(%remote, %error, "TLS handshake failed");
        });
        Poll::Ready(stream.ok().map(|stream| {
            let identity = identify(&stream);
            (Socket::Tls(Box::new(stream)), identity)
        }))
    }
}

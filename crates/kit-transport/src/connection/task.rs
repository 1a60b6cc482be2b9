//! The task of one connection.

use std::error::Error;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::connection::clock::{Clock, Next, Sight, TooLong};
use crate::connection::protocol::Hyper;
use crate::connection::serving::Serving;
use crate::connection::shared::Connection;
use crate::connection::timer::LazyTimer;
use crate::exchange::service::{Handler, RequestService};
use crate::time::{PollTime, after};
use crate::wire::io::Io;
use crate::wire::peer::Peer;

pin_project! {
    /// Drives hyper, keeps the connection's time limits, and closes or kills the connection when
    /// its clock says so.
    pub(crate) struct ConnectionTask<H: Handler> {
        #[pin]
        hyper: Hyper<H>,
        #[pin]
        timer: LazyTimer,
        // The timer has fired, and hyper is polled once more before the clock learns it.
        looking: bool,
        clock: Clock,
        connection: Arc<Connection>,
        serving: Arc<Serving>,
    }
}

impl<H: Handler> ConnectionTask<H> {
    /// The task of a connection that is ready for the requests of `peer`.
    pub(crate) fn new(
        io: Io,
        peer: Peer,
        connection: Arc<Connection>,
        handler: H,
        serving: Arc<Serving>,
    ) -> ConnectionTask<H> {
        let ready = connection.about().mark_ready(peer);
        let exchanges = connection.exchanges();
        let (options, extensions) = (&serving.options, serving.extensions.clone());
        let service = RequestService::new(
            handler,
            Arc::clone(exchanges),
            extensions,
            (options.request_timeout, options.max_head()),
        );
        ConnectionTask {
            hyper: Hyper::new(io, service),
            timer: LazyTimer::new(after(ready, options.first_byte)),
            looking: false,
            clock: Clock::new(ready, exchanges.last_response.place()),
            connection,
            serving,
        }
    }
}

impl<H: Handler> Future for ConnectionTask<H> {
    type Output = ();

    /// Polls hyper, and asks the clock what comes next, until there is something to wait for. When
    /// the timer has fired, the clock is asked again without another poll of hyper: it decides by what
    /// hyper has just read. But a process that was stopped or frozen goes on with its timers, before it
    /// asks the system which sockets have bytes. So the first time that the timer is seen to have
    /// fired, the task comes back after the runtime has asked, and polls hyper first.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let (serving, connection) = (&**this.serving, &**this.connection);
        loop {
            let scope = serving.ctx.scope();
            connection.exchanges().begin_poll();
            if let Poll::Ready(result) = this.hyper.poll(cx, scope, &serving.options) {
                if let Err(error) = result {
                    let remote = connection.about().remote();
                    tracing::debug!(%remote, error = &*error as &dyn Error, "connection failed");
                }
                connection.exchanges().end_task();
                return Poll::Ready(());
            }
            let mut fired = None;
            let next = loop {
                let Some((next, now)) = look(connection, this.clock, serving, cx, fired) else {
                    return Poll::Ready(());
                };
                let Next::Wait(deadline) = next else {
                    break next;
                };
                match this.timer.as_mut().poll_until(cx, deadline, now) {
                    Poll::Ready(()) if !std::mem::replace(this.looking, true) => {
                        // Dropped at once: its first poll has asked for the next one of this task.
                        let _pending = pin!(yield_now()).poll(cx);
                        return Poll::Pending;
                    }
                    Poll::Ready(()) => {
                        *this.looking = false;
                        fired = Some(Instant::now());
                    }
                    Poll::Pending => {
                        *this.looking = false;
                        return Poll::Pending;
                    }
                }
            };
            *this.looking = false;
            match next {
                Next::Close => {
                    connection.orders().mark_closing();
                    this.hyper.close();
                }
                Next::Kill(why) => {
                    kill(connection, serving, why);
                    return Poll::Ready(());
                }
                Next::Wait(_) => {}
            }
        }
    }
}

/// What comes next, and the time, if the clock was read. `None` when the connection was killed.
fn look(
    connection: &Connection,
    clock: &mut Clock,
    serving: &Serving,
    cx: &Context<'_>,
    fired: Option<Instant>,
) -> Option<(Next, Option<Instant>)> {
    let limits = &serving.options;
    let exchanges = connection.exchanges();
    let is_unread = fired.is_some_and(|now| exchanges.time_out(now, limits.unread));
    let look = exchanges.look(cx)?;
    if is_unread {
        return Some((Next::Kill(TooLong::Unread), None));
    }
    let mut time = PollTime::new(fired.or(look.began));
    let sight = Sight {
        wire: &connection.meter().reading(),
        load: &look.load,
        notice: connection.notice(),
        limits,
        fired: fired.is_some(),
    };
    let next = clock.next(&sight, &mut time);
    if fired.is_some() && clock.is_old() {
        exchanges.last_response.mark_old();
    }
    Some((next, time.known()))
}

fn kill(connection: &Connection, serving: &Serving, why: TooLong) {
    let remote = connection.about().remote();
    tracing::debug!(%remote, ?why, "connection took too long");
    if connection.notice().is_some() && why != TooLong::Lingering {
        serving.count(connection.cut());
    } else {
        connection.kill();
    }
}

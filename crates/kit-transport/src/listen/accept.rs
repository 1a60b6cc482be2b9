//! Accepting, and handing the address over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::connection::options::ConnectionOptions;
use crate::connection::security::Secured;
use crate::connection::task::ConnectionTask;
use crate::descriptors::Descriptor;
use crate::drain::connections::Connections;
use crate::drain::{Begun, drain};
use crate::exchange::service::Handler;
use crate::listen::listener::Listener;
use crate::listen::queue::{Accepted, concerns_one_connection};
use crate::listen::trouble::Trouble;
use crate::wire::io::Io;
use crate::wire::peer::Peer;
use crate::wire::plain::Plain;
use crate::{Context, HandOver, Lifecycle, Stage};

/// How long accepting pauses when the process has no file descriptor or memory left.
const BACK_OFF: Duration = Duration::from_millis(100);
/// After this number of single connections that failed in a row, accepting pauses: the listener may
/// be at fault.
const MANY: u32 = 100;
/// How long connections wait for a place before they are closed instead.
const SHED_AFTER: Duration = Duration::from_secs(1);
/// How long a stopping server accepts connections that were on their way before its successor got
/// them all.
const LINGER: Duration = Duration::from_millis(200);

/// Accepts and serves until the scope is cancelled, then hands the address over and drains: the task
/// ends with the last connection.
pub(crate) fn serve<H: Handler>(
    ctx: &Context,
    listener: Listener,
    handler: H,
    options: ConnectionOptions,
    secured: Secured,
) {
    let connections = Connections::new(ctx.clone(), options, listener.address().clone());
    let connections = Arc::new(connections);
    connections.describe_traffic();
    let acceptor = Acceptor {
        connections,
        handler,
        secured,
    };
    ctx.scope().spawn("accept", async move {
        acceptor.accept(&listener).await;
        // An application that stops at once has skipped the lame duck.
        acceptor.connections.become_lame_duck(Duration::ZERO);
        let begun = Begun::now(&acceptor.connections);
        let hand_over = listener.hand_over();
        acceptor.hand_over(listener).await;
        drain(&acceptor.connections, hand_over, begun).await;
    });
}

struct Acceptor<H> {
    connections: Arc<Connections>,
    handler: H,
    secured: Secured,
}

impl<H: Handler> Acceptor<H> {
    /// Accepts until the scope is cancelled, and passes the lame duck on to the connections.
    async fn accept(&self, listener: &Listener) {
        let token = self.connections.serving.ctx.scope().token();
        let mut life = self.connections.serving.ctx.lifecycle();
        let lame_duck = async {
            loop {
                self.follow(&mut life);
                if life.changed().await.is_err() {
                    return std::future::pending().await;
                }
            }
        };
        tokio::select! {
            biased;
            () = token.cancelled() => {}
            () = lame_duck => {}
            () = self.accept_all(listener) => {}
        }
    }

    fn follow(&self, life: &mut watch::Receiver<Lifecycle>) {
        let life = life.borrow_and_update();
        if life.stage >= Stage::LameDuck {
            self.connections.become_lame_duck(life.drain_delay);
        }
    }

    /// The loop: waits for a place, accepts, serves. Without a place for a second it sheds: it accepts
    /// and closes, so that clients look elsewhere, until there is a place again. An error of one
    /// connection goes on at once; an error of the process or the listener pauses for 100 ms.
    async fn accept_all(&self, listener: &Listener) {
        let share = &self.connections.share;
        let mut trouble = Trouble::of(&self.connections);
        let mut shedding = false;
        let mut broken = 0;
        loop {
            if !shedding && share.is_full() {
                shedding = timeout(SHED_AFTER, share.room()).await.is_err();
            }
            let accepted = tokio::select! {
                biased;
                accepted = listener.accept() => accepted,
                () = trouble.until_over() => continue,
            };
            match accepted {
                Ok(accepted) => {
                    broken = 0;
                    let mut descriptor = share.take();
                    if descriptor.is_none() && !shedding {
                        // Another server has taken the last one meanwhile.
                        let taken = timeout(SHED_AFTER, share.take_next()).await;
                        descriptor = taken.ok();
                    }
                    shedding = descriptor.is_none();
                    match descriptor {
                        Some(descriptor) => self.accepted(accepted, descriptor),
                        None => trouble.record_shed(),
                    }
                }
                Err(error) if concerns_one_connection(&error) => {
                    trouble.log_broken(&error);
                    broken += 1;
                    if broken % MANY == 0 {
                        tokio::time::sleep(BACK_OFF).await;
                    }
                }
                Err(error) => {
                    trouble.record_refused(&error);
                    tokio::time::sleep(BACK_OFF).await;
                }
            }
        }
    }

    /// Leaves new connections to the process that takes over, if there is one, and closes the
    /// listener.
    async fn hand_over(&self, listener: Listener) {
        match listener.hand_over() {
            // The other process that has the listener serves its queue.
            HandOver::SharedListener => return,
            HandOver::None => {}
            HandOver::ReusePort => {
                listener.steer(&self.connections.serving.ctx);
                let linger = self.connections.at_most_a_fifth(LINGER);
                tokio::select! {
                    () = self.connections.until(Instant::now() + linger) => {}
                    () = self.accept_all(&listener) => {}
                }
            }
        }
        listener.sweep(|accepted| {
            // Without room the socket is dropped, and so closed.
            if let Some(descriptor) = self.connections.share.take() {
                self.accepted(accepted, descriptor);
            }
        });
    }

    fn accepted(&self, accepted: Accepted, descriptor: Descriptor) {
        match accepted {
            Ok((socket, peer)) => self.connect(socket, peer, descriptor),
            Err(error) => {
                let (server, listening) = self.connections.place();
                tracing::debug!(server, %listening, %error, "a connection failed as it was accepted");
            }
        }
    }

    fn connect(&self, socket: Plain, peer: Peer, descriptor: Descriptor) {
        let scope = self.connections.serving.ctx.scope();
        let (connection, place) = self.connections.open(&peer, descriptor);
        let killed = Arc::clone(&connection);
        // A scope that refuses has ended: the connection is dropped.
        let Ok(member) = scope.hold(move || killed.kill()) else {
            return;
        };
        let (served, serving) = (
            Arc::clone(&connection),
            Arc::clone(&self.connections.serving),
        );
        let handler = self.handler.clone();
        self.secured
            .serve(scope, socket, peer, &connection, move |socket, peer| {
                let (meter, orders) = (Arc::clone(served.meter()), Arc::clone(served.orders()));
                // In this order: the drain sees the connection gone before the scope does.
                let io = Io::new(socket, meter, orders, (place, member));
                ConnectionTask::new(io, peer, served, handler, serving)
            });
    }
}

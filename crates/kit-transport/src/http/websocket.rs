//! WebSockets whose handlers are tasks of the server, and that say goodbye.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Error;
use axum::extract::FromRequestParts;
use axum::extract::ws::{self, CloseFrame, Message, close_code};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use kit_sync::StopToken;

use crate::layers::upgraded::{HandlerEnd, Upgraded};
use crate::{CallContext, Draining};

/// Accepts a WebSocket: the extractor.
///
/// Its handler is a task of the server's scope. At the drain its [`WebSocket`] ends, and it has
/// the [grace of a stream](crate::ConnectionOptions::stream_grace) to end as well. Then the socket
/// fails, and a handler that does not look at it is dropped. One that has seen the socket's end may
/// work on until the deadline. A panic in it is a line in the log.
///
/// [axum's own](ws::WebSocketUpgrade) works as well, with [`Draining::websocket`]; but the task in
/// which axum runs the handler belongs to no scope, and the drain only waits until the socket is
/// closed.
///
/// ```
/// use axum::response::Response;
/// use kit_transport::http::WebSocketUpgrade;
///
/// async fn echo(upgrade: WebSocketUpgrade) -> Response {
///     upgrade.on_upgrade(async move |mut socket| {
///         while let Some(Ok(message)) = socket.recv().await {
///             if socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
/// ```
#[derive(Debug)]
#[must_use = "the client waits for a response"]
pub struct WebSocketUpgrade {
    upgrade: ws::WebSocketUpgrade,
    call: CallContext,
    path: String,
}

impl WebSocketUpgrade {
    /// Changes what axum's extractor offers: protocols, and the sizes of messages, frames and
    /// buffers.
    pub fn with(
        self,
        change: impl FnOnce(ws::WebSocketUpgrade) -> ws::WebSocketUpgrade,
    ) -> WebSocketUpgrade {
        let upgrade = change(self.upgrade);
        WebSocketUpgrade { upgrade, ..self }
    }

    /// The response that accepts it. `handler` runs once the connection is upgraded.
    pub fn on_upgrade<H, F>(self, handler: H) -> Response
    where
        H: FnOnce(WebSocket) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let WebSocketUpgrade {
            upgrade,
            call,
            path,
        } = self;
        let upgraded = Upgraded::of(&call);
        let draining = call.draining();
        upgrade.on_upgrade(async move |socket| {
            let socket = draining.websocket(socket);
            let is_broken = Arc::clone(&socket.is_broken);
            let scope = draining.scope().clone();
            let handled = async move {
                let handling = async move { handler(socket).await };
                let end = handle(path, &draining, handling).await;
                let is_killed = draining.exchange.exchanges().orders.is_killed();
                match end {
                    HandlerEnd::Returned if is_killed => HandlerEnd::Cut,
                    HandlerEnd::Returned if is_broken.load(Ordering::Relaxed) => {
                        HandlerEnd::ClientGone
                    }
                    end => end,
                }
            };
            // A scope that refuses has ended, and so has the connection.
            match upgraded {
                Some(upgraded) => drop(scope.track(upgraded.run(handled))),
                None => drop(scope.track(async move {
                    handled.await;
                })),
            }
        })
    }
}

/// Runs a handler to its end. It is dropped when its connection was killed and it waits for
/// something else than the socket, which would have shown that.
async fn handle(
    path: String,
    draining: &Draining,
    handling: impl Future<Output = ()>,
) -> HandlerEnd {
    let mut handling = pin!(handling);
    let mut poll_handler = |cx: &mut Context<'_>| {
        let polled = catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(cx)));
        match polled {
            Ok(polled) => polled.map(|()| HandlerEnd::Returned),
            Err(panic) => {
                let panic = kit_sync::panic::message(&*panic);
                tracing::error!(path, panic, "the handler of a WebSocket panicked");
                Poll::Ready(HandlerEnd::Panicked)
            }
        }
    };
    let handled = poll_fn(|cx| {
        draining.exchange.exchanges().leave_task_waker(cx);
        match poll_handler(cx) {
            Poll::Ready(end) => Poll::Ready(Some(end)),
            Poll::Pending if draining.exchange.exchanges().orders.is_kill_unnoticed() => {
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    });
    if let Some(end) = handled.await {
        return end;
    }
    tracing::warn!(
        path,
        "the handler of a WebSocket did not look at its socket, and was dropped"
    );
    HandlerEnd::Cut
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let call = CallContext::from_request_parts(parts, state).await;
        let call = call.map_err(IntoResponse::into_response)?;
        let upgrade = ws::WebSocketUpgrade::from_request_parts(parts, state).await;
        Ok(WebSocketUpgrade {
            upgrade: upgrade.map_err(IntoResponse::into_response)?,
            call,
            path: parts.uri.path().to_owned(),
        })
    }
}

/// A WebSocket that is closed with 1001 (*going away*, RFC 6455, section 7.4.1) when the drain
/// begins: see [`Draining::websocket`].
pub struct WebSocket {
    socket: ws::WebSocket,
    drain: StopToken,
    /// A close was sent or received.
    closing: bool,
    /// The client's close, until the handler gets it.
    closed: Option<Message>,
    /// The client has gone without a close. Written and read by the handler's task.
    is_broken: Arc<AtomicBool>,
}

impl Draining {
    /// axum's WebSocket, but when the drain begins it is closed with 1001, and
    /// [`recv`](WebSocket::recv) comes to an end. The client has the
    /// [grace of a stream](crate::ConnectionOptions::stream_grace) to answer that.
    ///
    /// ```
    /// use axum::extract::ws::WebSocketUpgrade;
    /// use axum::response::Response;
    /// use kit_transport::Draining;
    ///
    /// async fn echo(upgrade: WebSocketUpgrade, draining: Draining) -> Response {
    ///     upgrade.on_upgrade(async move |socket| {
    ///         let mut socket = draining.websocket(socket);
    ///         while let Some(Ok(message)) = socket.recv().await {
    ///             if socket.send(message).await.is_err() {
    ///                 break;
    ///             }
    ///         }
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn websocket(&self, socket: ws::WebSocket) -> WebSocket {
        self.mark_stream();
        WebSocket {
            socket,
            drain: self.scope().token().clone(),
            closing: false,
            closed: None,
            is_broken: Arc::default(),
        }
    }
}

impl WebSocket {
    /// The next message; `None` when the socket is closed. A client's close comes last, when it has
    /// been answered; the client's answer to the close at the drain is not given.
    ///
    /// # Errors
    /// When the connection breaks, or the client breaks the protocol.
    ///
    /// # Cancel safety
    /// Dropping it loses no message.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        if !self.closing {
            tokio::select! {
                biased;
                () = self.drain.cancelled() => {
                    self.closing = true;
                    if let Err(error) = self.socket.send(goodbye()).await {
                        return Some(Err(error));
                    }
                }
                message = self.socket.recv() => match message {
                    Some(Ok(close @ Message::Close(_))) => {
                        self.closing = true;
                        self.closed = Some(close);
                    }
                    other => {
                        if !matches!(other, Some(Ok(_))) {
                            self.is_broken.store(true, Ordering::Relaxed);
                        }
                        return other;
                    }
                }
            }
        }
        // Reading on answers the client's close. Messages that the client sent before it saw the
        // close of the drain are no longer served.
        while let Some(Ok(message)) = self.socket.recv().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
        self.closed.take().map(Ok)
    }

    /// Sends a message. Waits while the client reads none. When the drain has begun it closes the
    /// socket with 1001 instead.
    ///
    /// # Errors
    /// When the connection breaks, or was closed.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        if !self.closing && self.drain.is_cancelled() {
            self.closing = true;
            self.socket.send(goodbye()).await?;
        }
        if self.closing && !matches!(message, Message::Close(_)) {
            return Err(Error::new("the server is draining"));
        }
        self.socket.send(message).await
    }

    /// The protocol that was agreed on, if any.
    #[must_use]
    pub fn protocol(&self) -> Option<&http::HeaderValue> {
        self.socket.protocol()
    }
}

fn goodbye() -> Message {
    Message::Close(Some(CloseFrame {
        code: close_code::AWAY,
        reason: "the server is draining".into(),
    }))
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}

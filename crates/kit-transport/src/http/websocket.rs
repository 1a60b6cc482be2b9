//! WebSockets that say goodbye.

use std::fmt;
use std::pin::Pin;

use axum::Error;
use axum::extract::ws::{self, CloseFrame, Message, close_code};

use crate::Draining;

/// A WebSocket that is closed with 1001 (*going away*, RFC 6455, section 7.4.1) when the drain
/// begins: see [`Draining::websocket`].
pub struct WebSocket {
    socket: ws::WebSocket,
    told: Pin<Box<dyn Future<Output = ()> + Send>>,
    closing: bool,
    /// The client's close, until the handler gets it.
    closed: Option<Message>,
}

impl Draining {
    /// The same WebSocket, but when the drain begins it is closed with 1001, and
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
        WebSocket {
            socket,
            told: Box::pin(self.draining()),
            closing: false,
            closed: None,
        }
    }
}

impl WebSocket {
    /// The next message; `None` when the socket is closed. A client's close comes last, when it has
    /// been answered; the answer to the close that tells of the drain does not come.
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
                () = &mut self.told => {
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
                    other => return other,
                }
            }
        }
        // Reading on answers the client's close. What a client that was told sent before it knew
        // is no longer served.
        while let Some(Ok(message)) = self.socket.recv().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
        self.closed.take().map(Ok)
    }

    /// Sends a message. Waits while the client reads none.
    ///
    /// # Errors
    /// When the connection breaks, or was closed.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
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

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
        }
    }
}

impl WebSocket {
    /// The next message; `None` when the client has closed the socket, or has answered the close
    /// that told it of the drain.
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
                () = &mut self.told => {}
                message = self.socket.recv() => return message,
            }
            self.closing = true;
            let goodbye = CloseFrame {
                code: close_code::AWAY,
                reason: "the server is draining".into(),
            };
            if let Err(error) = self.socket.send(Message::Close(Some(goodbye))).await {
                return Some(Err(error));
            }
        }
        // What the client sent before it knew is read to the end, and no longer served.
        while let Some(Ok(message)) = self.socket.recv().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
        None
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

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}

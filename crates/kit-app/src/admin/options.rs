//! The options of the admin server.

#[cfg(feature = "schema")]
mod schema;
mod written;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use kit_transport::{ConnectionOptions, Listen, Server as _, simple};
use kit_units::WrongOption;

use crate::Error;

/// The name of the admin server in errors and in the log.
pub(super) const NAME: &str = "admin";

/// The largest body: a line or a few of text.
const MAX_BODY: usize = 16 * 1024;

/// Where the admin server listens, and what it asks for before it changes anything.
///
/// ```
/// use kit_app::{Admin, App};
///
/// let local = App::builder("orders").admin("localhost:9090");
/// let reached_by_others = App::builder("orders").admin(Admin::new(":9090").token("…"));
/// # assert!(format!("{:?}", Admin::new(":9090").token("s3cret")).find("s3cret").is_none());
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until they are given to an app"]
pub struct Admin {
    listen: Listen,
    pub(super) token: Option<String>,
}

impl Admin {
    /// At an address, such as `localhost:9090`, `:9090` or `unix:/run/orders/admin.sock`.
    pub fn new(listen: impl Into<Listen>) -> Admin {
        Admin {
            listen: listen.into(),
            token: None,
        }
    }

    /// Replaces the token that a request has to show which drains, undrains or stops the app:
    /// `Authorization: Bearer TOKEN`. Default: none; such requests are taken from a Unix socket then,
    /// and in development from this machine.
    pub fn token(self, token: impl Into<String>) -> Admin {
        Admin {
            token: Some(token.into()),
            ..self
        }
    }

    /// Everything that is wrong: a token that no header can carry, and a place at which no server can listen. An
    /// app with any of it does not start.
    ///
    /// ```
    /// use kit_app::Admin;
    ///
    /// let wrong = Admin::new("localhost:9090").token("to ken").check();
    /// assert_eq!(wrong[0].key(), "token");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let listen = self.listen.check().into_iter();
        let listen = listen.map(|wrong| wrong.inside("listen"));
        self.refuse_token().into_iter().chain(listen).collect()
    }

    /// [`check`](Self::check), by the names that the author of an app knows.
    pub(crate) fn errors(&self) -> Vec<Error> {
        let server = self.server(|_, _| Response::default());
        let server = server.check().err().map(|source| Error::Component {
            component: NAME.to_owned(),
            source,
        });
        let token = Error::of_options("Admin", self.refuse_token());
        token.chain(server).collect()
    }

    fn refuse_token(&self) -> Option<WrongOption> {
        let token = self.token.as_ref()?;
        let is_sendable = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        // Not the value: it is a secret.
        let value = if token.is_empty() {
            "empty"
        } else {
            "a text that no header can carry"
        };
        let expected = "one or more visible ASCII characters without spaces";
        WrongOption::refuse_if(!is_sendable, "token", value, expected)
    }

    /// The server, with limits that leave no client a hold on it: its answers are short and come at
    /// once.
    pub(super) fn server(
        &self,
        answer: impl Fn(&Parts, &Bytes) -> Response<Bytes> + Send + Sync + 'static,
    ) -> simple::Server {
        let limits = ConnectionOptions {
            first_byte: Duration::from_secs(2),
            head: Duration::from_secs(2),
            idle: Duration::from_secs(30),
            unread: Duration::from_secs(5),
            request_timeout: Some(Duration::from_secs(5)),
            max_head: 16 * 1024,
            max_connections: 256,
            ..ConnectionOptions::default()
        };
        simple::Server::with_bodies(self.listen.clone(), MAX_BODY, answer)
            .name(NAME)
            .connections(limits)
    }
}

impl<T: Into<Listen>> From<T> for Admin {
    fn from(listen: T) -> Admin {
        Admin::new(listen)
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin")
            .field("listen", &self.listen)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .finish()
    }
}

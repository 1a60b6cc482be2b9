//! The facts about a connection that no byte and no request changes.

use std::num::NonZeroU64;
use std::sync::{Arc, OnceLock};

use kit_sync::Scope;
use tokio::time::Instant;

use crate::wire::peer::Peer;
use crate::{Address, Values};

/// One connection's number, ends and times.
#[derive(Debug)]
pub(crate) struct About {
    /// The server's.
    scope: Scope,
    /// The application's, for its components.
    app_values: Arc<Values>,
    /// The connection's number among the server's, from 1.
    number: NonZeroU64,
    remote: Address,
    opened: Instant,
    /// Known when requests can come: at once, or after the TLS handshake.
    ready: OnceLock<Ready>,
}

#[derive(Debug)]
struct Ready {
    at: Instant,
    peer: Peer,
}

impl About {
    pub(crate) fn new(
        scope: Scope,
        app_values: Arc<Values>,
        number: NonZeroU64,
        remote: Address,
    ) -> About {
        About {
            scope,
            app_values,
            number,
            remote,
            opened: Instant::now(),
            ready: OnceLock::new(),
        }
    }

    /// Requests can come, from this peer; gives the time. Only the first call counts.
    pub(crate) fn mark_ready(&self, peer: Peer) -> Instant {
        let ready = self.ready.get_or_init(|| Ready {
            at: Instant::now(),
            peer,
        });
        ready.at
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.get().is_some()
    }

    /// `None` before requests can come.
    pub(crate) fn peer(&self) -> Option<&Peer> {
        self.ready.get().map(|ready| &ready.peer)
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The values that the application gave its components.
    pub(crate) fn app_values(&self) -> &Values {
        &self.app_values
    }

    pub(crate) fn number(&self) -> NonZeroU64 {
        self.number
    }

    pub(crate) fn remote(&self) -> &Address {
        &self.remote
    }

    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// How long ago it was opened, in seconds.
    pub(crate) fn age(&self, now: Instant) -> f32 {
        now.saturating_duration_since(self.opened).as_secs_f32()
    }
}

//! A connection that was upgraded, and what ends with it.

use std::any::Any;
use std::sync::Mutex;

/// The tunnel that a request has made of its connection, if its handler follows that to its end, as the
/// one of a WebSocket of Kit's does.
#[derive(Debug, Default)]
pub(crate) struct Tunnel(Mutex<TunnelState>);

#[derive(Debug, Default)]
struct TunnelState {
    is_followed: bool,
    has_ended: bool,
    /// What layers have begun with the request.
    held: Vec<Box<dyn Any + Send>>,
}

impl Tunnel {
    /// From here on the handler says when it ends.
    pub(crate) fn mark_followed(&self) {
        kit_sync::lock(&self.0).is_followed = true;
    }

    /// Whether the handler says when it ends.
    pub(crate) fn is_followed(&self) -> bool {
        kit_sync::lock(&self.0).is_followed
    }

    /// Drops `value` when the tunnel ends, or now if it has.
    pub(super) fn hold(&self, value: impl Any + Send) {
        let mut state = kit_sync::lock(&self.0);
        if state.has_ended {
            drop(state);
            drop(value);
        } else {
            state.held.push(Box::new(value));
        }
    }

    /// The tunnel has ended.
    pub(crate) fn end(&self) {
        let mut state = kit_sync::lock(&self.0);
        state.has_ended = true;
        let held = std::mem::take(&mut state.held);
        drop(state);
        drop(held);
    }
}

//! A connection that was upgraded, and what ends with it.

use std::any::Any;
use std::sync::Mutex;

use ::http::StatusCode;

use super::outcome::ExchangeEnd;

/// The tunnel that a request has made of its connection, if its handler follows that to its end, as the
/// one of a WebSocket of Kit's does.
#[derive(Debug, Default)]
pub(crate) struct Tunnel(Mutex<TunnelState>);

#[derive(Debug, Default)]
struct TunnelState {
    is_followed: bool,
    end: Option<ExchangeEnd>,
    /// What layers have begun with the request.
    held: Vec<Box<dyn Any + Send>>,
}

impl Tunnel {
    /// From here on the handler says when it ends.
    pub(crate) fn mark_followed(&self) {
        kit_sync::lock(&self.0).is_followed = true;
    }

    /// Whether a response with this status begins it, and the handler says when it ends.
    pub(super) fn begins_with(&self, status: StatusCode) -> bool {
        let is_upgrade = status == StatusCode::SWITCHING_PROTOCOLS || status.is_success();
        is_upgrade && kit_sync::lock(&self.0).is_followed
    }

    /// How it has ended; as if its client had gone, if its handler never began.
    pub(super) fn how_it_ended(&self) -> ExchangeEnd {
        kit_sync::lock(&self.0).end.unwrap_or(ExchangeEnd::Gone)
    }

    /// Drops `value` when the tunnel ends, or now if it has.
    pub(super) fn hold(&self, value: impl Any + Send) {
        let mut state = kit_sync::lock(&self.0);
        if state.end.is_some() {
            drop(state);
            drop(value);
        } else {
            state.held.push(Box::new(value));
        }
    }

    /// The tunnel has ended.
    pub(super) fn end(&self, end: ExchangeEnd) {
        let mut state = kit_sync::lock(&self.0);
        state.end = Some(end);
        let held = std::mem::take(&mut state.held);
        drop(state);
        drop(held);
    }
}

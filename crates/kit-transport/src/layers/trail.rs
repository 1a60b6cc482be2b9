//! What layers that observe a request share about it.

use std::sync::OnceLock;

use super::observe::received::Received;
use super::request_id::named::NamedId;
use super::span_slot::SpanSlot;
use super::trace::slot::TraceSlot;
use super::tunnel::Tunnel;

/// By what a request is found again in logs and traces, and what layers follow to its end.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(super) request_id: OnceLock<NamedId>,
    pub(super) trace: TraceSlot,
    pub(super) span: SpanSlot,
    pub(super) received: Received,
    pub(super) tunnel: Tunnel,
}

//! What a collector has answered.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

/// It has taken a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Spans or points of it that it has refused, and why.
    pub(crate) rejected: u64,
    pub(crate) message: String,
}

impl Taken {
    /// From the message of its answer, whose fields are the same for spans and for metrics. One that cannot
    /// be read says nothing of a refusal.
    pub(super) fn read(message: &[u8]) -> Taken {
        let response = ExportTraceServiceResponse::decode(message).unwrap_or_default();
        let partial = response.partial_success.unwrap_or_default();
        Taken {
            rejected: partial.rejected_spans.try_into().unwrap_or(0),
            message: partial.error_message,
        }
    }
}

/// A batch was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The same batch would fail again.
    pub(crate) is_final: bool,
    pub(crate) reason: String,
    /// The time that the collector asks for.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    /// One that may pass.
    pub(crate) fn passing(reason: impl Into<String>) -> Failure {
        Failure {
            is_final: false,
            reason: reason.into(),
            retry_after: None,
        }
    }

    /// One that stays.
    pub(super) fn lasting(reason: impl Into<String>) -> Failure {
        Failure {
            is_final: true,
            ..Failure::passing(reason)
        }
    }
}

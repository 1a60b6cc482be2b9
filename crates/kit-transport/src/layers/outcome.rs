//! The end of an exchange, as it stands in logs, spans and metrics.

use std::time::Duration;

use ::http::StatusCode;

use super::operations::Protocol;

/// How the body of a response ended, or the wait for its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ExchangeEnd {
    /// It was whole.
    Whole,
    /// It failed: the client sees a broken response.
    Failed,
    /// Its handler panicked while the body was made, or another layer did.
    Panicked,
    /// The driver cut it at a drain.
    Cut,
    /// A limit for the response passed.
    Late,
    /// The client went away.
    Gone,
}

impl ExchangeEnd {
    /// Its name in logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ExchangeEnd::Whole => "whole",
            ExchangeEnd::Failed => "failed",
            ExchangeEnd::Panicked => "panicked",
            ExchangeEnd::Cut => "cut",
            ExchangeEnd::Late => "late",
            ExchangeEnd::Gone => "gone",
        }
    }
}

/// What an outcome means to an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A success, or the client's affair.
    Fine,
    /// The server has more to do than it can, or is about to stop.
    Strained,
    /// The server's fault.
    Broken,
}

/// How an exchange went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) protocol: Protocol,
    /// `None` if there was no answer.
    pub(super) status: Option<StatusCode>,
    /// The status of a call that arrived, or that its client will make of the end.
    pub(super) grpc: Option<u8>,
    pub(super) end: ExchangeEnd,
    pub(super) took: Duration,
    pub(super) sent: Amount,
    pub(super) received: Amount,
}

/// How much there was of a body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    pub(super) bytes: u64,
    /// The messages of a call.
    pub(super) messages: u64,
}

/// The names of gRPC's status codes.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Outcome {
    /// The name of the call's status code.
    pub(super) fn grpc_name(&self) -> Option<&'static str> {
        let code = self.grpc?;
        Some(CODES.get(usize::from(code)).copied().unwrap_or(CODES[2]))
    }

    /// What it means to an operator.
    ///
    /// Calls of methods that do not exist are the client's affair, as 404 is.
    pub(super) fn class(&self) -> Class {
        match self.end {
            ExchangeEnd::Failed | ExchangeEnd::Panicked => return Class::Broken,
            ExchangeEnd::Cut | ExchangeEnd::Late => return Class::Strained,
            ExchangeEnd::Gone => return Class::Fine,
            ExchangeEnd::Whole => {}
        }
        match (self.grpc, self.status.map(|status| status.as_u16())) {
            (Some(4 | 8 | 14), _) | (None, Some(429 | 503 | 504)) => Class::Strained,
            (Some(2 | 13 | 15), _) | (None, Some(500..)) => Class::Broken,
            _ => Class::Fine,
        }
    }

    /// Whether everything was as the client wanted it.
    pub(super) fn is_success(&self) -> bool {
        self.end == ExchangeEnd::Whole
            && match self.grpc {
                Some(code) => code == 0,
                None => self.status.is_some_and(|status| status.as_u16() < 400),
            }
    }

    /// Whether OpenTelemetry calls it an error of the server.
    pub(super) fn is_error(&self) -> bool {
        match (self.end, self.grpc, self.status) {
            (ExchangeEnd::Gone, ..) => false,
            (
                ExchangeEnd::Failed | ExchangeEnd::Panicked | ExchangeEnd::Cut | ExchangeEnd::Late,
                ..,
            ) => true,
            (ExchangeEnd::Whole, Some(code), _) => matches!(code, 2 | 4 | 12 | 13 | 14 | 15),
            (ExchangeEnd::Whole, None, status) => {
                status.is_some_and(|status| status.is_server_error())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: Option<u16>, grpc: Option<u8>, end: ExchangeEnd) -> Outcome {
        Outcome {
            protocol: Protocol::Http,
            status: status.map(|status| StatusCode::from_u16(status).expect("a status")),
            grpc,
            end,
            took: Duration::ZERO,
            sent: Amount::default(),
            received: Amount::default(),
        }
    }

    #[test]
    fn each_outcome_has_the_class_of_its_status_or_of_its_end() {
        use {Class::*, ExchangeEnd::*};
        for (status, grpc, end, class, is_success, is_error) in [
            (Some(200), None, Whole, Fine, true, false),
            (Some(101), None, Whole, Fine, true, false),
            (Some(404), None, Whole, Fine, false, false),
            (Some(429), None, Whole, Strained, false, false),
            (Some(500), None, Whole, Broken, false, true),
            (Some(501), None, Whole, Broken, false, true),
            (Some(503), None, Whole, Strained, false, true),
            (Some(504), None, Whole, Strained, false, true),
            (Some(200), Some(0), Whole, Fine, true, false),
            (Some(200), Some(1), Whole, Fine, false, false),
            (Some(200), Some(2), Whole, Broken, false, true),
            (Some(200), Some(4), Whole, Strained, false, true),
            (Some(200), Some(5), Whole, Fine, false, false),
            (Some(200), Some(8), Whole, Strained, false, false),
            (Some(200), Some(12), Whole, Fine, false, true),
            (Some(200), Some(13), Whole, Broken, false, true),
            (Some(200), Some(14), Whole, Strained, false, true),
            (Some(200), Some(16), Whole, Fine, false, false),
            (Some(200), None, Gone, Fine, false, false),
            (None, None, Gone, Fine, false, false),
            (Some(200), None, Failed, Broken, false, true),
            (Some(200), None, Panicked, Broken, false, true),
            (Some(200), None, Cut, Strained, false, true),
            (None, None, Late, Strained, false, true),
        ] {
            let outcome = outcome(status, grpc, end);
            let found = (outcome.class(), outcome.is_success(), outcome.is_error());
            assert_eq!(found, (class, is_success, is_error), "{outcome:?}");
        }
    }

    #[test]
    fn a_code_that_grpc_does_not_know_is_unknown() {
        let name = |code| outcome(None, Some(code), ExchangeEnd::Whole).grpc_name();
        assert_eq!(
            (name(16), name(17)),
            (Some("UNAUTHENTICATED"), Some("UNKNOWN"))
        );
    }
}

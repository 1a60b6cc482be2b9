//! How much of telemetry there is.

use crate::server::Program;

/// Some of telemetry.
pub(super) struct Side {
    /// In the table.
    pub(super) name: &'static str,
    /// The filter of the log.
    log: &'static str,
    collector: Option<Collector>,
    /// How many more allocations a request may have than without telemetry.
    pub(super) allocations: Option<f64>,
}

/// The collector at the other end.
#[derive(Clone, Copy)]
pub(super) enum Collector {
    Answers,
    /// The queue of spans, of which there are few places, is full.
    Hangs,
}

/// Metrics are recorded on all of them. A line or a span that is filtered out costs nothing beyond that.
pub(super) static SIDES: [Side; 6] = [
    Side {
        name: "metrics, log off",
        log: "off",
        collector: None,
        allocations: Some(0.0),
    },
    Side {
        name: "metrics, log at warn",
        log: "warn",
        collector: None,
        allocations: Some(1.0),
    },
    Side {
        name: "metrics, log at info",
        log: "info",
        collector: None,
        allocations: None,
    },
    Side {
        name: "metrics and traces",
        log: "off",
        collector: Some(Collector::Answers),
        allocations: None,
    },
    Side {
        name: "all",
        log: "info",
        collector: Some(Collector::Answers),
        allocations: None,
    },
    Side {
        name: "all, queue full",
        log: "info",
        collector: Some(Collector::Hangs),
        allocations: None,
    },
];

pub(super) fn all() -> &'static Side {
    &SIDES[4]
}

impl Side {
    pub(super) fn program(
        &self,
        program: &Program,
        collector: impl Fn(Collector) -> String,
    ) -> Program {
        let mut program = program.clone();
        let mut add =
            |flag: &str, value: &str| program.arguments.extend([flag, value].map(Into::into));
        add("--log", self.log);
        if let Some(of) = self.collector {
            add("--collector", &collector(of));
            if matches!(of, Collector::Hangs) {
                add("--queue", "16");
            }
        }
        program
    }
}

//! The answers to the questions of the template.

use std::fmt;

/// One answer to each question.
pub(crate) struct Combination {
    pub(crate) transports: &'static str,
    pub(crate) registry: &'static str,
    pub(crate) database: bool,
    pub(crate) telemetry: bool,
    /// The name of the service.
    pub(crate) name: &'static str,
}

/// Names of one word and of two, short and long, as lines of code have them.
const NAMES: [&str; 5] = [
    "orders",
    "order-service",
    "o2",
    "order_service",
    "a-service-with-a-name-of-fifty-characters-no-more1",
];

/// Every combination. The names go around, and there is no common factor with the other questions.
pub(crate) fn all() -> Vec<Combination> {
    let mut all = Vec::new();
    for transports in ["http", "grpc", "both"] {
        for registry in ["memory", "local", "etcd", "consul"] {
            for (database, telemetry) in
                [(false, false), (false, true), (true, false), (true, true)]
            {
                all.push(Combination {
                    transports,
                    registry,
                    database,
                    telemetry,
                    name: NAMES[all.len() % NAMES.len()],
                });
            }
        }
    }
    all
}

impl Combination {
    pub(crate) fn has_http(&self) -> bool {
        self.transports != "grpc"
    }

    pub(crate) fn has_grpc(&self) -> bool {
        self.transports != "http"
    }

    /// As `--define` of cargo-generate takes them.
    pub(crate) fn defines(&self) -> Vec<String> {
        vec![
            format!("transports={}", self.transports),
            format!("registry={}", self.registry),
            format!("database={}", self.database),
            format!("telemetry={}", self.telemetry),
        ]
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transports, self.registry)?;
        f.write_str(if self.database { "-database" } else { "" })?;
        f.write_str(if self.telemetry { "-telemetry" } else { "" })
    }
}

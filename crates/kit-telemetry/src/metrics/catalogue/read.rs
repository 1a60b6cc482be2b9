//! Metrics that are read when the page is asked for.

use super::metric::Metric;

pub(super) static ALL: [&Metric; 39] = [
    &PROCESS_CPU,
    &PROCESS_RESIDENT,
    &PROCESS_VIRTUAL,
    &PROCESS_THREADS,
    &PROCESS_OPEN_FDS,
    &PROCESS_MAX_FDS,
    &PROCESS_START,
    &RUNTIME_WORKERS,
    &RUNTIME_TASKS,
    &RUNTIME_QUEUE_DEPTH,
    &RUNTIME_BUSY,
    &BUILD_INFO,
    &APP_STAGE,
    &APP_READY,
    &APP_LIVE,
    &APP_DRAINED,
    &APP_START,
    &APP_STOP,
    &APP_DRAINS,
    &APP_FAILURES,
    &APP_RELOADS,
    &HOOK_FAILURES,
    &TASK_FAILURES,
    &COMPONENT_STATE,
    &WORKER_STATE,
    &WORKER_RESTARTS,
    &WORKER_FAILURES,
    &CHECK_STATE,
    &REGISTRY_REGISTERED,
    &REGISTRY_REGISTRATIONS,
    &REGISTRY_LOSSES,
    &SERVER_OPEN_CONNECTIONS,
    &SERVER_CONNECTIONS,
    &SERVER_ACTIVE_REQUESTS,
    &SERVER_REQUESTS,
    &SERVER_CUTS,
    &SERVER_REFUSED,
    &EVENTS_DROPPED,
    &METRICS_OVERFLOWS,
];

pub(crate) static PROCESS_CPU: Metric = Metric::counter(
    "process_cpu_seconds_total",
    &[],
    "processor time of all threads, in user and in system mode",
)
.in_seconds();

pub(crate) static PROCESS_RESIDENT: Metric = Metric::gauge(
    "process_resident_memory_bytes",
    &[],
    "memory that is in RAM",
)
.in_bytes();

pub(crate) static PROCESS_VIRTUAL: Metric =
    Metric::gauge("process_virtual_memory_bytes", &[], "address space").in_bytes();

pub(crate) static PROCESS_THREADS: Metric = Metric::gauge("process_threads", &[], "threads");

pub(crate) static PROCESS_OPEN_FDS: Metric =
    Metric::gauge("process_open_fds", &[], "open file descriptors");

pub(crate) static PROCESS_MAX_FDS: Metric = Metric::gauge(
    "process_max_fds",
    &[],
    "the limit of open file descriptors; none when there is no limit",
);

pub(crate) static PROCESS_START: Metric = Metric::gauge(
    "process_start_time_seconds",
    &[],
    "when the process began, since 1970-01-01",
)
.in_seconds();

pub(crate) static RUNTIME_WORKERS: Metric = Metric::gauge(
    "tokio_workers",
    &[],
    "threads of the app's runtime that poll tasks",
);

pub(crate) static RUNTIME_TASKS: Metric =
    Metric::gauge("tokio_alive_tasks", &[], "tasks that have not ended");

pub(crate) static RUNTIME_QUEUE_DEPTH: Metric = Metric::gauge(
    "tokio_global_queue_depth",
    &[],
    "tasks in the queue that all workers share",
);

pub(crate) static RUNTIME_BUSY: Metric = Metric::counter(
    "tokio_worker_busy_seconds_total",
    &["worker"],
    "the time in which a worker was not parked",
)
.in_seconds();

pub(crate) static BUILD_INFO: Metric = Metric::gauge(
    "kit_build_info",
    &["service", "version", "id", "kit"],
    "1; its labels say what runs: the service, its version, the instance, the version of Kit",
);

pub(crate) static APP_STAGE: Metric = Metric::gauge(
    "kit_app_stage",
    &["stage"],
    "1 for the present stage of the lifecycle, 0 for the others",
);

pub(crate) static APP_READY: Metric = Metric::gauge(
    "kit_app_ready",
    &[],
    "1 when the app may receive traffic, else 0",
);

pub(crate) static APP_LIVE: Metric = Metric::gauge(
    "kit_app_live",
    &[],
    "1 when the runtime makes progress, else 0",
);

pub(crate) static APP_DRAINED: Metric = Metric::gauge(
    "kit_app_drained",
    &[],
    "1 while a drain lasts that was asked for, else 0",
);

pub(crate) static APP_START: Metric = Metric::gauge(
    "kit_app_start_duration_seconds",
    &[],
    "how long the start took, once it is complete",
)
.in_seconds();

pub(crate) static APP_STOP: Metric = Metric::gauge(
    "kit_app_stop_duration_seconds",
    &[],
    "how long the stop lasts so far, once it was asked for",
)
.in_seconds();

pub(crate) static APP_DRAINS: Metric = Metric::counter(
    "kit_app_drains_total",
    &[],
    "drains that were asked for, without that of the stop",
);

pub(crate) static APP_FAILURES: Metric = Metric::counter(
    "kit_app_failures_total",
    &[],
    "failures for which the app stops, or that came in its stop",
);

pub(crate) static APP_RELOADS: Metric =
    Metric::counter("kit_app_reloads_total", &[], "reloads that have ended");

pub(crate) static HOOK_FAILURES: Metric = Metric::counter(
    "kit_hook_failures_total",
    &["stage", "hook"],
    "hooks that have failed; the stage of a hook of a reload is `reload`",
);

pub(crate) static TASK_FAILURES: Metric = Metric::counter(
    "kit_task_failures_total",
    &["scope"],
    "tasks that have failed or panicked while their component went on, by the first two parts of their path",
);

pub(crate) static COMPONENT_STATE: Metric = Metric::gauge(
    "kit_component_state",
    &["component", "state"],
    "1 for the present state of a component, 0 for the others",
);

pub(crate) static WORKER_STATE: Metric = Metric::gauge(
    "kit_worker_state",
    &["worker", "state"],
    "1 for the present state of a worker or a job, 0 for the others",
);

pub(crate) static WORKER_RESTARTS: Metric = Metric::counter(
    "kit_worker_restarts_total",
    &["worker"],
    "how often a worker or a job has begun anew",
);

pub(crate) static WORKER_FAILURES: Metric = Metric::counter(
    "kit_worker_failures_total",
    &["worker"],
    "failures of a worker or a job",
);

pub(crate) static CHECK_STATE: Metric = Metric::gauge(
    "kit_check_state",
    &["check", "required", "state"],
    "1 for the present state of a check, 0 for the others",
);

pub(crate) static REGISTRY_REGISTERED: Metric = Metric::gauge(
    "kit_registry_registered",
    &["registry"],
    "1 when the registry shows the instance as it is, else 0",
);

pub(crate) static REGISTRY_REGISTRATIONS: Metric = Metric::counter(
    "kit_registry_registrations_total",
    &["registry"],
    "how often the instance has appeared in the registry: at first, and again after a loss or a drain",
);

pub(crate) static REGISTRY_LOSSES: Metric = Metric::counter(
    "kit_registry_losses_total",
    &["registry"],
    "how often a registry that had shown the instance was found not to, or could not be asked; thinned like the event while that comes and goes",
);

pub(crate) static SERVER_OPEN_CONNECTIONS: Metric = Metric::gauge(
    "kit_server_open_connections",
    &["server"],
    "connections that are open",
);

pub(crate) static SERVER_CONNECTIONS: Metric = Metric::counter(
    "kit_server_connections_total",
    &["server"],
    "connections that were accepted",
);

pub(crate) static SERVER_ACTIVE_REQUESTS: Metric = Metric::gauge(
    "kit_server_active_requests",
    &["server"],
    "requests in flight",
);

pub(crate) static SERVER_REQUESTS: Metric = Metric::counter(
    "kit_server_requests_total",
    &["server"],
    "requests that have ended",
);

pub(crate) static SERVER_CUTS: Metric = Metric::counter(
    "kit_server_cuts_total",
    &["server", "kind"],
    "what a drain has cut, by kind: `request`, `stream`, `connection`",
);

pub(crate) static SERVER_REFUSED: Metric = Metric::counter(
    "kit_server_tls_handshake_failures_total",
    &["server"],
    "connections whose TLS handshake has failed, or took too long",
);

pub(crate) static EVENTS_DROPPED: Metric = Metric::counter(
    "kit_events_dropped_total",
    &["consumer"],
    "events of the lifecycle that the log or an observer has missed because its queue was full",
);

pub(crate) static METRICS_OVERFLOWS: Metric = Metric::counter(
    "kit_metrics_overflows_total",
    &["metric"],
    "how often a series was asked for beyond the limit of a metric, and was that of the overflow",
);

//! Metrics that `kit_transport::layers::metrics()` records.

use super::metric::Metric;

pub(super) static ALL: [&Metric; 6] = [
    &HTTP_DURATION,
    &HTTP_REQUESTS,
    &HTTP_ACTIVE,
    &RPC_DURATION,
    &RPC_CALLS,
    &RPC_ACTIVE,
];

const ACTIVE: &[&str] = &["protocol", "operation", "method"];
const ENDED: &[&str] = &["protocol", "operation", "method", "code", "end"];

const TOOK: &str = "the time from a request to the end of its response";
const COUNT: &str = "requests whose response has ended";
const IN_FLIGHT: &str = "requests whose response has not ended";

static HTTP_DURATION: Metric =
    Metric::histogram("http_server_request_duration_seconds", ENDED, TOOK).in_seconds();
static HTTP_REQUESTS: Metric = Metric::counter("http_server_requests_total", ENDED, COUNT);
static HTTP_ACTIVE: Metric = Metric::gauge("http_server_active_requests", ACTIVE, IN_FLIGHT);
static RPC_DURATION: Metric =
    Metric::histogram("rpc_server_call_duration_seconds", ENDED, TOOK).in_seconds();
static RPC_CALLS: Metric = Metric::counter("rpc_server_calls_total", ENDED, COUNT);
static RPC_ACTIVE: Metric = Metric::gauge("rpc_server_active_calls", ACTIVE, IN_FLIGHT);

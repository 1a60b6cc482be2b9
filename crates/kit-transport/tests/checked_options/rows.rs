//! The bounds of each option.

use crate::tree::{Row, row};

/// Those of connections, which both servers have.
pub(crate) const CONNECTIONS: &[Row] = &[
    row(
        "connections.first_byte",
        &["\"0s\""],
        &["\"1ns\"", "\"365d\""],
    ),
    row("connections.head", &["\"0s\""], &["\"1ns\""]),
    row("connections.idle", &["\"0s\""], &["\"1ns\""]),
    row("connections.unread", &["\"0s\""], &["\"1ns\""]),
    row("connections.max_age", &["\"0s\""], &["\"1ns\"", "\"off\""]),
    row(
        "connections.request_timeout",
        &["\"0s\""],
        &["\"1ns\"", "\"off\""],
    ),
    row("connections.stream_grace", &[], &["\"0s\"", "\"1d\""]),
    row(
        "connections.max_head",
        &["\"1KiB\"", "8191", "0"],
        &["8192", "\"1GiB\""],
    ),
    row("connections.max_headers", &["0"], &["1", "1000000"]),
    row("connections.max_body", &[], &["0", "\"off\"", "\"1EiB\""]),
    row("connections.max_connections", &["0"], &["1", "1000000"]),
    row(
        "connections.http2.max_streams",
        &["0"],
        &["1", "4294967295"],
    ),
    row("connections.http2.max_early_resets", &[], &["0", "1000000"]),
    row(
        "connections.http2.max_faulty_streams",
        &[],
        &["0", "1000000"],
    ),
    row(
        "connections.http2.ping_interval",
        &["\"0s\"", "\"9ms\""],
        &["\"10ms\"", "\"off\""],
    ),
    row(
        "connections.http2.ping_timeout",
        &["\"0s\"", "\"9ms\""],
        &["\"10ms\""],
    ),
];

/// Those of the place to listen at, in its form as a table.
pub(crate) const LISTEN: &[Row] = &[
    row("listen.backlog", &[], &["0", "4294967295"]),
    row(
        "listen.keep_alive",
        &["\"0s\"", "\"1ms\"", "\"999ms\"", "\"32768s\""],
        &["\"1s\"", "\"32767s\"", "\"off\""],
    ),
];

/// Those of TLS.
pub(crate) const TLS: &[Row] = &[
    row("tls.reload", &["\"0s\""], &["\"1s\"", "\"off\""]),
    row("tls.handshake_timeout", &["\"0s\""], &["\"1ns\""]),
];

/// Those of the standard layers.
pub(crate) const STANDARD: &[Row] = &[
    row("access_log.sample_one_in", &[], &["0", "1000000"]),
    row(
        "access_log.quiet[0]",
        &["\"\"", "\"ping\""],
        &["\"/ping\"", "\"/a/*\"", "\"*\""],
    ),
    row("concurrency.max", &["0"], &["1", "1000000"]),
    row("concurrency.queue", &[], &["0", "1000000"]),
    row("concurrency.queue_timeout", &[], &["\"0s\"", "\"365d\""]),
    row("concurrency.retry_after", &[], &["\"0s\"", "\"365d\""]),
    row("deadline.limit", &["\"0s\""], &["\"1ns\"", "\"off\""]),
    row(
        "deadline.operations[0].operation",
        &["\"\"", "\"report\""],
        &["\"/report\"", "\"*\""],
    ),
    row(
        "deadline.operations[0].limit",
        &["\"0s\""],
        &["\"1ns\"", "\"off\""],
    ),
];

/// Those of the limit of how often a client may ask.
pub(crate) const RATE: &[Row] = &[
    row("count", &["0"], &["1", "4294967295"]),
    row("period", &["\"0s\""], &["\"1ns\"", "\"365d\""]),
    row("burst", &["0"], &["1"]),
    row("most_keys", &["0"], &["1"]),
];

//! Options as they are written become what the export works with.

use std::fmt;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::options::{OtlpOptions, OtlpProtocol};
use super::wire::target::Target;
use kit_units::WrongOption;

/// The longest of the times. A clock cannot hold the end of one that never comes.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// The longest wait at the end of a stop, as for the log.
const MINUTE: Duration = Duration::from_secs(60);
/// A queue has bytes for the largest span.
const SMALLEST_QUEUE: usize = 64 << 10;

/// What the options say, parsed.
#[derive(Debug)]
pub(super) struct Checked {
    /// For spans.
    pub(super) target: Target,
    pub(super) metrics: Target,
    pub(super) filter: Targets,
}

/// Everything that is wrong with the options, with a collector or without one.
pub(crate) fn wrong_options(options: &OtlpOptions) -> Vec<WrongOption> {
    let endpoint = options.endpoint.as_deref().unwrap_or("http://localhost");
    check(options, endpoint).err().unwrap_or_default()
}

/// Parses the options for the collector at `endpoint`.
///
/// # Errors
/// All values that are of no use.
pub(super) fn check(options: &OtlpOptions, endpoint: &str) -> Result<Checked, Vec<WrongOption>> {
    let mut wrong = numbers(options);
    // What stands before an `@` may be a password.
    let shown = match endpoint.contains('@') {
        true => "***".to_owned(),
        false => quoted(endpoint),
    };
    let place = place(endpoint, options.protocol)
        .map_err(|expected| wrong.push(of("endpoint", shown, expected)));
    let headers = headers(options).map_err(|found| wrong.extend(found));
    let filter = filter(&options.filter).map_err(|why| {
        let expected = format!("levels by target such as \"info,hyper=off\" ({why})");
        wrong.push(of("filter", quoted(&options.filter), expected));
    });
    match (place, headers, filter) {
        (Ok((authority, path)), Ok(headers), Ok(filter)) if wrong.is_empty() => {
            let [target, metrics] = [Signal::Traces, Signal::Metrics].map(|signal| Target {
                path: path_of(signal, options.protocol, &path),
                authority: authority.clone(),
                protocol: options.protocol,
                headers: headers.clone(),
            });
            Ok(Checked {
                target,
                metrics,
                filter,
            })
        }
        _ => Err(wrong),
    }
}

fn of(field: &str, value: impl fmt::Display, expected: impl Into<String>) -> WrongOption {
    WrongOption::new(format!("traces.{field}"), value, expected)
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// The ratio is a share, the queue as long as a channel can be, a batch no longer than the queue, and no time
/// is zero or so long that a clock cannot hold its end; each value is compared by itself, so that all wrong ones are named.
fn numbers(options: &OtlpOptions) -> Vec<WrongOption> {
    let mut wrong = Vec::new();
    if !(0.0..=1.0).contains(&options.sample_ratio) {
        let value = options.sample_ratio.to_string();
        wrong.push(of(
            "sample_ratio",
            value,
            "a number from 0 (none) to 1 (all)",
        ));
    }
    // The most that a bounded channel of tokio holds.
    let most = tokio::sync::Semaphore::MAX_PERMITS;
    if options.queue == 0 || options.queue > most {
        let expected = format!("a number of spans from 1 to {most}");
        wrong.push(of("queue", options.queue.to_string(), expected));
    }
    if options.batch == 0 || options.batch > options.queue {
        let expected = "a number of spans from 1 to that of `traces.queue`";
        wrong.push(of("batch", options.batch.to_string(), expected));
    }
    if !(SMALLEST_QUEUE..=most).contains(&options.queue_size) {
        let value = kit_units::format_size(options.queue_size as u64);
        wrong.push(of("queue_size", value, "64 KiB or more, such as \"16MiB\""));
    }
    for (field, value, longest) in [
        ("timeout", options.timeout, DAY),
        ("interval", options.interval, DAY),
        ("metrics_interval", options.metrics_interval, DAY),
        ("flush_timeout", options.flush_timeout, MINUTE),
    ] {
        if value.is_zero() || value > longest {
            let longest = kit_units::format_duration(longest);
            let expected = format!("a time longer than zero and at most {longest}, such as \"5s\"");
            wrong.push(of(field, kit_units::format_duration(value), expected));
        }
    }
    wrong
}

/// Stricter than [`Targets`]: a level with a wrong letter is a target without a level, and would switch
/// everything else off, as a filter that is empty does.
fn filter(text: &str) -> Result<Targets, String> {
    for directive in text.split(',') {
        let level = directive
            .split_once('=')
            .map_or(directive, |(_, level)| level);
        let level = level.trim();
        if level.is_empty() || level.parse::<LevelFilter>().is_err() {
            return Err(format!("`{level}` is no level, and `off` records nothing"));
        }
    }
    let directives: Vec<_> = text.split(',').map(str::trim).collect();
    let parsed = directives.join(",").parse::<Targets>();
    parsed.map_err(|error| error.to_string())
}

/// The authority and the path of a collector.
fn place(endpoint: &str, protocol: OtlpProtocol) -> Result<(Authority, String), &'static str> {
    const EXPECTED: &str = "a URL such as \"http://localhost:4317\"";
    let parts = endpoint.parse::<Uri>().map_err(|_| EXPECTED)?.into_parts();
    let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
        return Err(EXPECTED);
    };
    if scheme == Scheme::HTTPS {
        return Err("a URL with `http:`: TLS is left to an agent or a proxy on this machine");
    }
    if scheme != Scheme::HTTP {
        return Err(EXPECTED);
    }
    if authority.as_str().contains('@') {
        return Err("a URL without a user, such as \"http://localhost:4317\"");
    }
    let (host, port) = (authority.host(), authority.port_u16());
    let is_bare = authority.as_str() == host;
    if !is_bare && port.is_none_or(|port| port == 0) {
        return Err("a URL with a port from 1 to 65535, such as \"http://localhost:4317\"");
    }
    let path = parts.path_and_query;
    if path.as_ref().is_some_and(|path| path.query().is_some()) {
        return Err("a URL without a query, such as \"http://localhost:4317\"");
    }
    let path = path.map_or_else(String::new, |path| path.path().to_owned());
    if protocol == OtlpProtocol::Grpc && !matches!(path.as_str(), "" | "/") {
        return Err("a URL without a path, which is for `protocol = \"http\"` alone");
    }
    Ok((authority, path))
}

/// A kind of contents; each has a path to itself.
#[derive(Clone, Copy, Debug)]
enum Signal {
    Traces,
    Metrics,
}

/// Over HTTP an endpoint may have the path of traces already, as other libraries want it.
fn path_of(signal: Signal, protocol: OtlpProtocol, base: &str) -> String {
    let base = base.trim_end_matches('/');
    let base = base.strip_suffix("/v1/traces").unwrap_or(base);
    match (protocol, signal) {
        (OtlpProtocol::Grpc, Signal::Traces) => {
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export".to_owned()
        }
        (OtlpProtocol::Grpc, Signal::Metrics) => {
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export".to_owned()
        }
        (OtlpProtocol::Http, Signal::Traces) => format!("{base}/v1/traces"),
        (OtlpProtocol::Http, Signal::Metrics) => format!("{base}/v1/metrics"),
    }
}

fn headers(options: &OtlpOptions) -> Result<HeaderMap, Vec<WrongOption>> {
    let (mut headers, mut wrong) = (HeaderMap::new(), Vec::new());
    for (name, value) in options.headers.iter() {
        let field = format!("headers.{name}");
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            (Err(_), _) => wrong.push(of(&field, "***", "a name that a header can have")),
            (_, Err(_)) => wrong.push(of(&field, "***", "a text that a header can carry")),
        }
    }
    if wrong.is_empty() {
        Ok(headers)
    } else {
        Err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::super::headers::OtlpHeaders;
    use super::*;

    fn wrong(options: &OtlpOptions, endpoint: &str) -> Vec<String> {
        let found = check(options, endpoint).err().unwrap_or_default();
        found.iter().map(WrongOption::to_string).collect()
    }

    #[test]
    fn all_that_is_wrong_is_named_at_once_and_no_secret_is_shown() {
        let options = OtlpOptions {
            headers: OtlpHeaders::from([("a b", "s3cret"), ("key", "s3cret\n")]),
            sample_ratio: f64::NAN,
            filter: "info,a=loud".to_owned(),
            timeout: Duration::ZERO,
            metrics_interval: Duration::from_secs(u64::MAX),
            flush_timeout: MINUTE + Duration::from_nanos(1),
            queue: 0,
            queue_size: 1,
            batch: 0,
            ..OtlpOptions::default()
        };
        let found = wrong(&options, "localhost:4317");
        let fields = found.iter().map(|line| line.split('`').nth(1).unwrap());
        assert_eq!(
            fields.collect::<Vec<_>>(),
            [
                "traces.sample_ratio",
                "traces.queue",
                "traces.batch",
                "traces.queue_size",
                "traces.timeout",
                "traces.metrics_interval",
                "traces.flush_timeout",
                "traces.endpoint",
                "traces.headers.a b",
                "traces.headers.key",
                "traces.filter"
            ]
        );
        assert!(!found.concat().contains("s3cret"), "{found:?}");
        assert_eq!(
            found[7],
            "`traces.endpoint` is \"localhost:4317\": it has to be a URL such as \"http://localhost:4317\""
        );
    }

    #[test]
    fn a_filter_that_would_switch_traces_off_is_refused() {
        let filtered = |filter: &str| {
            let filter = filter.to_owned();
            let options = OtlpOptions {
                filter,
                ..OtlpOptions::default()
            };
            wrong(&options, "http://a:1")
        };
        for bad in [
            "debgu",
            "",
            " ",
            "info,orders",
            "info,,debug",
            "a=loud",
            "a=",
        ] {
            assert_eq!(filtered(bad).len(), 1, "{bad:?}");
        }
        for right in ["info", "off", "INFO, hyper=off", "orders::db=debug"] {
            assert_eq!(filtered(right), [""; 0], "{right:?}");
        }
    }

    #[test]
    fn a_missing_port_is_that_of_the_protocol() {
        for (protocol, port) in [(OtlpProtocol::Grpc, 4317), (OtlpProtocol::Http, 4318)] {
            let options = OtlpOptions {
                protocol,
                ..OtlpOptions::default()
            };
            for (endpoint, host) in [("http://a", "a"), ("http://[::1]/", "::1")] {
                let checked = check(&options, endpoint).expect(endpoint);
                assert_eq!(checked.target.address(), (host, port));
            }
        }
    }

    #[test]
    fn an_endpoint_has_the_path_of_its_protocol() {
        let options = OtlpOptions::default();
        assert_eq!(
            wrong(&options, "http://user:s3cret@a:1"),
            [
                "`traces.endpoint` is ***: it has to be a URL without a user, such as \"http://localhost:4317\""
            ]
        );
        for bad in [
            "",
            "http://",
            "ftp://a:1",
            "https://a:4317",
            "http://user@a:1",
            "http://localhost:99999",
            "http://localhost:0",
            "http://[::1]:65536",
            "/v1",
            "http://127.0.0.1:99999",
            "http://127.0.0.1:",
            "http://127.0.0.1:0",
            "http://[::1]:",
            "http://a:4317?b=c",
            "http://a:4317/v1/traces",
        ] {
            assert_eq!(wrong(&options, bad).len(), 1, "{bad}");
        }
        let http = OtlpOptions {
            protocol: OtlpProtocol::Http,
            ..options
        };
        for (endpoint, path) in [
            ("http://a:4318", "/v1/traces"),
            ("http://a:4318/", "/v1/traces"),
            ("http://a:4318/otlp/", "/otlp/v1/traces"),
            ("http://a:4318/otlp/v1/traces", "/otlp/v1/traces"),
        ] {
            let checked = check(&http, endpoint).expect(endpoint);
            assert_eq!(checked.target.path, path);
            let path = path.replace("traces", "metrics");
            assert_eq!(checked.metrics.path, path);
        }
    }
}

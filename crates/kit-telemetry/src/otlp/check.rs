//! Options as they are written become what the export works with.

use std::fmt;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tracing_subscriber::filter::Targets;

use super::options::{OtlpOptions, OtlpProtocol};
use super::wire::target::Target;
use kit_units::WrongOption;

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
    let place = place(endpoint).map_err(|expected| wrong.push(of("endpoint", shown, expected)));
    let headers = headers(options).map_err(|found| wrong.extend(found));
    let filter = options.filter.parse::<Targets>().map_err(|error| {
        let expected = format!("levels by target such as \"info,hyper=off\" ({error})");
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

/// The ratio is a share, the queue as long as a channel can be, a batch no longer than the queue, and no time is
/// zero; each value is compared by itself, so that all wrong ones are named.
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
    for (field, value) in [
        ("timeout", options.timeout),
        ("interval", options.interval),
        ("metrics_interval", options.metrics_interval),
    ] {
        if value == Duration::ZERO {
            wrong.push(of(field, "0s", "a duration such as \"5s\""));
        }
    }
    wrong
}

/// The authority and the path of a collector.
fn place(endpoint: &str) -> Result<(Authority, String), &'static str> {
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
    // The parser takes any number for a port, and `port_u16` gives none for one that is too large.
    let host = authority.host();
    let has_port = authority.as_str().len() > host.len();
    if has_port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err("a URL with a port from 1 to 65535, such as \"http://localhost:4317\"");
    }
    let path = parts.path_and_query;
    Ok((
        authority,
        path.map_or_else(String::new, |path| path.path().to_owned()),
    ))
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
            metrics_interval: Duration::ZERO,
            queue: 0,
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
                "traces.timeout",
                "traces.metrics_interval",
                "traces.endpoint",
                "traces.headers.a b",
                "traces.headers.key",
                "traces.filter"
            ]
        );
        assert!(!found.concat().contains("s3cret"), "{found:?}");
        assert_eq!(
            found[5],
            "`traces.endpoint` is \"localhost:4317\": it has to be a URL such as \"http://localhost:4317\""
        );
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

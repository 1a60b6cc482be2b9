//! The command line: `--log`, `--collector` and `--queue` beside the addresses.

use bench_greeter::Addresses;
use kit::telemetry::otlp::{OtlpOptions, OtlpProtocol};
use kit::telemetry::{LogFormat, LogOptions, TelemetryOptions};

/// What the process was asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) addresses: Addresses,
    /// `None` for no telemetry at all.
    pub(crate) options: Option<TelemetryOptions>,
}

impl Arguments {
    pub(crate) fn of_process() -> Result<Arguments, String> {
        Self::parse(std::env::args().skip(1))
    }

    /// Takes its own flags out, each with its value, and leaves all others to [`Addresses`]. Telemetry is there
    /// once there is a filter of the log, which may be `off`.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut log = None;
        let mut traces = OtlpOptions {
            protocol: OtlpProtocol::Http,
            ..OtlpOptions::default()
        };
        let mut others = Vec::new();
        while let Some(flag) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("{flag} needs a value"))
            };
            match flag.as_str() {
                "--log" => log = Some(value()?),
                "--collector" => traces.endpoint = Some(format!("http://{}", value()?)),
                "--queue" => {
                    let places = value()?;
                    let wrong = |_| format!("--queue: `{places}` is no number of places");
                    traces.queue = places.parse().map_err(wrong)?;
                    traces.batch = traces.queue;
                }
                _ => others.push(flag),
            }
        }
        let options = log.map(|filter| TelemetryOptions {
            log: LogOptions {
                filter,
                format: LogFormat::Json,
                ..LogOptions::default()
            },
            traces,
            ..TelemetryOptions::default()
        });
        Ok(Arguments {
            addresses: Addresses::parse(others.into_iter())?,
            options,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn telemetry_is_what_the_flags_say() {
        assert!(parse("--http 127.0.0.2:0").unwrap().options.is_none());
        let line = "--log off --http 127.0.0.2:0 --collector 127.0.0.1:4318 --queue 16";
        let arguments = parse(line).unwrap();
        assert_eq!(arguments.addresses.http.to_string(), "127.0.0.2:0");
        let options = arguments.options.unwrap();
        assert_eq!(options.log.filter, "off");
        assert_eq!(
            options.traces.endpoint.as_deref(),
            Some("http://127.0.0.1:4318")
        );
        assert_eq!((options.traces.queue, options.traces.batch), (16, 16));
        for (line, wrong) in [("--log", "--log needs"), ("--queue a", "`a`")] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }
}

//! The command line: `--side`, `--layers` and `--log` beside the addresses.

use bench_greeter::Addresses;
use tracing_subscriber::filter::LevelFilter;

/// What serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Kit's servers with Kit's layers.
    Kit,
    /// Bare axum and tonic with the layers of tower-http and others.
    Tower,
}

/// What the process was asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) side: Side,
    /// The name of the stack.
    pub(crate) layers: String,
    /// The finest level that is logged.
    pub(crate) log: LevelFilter,
    pub(crate) addresses: Addresses,
}

impl Arguments {
    pub(crate) fn of_process() -> Result<Arguments, String> {
        Self::parse(std::env::args().skip(1))
    }

    /// Takes its own flags out, each with its value, and leaves all others in their order to [`Addresses`],
    /// which names one that does not exist.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut side = Side::Kit;
        let mut layers = "none".to_owned();
        let mut log = LevelFilter::WARN;
        let mut others = Vec::new();
        while let Some(flag) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.ok_or_else(|| format!("{flag} needs a value"))
            };
            match flag.as_str() {
                "--side" => {
                    side = match value()?.as_str() {
                        "kit" => Side::Kit,
                        "tower" => Side::Tower,
                        other => {
                            return Err(format!(
                                "--side: there is no `{other}`, but kit and tower"
                            ));
                        }
                    }
                }
                "--layers" => layers = value()?,
                "--log" => {
                    let level = value()?;
                    let wrong = || format!("--log: `{level}` is no level; info would be one");
                    log = level.parse().map_err(|_| wrong())?;
                }
                _ => others.push(flag),
            }
        }
        let addresses = Addresses::parse(others.into_iter())?;
        Ok(Arguments {
            side,
            layers,
            log,
            addresses,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, LevelFilter, Side};

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_and_addresses_stand_in_any_order() {
        let line = "--grpc 127.0.0.2:9000 --side tower --log info --layers trace";
        let arguments = parse(line).expect("arguments");
        assert_eq!(arguments.addresses.grpc.to_string(), "127.0.0.2:9000");
        assert_eq!(arguments.side, Side::Tower);
        assert_eq!(arguments.layers, "trace");
        assert_eq!(arguments.log, LevelFilter::INFO);
    }

    #[test]
    fn a_wrong_argument_is_named() {
        for (line, wrong) in [
            ("--side go", "`go`"),
            ("--layers", "--layers needs"),
            ("--log loud", "`loud`"),
            ("--htpp 127.0.0.1:0", "`--htpp`"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(wrong), "{error}");
        }
    }
}

//! The options of the log.

use std::io::{self, IsTerminal};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::directives;
use kit_units::WrongOption;

use crate::Error;

/// The smallest longest line: the time, the level and the target have to fit.
const SHORTEST_LINE: usize = 256;
/// The longest wait for the last lines.
const LONGEST: Duration = Duration::from_secs(60);

/// The log: its filter, the form of its lines, and their place.
///
/// ```
/// use kit_telemetry::{LogFormat, LogOptions};
///
/// let options = LogOptions {
///     // The library reads no environment: a program that wants this variable says so.
///     filter: std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()),
///     format: LogFormat::Json,
///     ..LogOptions::default()
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogOptions {
    /// The filter: a level, and others for targets, such as `info,orders=debug`. Default: `info`. It can be
    /// changed at run time.
    #[cfg_attr(feature = "schema", schemars(extend("x-kit-live" = true)))]
    pub filter: String,
    /// The form of the lines: `auto`, `pretty`, `json` or `logfmt`. Default: `auto`, which is `pretty` on a
    /// terminal and `json` elsewhere.
    pub format: LogFormat,
    /// Where they are written: `stderr` or `stdout`. Default: `stderr`.
    pub output: LogOutput,
    /// More keys whose values are not written, beside `password`, `token`, `secret`, `authorization` and others.
    /// Case and separators make no difference, and a key that ends with one of them counts as well. Default: none.
    pub redact: Vec<String>,
    /// The limit of repeated warnings and errors.
    pub repeat: RepeatOptions,
    /// How many bytes of lines wait for their reader at most; then the oldest are dropped, and counted. Default: 4 MiB.
    #[serde(with = "kit_units::size")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Size"))]
    pub queue: usize,
    /// The length of the longest line in bytes, at least 256; a longer message in it is cut, and a field of more than
    /// 4 KiB. Default: 64 KiB.
    #[serde(with = "kit_units::size")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Size"))]
    pub max_line: usize,
    /// How long the end of the process waits for the last lines to be written, at most 1 min. Default: 1 s.
    #[serde(with = "kit_units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub flush_timeout: Duration,
}

impl Default for LogOptions {
    fn default() -> LogOptions {
        LogOptions {
            filter: "info".to_owned(),
            format: LogFormat::default(),
            output: LogOutput::default(),
            redact: Vec::new(),
            repeat: RepeatOptions::default(),
            queue: 4 << 20,
            max_line: 64 << 10,
            flush_timeout: Duration::from_secs(1),
        }
    }
}

impl LogOptions {
    /// Everything that is wrong, in the order of the keys. `queue` is compared with `max_line`, as a line that does
    /// not fit would drop all others.
    pub(crate) fn check(&self) -> Vec<WrongOption> {
        let mut wrong = Vec::new();
        let mut refuse = |key: &str, value: String, expected: &str| {
            wrong.push(WrongOption::new(format!("log.{key}"), value, expected));
        };
        if let Err(Error::Filter { directive, why, .. }) = directives::parse(&self.filter) {
            let expected = format!(
                "levels (error, warn, info, debug, trace, off) and targets, such as \
                 `info,orders=debug`: at `{directive}`, {why}"
            );
            refuse("filter", format!("{:?}", self.filter), &expected);
        }
        let is_key = |key: &String| key.chars().any(char::is_alphanumeric);
        for key in self.redact.iter().filter(|key| !is_key(key)) {
            let expected = "a key with letters, such as `card_number`";
            refuse("redact", format!("{key:?}"), expected);
        }
        if self.repeat.lines > 0 && self.repeat.period.is_zero() {
            refuse("repeat.period", "0s".to_owned(), "a time longer than zero");
        }
        if self.queue < self.max_line {
            let value = kit_units::format_size(self.queue as u64);
            refuse("queue", value, "the size of `log.max_line` or more");
        }
        if self.max_line < SHORTEST_LINE {
            let value = kit_units::format_size(self.max_line as u64);
            refuse("max_line", value, "256 bytes or more");
        }
        if self.flush_timeout.is_zero() || self.flush_timeout > LONGEST {
            let value = kit_units::format_duration(self.flush_timeout);
            let expected = "a time longer than zero and at most 1 min";
            refuse("flush_timeout", value, expected);
        }
        wrong
    }
}

/// The form of the lines of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum LogFormat {
    /// `pretty` on a terminal, `json` elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// An object of JSON for each line.
    Json,
    /// `key=value`, as Loki and others take it.
    Logfmt,
}

/// Where a log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum LogOutput {
    /// The standard error output.
    #[default]
    Stderr,
    /// The standard output.
    Stdout,
}

impl LogOutput {
    pub(super) fn is_terminal(&self) -> bool {
        match self {
            LogOutput::Stderr => io::stderr().is_terminal(),
            LogOutput::Stdout => io::stdout().is_terminal(),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            LogOutput::Stderr => "standard error output",
            LogOutput::Stdout => "standard output",
        }
    }
}

/// How often a warning or an error of one place in the source is written.
///
/// What comes more often within a period is counted, and one line says how many. Lines of the levels `info` and
/// below, those of the lifecycle, and the access log are never held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RepeatOptions {
    /// How many lines of one place are written within a period; 0 for all. Default: 100.
    pub lines: u32,
    /// The period. Default: 10 s.
    #[serde(with = "kit_units::duration")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub period: Duration,
}

impl Default for RepeatOptions {
    fn default() -> RepeatOptions {
        RepeatOptions {
            lines: 100,
            period: Duration::from_secs(10),
        }
    }
}

//! The forms of a line.

mod escape;
mod json;
mod logfmt;
mod pretty;

#[cfg(test)]
mod tests;

use tracing::Level;

use super::line::Line;
use super::options::LogFormat;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    form: Form,
    /// Each line begins with the priority that the journal takes for the line.
    has_priority: bool,
}

/// A form that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Pretty { has_colours: bool },
    Json,
    Logfmt,
}

impl Format {
    pub(super) fn choose(wanted: LogFormat, is_terminal: bool) -> Format {
        let form = match wanted {
            LogFormat::Auto if is_terminal => Form::Pretty { has_colours: true },
            LogFormat::Auto | LogFormat::Json => Form::Json,
            LogFormat::Pretty => Form::Pretty {
                has_colours: is_terminal,
            },
            LogFormat::Logfmt => Form::Logfmt,
        };
        Format {
            form,
            has_priority: false,
        }
    }

    pub(super) fn with_priority(self, has_priority: bool) -> Format {
        Format {
            has_priority,
            ..self
        }
    }

    /// The line with its end. Whatever its values hold, it is one line.
    pub(super) fn write(self, line: &Line<'_>) -> String {
        let mut text = String::with_capacity(256);
        if self.has_priority {
            text.push_str(priority(line.level));
        }
        match self.form {
            Form::Pretty { has_colours } => pretty::write(&mut text, line, has_colours),
            Form::Json => json::write(&mut text, line),
            Form::Logfmt => logfmt::write(&mut text, line),
        }
        text.push('\n');
        text
    }
}

/// The priority of syslog, as the journal reads and removes it. A trace is a debug there.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

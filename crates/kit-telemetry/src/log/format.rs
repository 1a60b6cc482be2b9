//! The forms of a line.

mod escape;
mod json;
mod logfmt;
mod pretty;

#[cfg(test)]
mod tests;

use super::line::Line;
use super::options::LogFormat;

/// A form that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pretty { has_colours: bool },
    Json,
    Logfmt,
}

impl Format {
    pub(super) fn choose(wanted: LogFormat, is_terminal: bool) -> Format {
        match wanted {
            LogFormat::Auto if is_terminal => Format::Pretty { has_colours: true },
            LogFormat::Auto | LogFormat::Json => Format::Json,
            LogFormat::Pretty => Format::Pretty {
                has_colours: is_terminal,
            },
            LogFormat::Logfmt => Format::Logfmt,
        }
    }

    /// The line with its end. Whatever its values hold, it is one line.
    pub(super) fn write(self, line: &Line<'_>) -> String {
        let mut text = String::with_capacity(256);
        match self {
            Format::Pretty { has_colours } => pretty::write(&mut text, line, has_colours),
            Format::Json => json::write(&mut text, line),
            Format::Logfmt => logfmt::write(&mut text, line),
        }
        text.push('\n');
        text
    }
}

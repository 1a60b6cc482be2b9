//! A recording as text: a line for each entry, then the report. Two runs are the same when their texts are.

use std::fmt;

use super::{Entry, Recording, Seen};

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ready = match self.is_ready {
            Some(true) => "ready",
            Some(false) => "-",
            None => "",
        };
        write!(f, "{:>10.3?} {ready:<5} ", self.at)?;
        match &self.seen {
            Seen::Event(event) => event.fmt(f),
            Seen::Sight(sight) => write!(f, "    {sight}"),
            Seen::Interruption(step) => write!(f, "==> {step:?}"),
            Seen::Returned => f.write_str("returned"),
        }
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            writeln!(f, "{entry}")?;
        }
        if let Some(end) = &self.end {
            if let Some(error) = &end.error {
                writeln!(f, "error: {error}")?;
            }
            writeln!(f, "{}", end.report)?;
        }
        for (part, point) in &self.left {
            writeln!(f, "left: {part} {point:?}")?;
        }
        write!(
            f,
            "tasks of the runtime that were left: {}",
            self.left_tasks
        )
    }
}

//! The instance that a log is of, and what the log says by itself.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use kit_app::Info;
use tracing::Level;

use super::format::Format;
use super::line::{Line, Value};
use super::repeat::{Held, Repeat};

/// The service, and the instance once the app is built.
#[derive(Debug)]
pub(super) struct Identity {
    service: String,
    instance: OnceLock<Instance>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    pub(super) service: String,
    pub(super) version: String,
    pub(super) id: String,
}

impl Identity {
    pub(super) fn of(service: String) -> Identity {
        Identity {
            service,
            instance: OnceLock::new(),
        }
    }

    /// The first app of a process names its lines; one that comes later is named by its span.
    pub(super) fn set(&self, info: &Info) {
        let _ = self.instance.set(Instance {
            service: info.name().to_owned(),
            version: info.version().to_owned(),
            id: info.id().to_owned(),
        });
    }

    /// The keys and values of each line; those that are not known yet are left out.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let fields = match self.instance.get() {
            None => vec![("service", self.service.clone())],
            Some(Instance {
                service,
                version,
                id,
            }) => vec![
                ("service", service.clone()),
                ("version", version.clone()),
                ("id", id.clone()),
            ],
        };
        let known = fields.into_iter();
        known.filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// The lines of the log about itself.
#[derive(Debug)]
pub(super) struct Notices {
    pub(super) format: Format,
    pub(super) identity: Arc<Identity>,
    pub(super) repeat: Arc<Repeat>,
}

impl Notices {
    /// The line in the place of lines that were dropped, with the last error of the output if there was one.
    pub(super) fn dropped(&self, lines: u64, error: Option<&str>) -> String {
        let message = match error {
            Some(_) => "the log could not be written: lines before this one were dropped",
            None => "the log's reader was too slow: lines before this one were dropped",
        };
        let mut fields = vec![("dropped".into(), Value::Bare(lines.to_string()))];
        let error = error.map(|error| ("error".into(), Value::Text(error.to_owned())));
        fields.extend(error);
        self.line(message, fields)
    }

    /// The lines about places whose period is over, or about all of them.
    pub(super) fn held_back(&self, is_last: bool) -> Vec<String> {
        let held = self.repeat.take_over(is_last);
        held.iter().map(|held| self.of_held(held)).collect()
    }

    /// The line about what was held back of one place.
    pub(super) fn of_held(&self, held: &Held) -> String {
        let metadata = held.metadata;
        let place = metadata.file().zip(metadata.line());
        let mut fields = vec![
            ("held_back".into(), Value::Bare(held.lines.to_string())),
            ("of".into(), Value::Text(metadata.target().to_owned())),
        ];
        if let Some((file, line)) = place {
            fields.push(("place".into(), Value::Text(format!("{file}:{line}"))));
        }
        self.line("lines of one place came too often", fields)
    }

    /// The line about another filter, the time that it holds for, and the cause of the change.
    pub(super) fn filter_changed(
        &self,
        from: String,
        to: String,
        time: Option<Duration>,
        by: String,
    ) -> String {
        let mut fields = vec![
            ("from".into(), Value::Text(from)),
            ("to".into(), Value::Text(to)),
        ];
        let time = time.map(kit_units::format_duration);
        fields.extend(time.map(|time| ("for".into(), Value::Text(time))));
        fields.push(("by".into(), Value::Text(by)));
        self.line("the filter of the log was changed", fields)
    }

    fn line(&self, message: &str, fields: Vec<(std::borrow::Cow<'static, str>, Value)>) -> String {
        let line = Line {
            time: SystemTime::now(),
            level: Level::WARN,
            target: module_path!(),
            message: message.to_owned(),
            fields,
            ids: Vec::new(),
            identity: self.identity.fields(),
        };
        self.format.write(&line)
    }
}

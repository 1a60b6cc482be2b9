//! The flag of one setting.

use std::ffi::OsString;

use clap::{Arg, ArgAction, ArgMatches};

use crate::mask::masked;
use crate::print::written;
use crate::shape::{Kind, Place};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::Node;

const HEADING: &str = "Settings";

/// The flag of one setting.
#[derive(Debug)]
pub(super) struct KeyFlag {
    pub(super) key: String,
    pub(super) is_secret: bool,
    is_url: bool,
    help: String,
    value: &'static str,
    is_switch: bool,
}

impl KeyFlag {
    /// `None` for a table, whose settings have flags themselves, and for a key with other characters than
    /// letters, digits, `_` and `-`.
    pub(super) fn of(key: &KeyPath, place: &Place<'_>, default: Option<&Node>) -> Option<KeyFlag> {
        let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let is_plain = key.steps().iter().all(|step| match step {
            Step::Key(key) => key.chars().all(is_bare) && !key.starts_with('-'),
            Step::Index(_) => false,
        });
        let is_table = |kind: &Kind<'_>| matches!(kind, Kind::Table(_) | Kind::Null);
        if !is_plain || place.kinds().iter().all(is_table) {
            return None;
        }
        let is_switch = place.kinds().iter().all(|kind| matches!(kind, Kind::Bool));
        Some(KeyFlag {
            key: key.to_string(),
            is_secret: place.is_secret(),
            is_url: place.is_url(),
            help: help(place, default),
            value: value_name(place),
            is_switch,
        })
    }

    /// The name of the flag, without dashes at its beginning: the key with `-` for `_`.
    pub(super) fn name(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Its name, and the key if that is another one.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = vec![self.name()];
        names.extend((names[0] != self.key).then(|| self.key.clone()));
        names
    }

    /// Its variable: `ORDERS_HTTP_PORT` for `http.port` and the prefix `ORDERS`.
    pub(super) fn variable(&self, prefix: &str) -> String {
        let key = self.key.replace(['.', '-'], "_");
        format!("{prefix}_{key}").to_uppercase()
    }

    /// The argument's id, which no field of a program has.
    pub(super) fn id(&self) -> String {
        format!("setting {}", self.key)
    }

    /// The value from the command line or the variable; `None` also for a text that is not UTF-8.
    pub(super) fn value(&self, matches: &ArgMatches) -> Option<String> {
        if self.is_secret {
            let value = matches.get_one::<OsString>(&self.id())?;
            return value.to_str().map(str::to_owned);
        }
        matches.get_one::<String>(&self.id()).cloned()
    }

    /// A secret's flag is hidden, and takes any value, so that its error does not come from clap, which would
    /// repeat the value.
    pub(super) fn to_arg(&self, prefix: Option<&str>) -> Arg {
        let mut names = self.names().into_iter();
        let arg = match prefix {
            Some(prefix) => Arg::new(self.id()).env(self.variable(prefix)),
            None => Arg::new(self.id()),
        };
        let arg = arg
            .long(names.next().unwrap_or_default())
            .aliases(names)
            .action(ArgAction::Set)
            .allow_negative_numbers(true)
            .help_heading(HEADING);
        if self.is_secret {
            return arg
                .hide(true)
                .num_args(0..=1)
                .value_parser(clap::value_parser!(OsString));
        }
        let arg = arg
            .value_name(self.value)
            .hide_env_values(self.is_url)
            .help(self.help.clone())
            .hide_short_help(true);
        if self.is_switch {
            return arg
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true");
        }
        arg
    }
}

/// The first sentence of the documentation, and the default.
fn help(place: &Place<'_>, default: Option<&Node>) -> String {
    let text = place.description().unwrap_or_default();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = line.split(". ").next().unwrap_or_default();
    let sentence = sentence.strip_suffix('.').unwrap_or(sentence);
    let default = default.map(|node| masked(node, Some(place)));
    let default = match default.and_then(|node| written::inline(&node.value)) {
        Some(default) => format!("[default: {default}]"),
        None => "[default: none]".to_owned(),
    };
    format!("{sentence} {default}").trim_start().to_owned()
}

fn value_name(place: &Place<'_>) -> &'static str {
    let mut kinds = place
        .kinds()
        .iter()
        .filter(|kind| !matches!(kind, Kind::Null));
    match kinds.next() {
        Some(Kind::Integer(_) | Kind::Float(_)) => "NUMBER",
        Some(Kind::Bool) => "BOOL",
        Some(Kind::List(_)) => "LIST",
        Some(Kind::Text(text)) if text.one_of.is_some() => "NAME",
        Some(Kind::Text(text)) => match text.format {
            Some("duration" | "duration-text") => "TIME",
            Some("size" | "size-text") => "SIZE",
            Some("address") => "ADDR",
            Some("uri" | "url") => "URL",
            _ => "TEXT",
        },
        _ => "VALUE",
    }
}

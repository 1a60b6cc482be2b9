//! The command line: `--set http.addr=:8000`, and flags that stand for one setting.

use super::assignment::{Assignment, Repeated, gather};
use super::layer::Layer;
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;
use key::{is_bare, parse_key};

mod key;

/// The settings of the command line, in its order: of two for the same key, the later one counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    assignments: Vec<Assignment>,
    problems: Vec<Problem>,
}

impl Flags {
    /// What follows `--set`: a key as in TOML, with `[0]` for the first value of a list, `=`, and the
    /// value, which is taken as it is. The text after `=` may be empty.
    pub(crate) fn set(&mut self, argument: &str) {
        let known = argument.find(|c| !is_bare(c) && !".[]".contains(c));
        let begin = &argument[..known.unwrap_or(argument.len())];
        let origin = Origin::Flag(format!("--set {begin}").into());
        let refused = |message: String| {
            let what = What::Syntax {
                message: format!("{message}; it has to be `--set key=value`"),
            };
            Problem::new(origin.clone(), KeyPath::root(), what)
        };
        // What follows a wrong key may be a secret, and is not repeated.
        let parsed = parse_key(argument).and_then(|(key, rest)| {
            let text = rest.trim_start().strip_prefix('=');
            text.map(|text| (key, text))
                .ok_or_else(|| "no `=` follows the key".to_owned())
        });
        match parsed {
            Ok((key, text)) => self.assignments.push(Assignment {
                origin: Origin::Flag(format!("--set {key}").into()),
                key,
                text: text.to_owned(),
            }),
            Err(message) => self.problems.push(refused(message)),
        }
    }

    /// A flag, such as `--http-addr`, that stands for this key.
    pub(crate) fn flag(&mut self, key: &str, flag: &str, value: &str) {
        self.add(key, value, Origin::Flag(flag.into()));
    }

    /// A variable that the program takes for a flag which stands for this key.
    pub(crate) fn variable(&mut self, key: &str, name: &str, value: &str) {
        self.add(key, value, Origin::Variable(name.into()));
    }

    fn add(&mut self, key: &str, value: &str, origin: Origin) {
        let parsed = parse_key(key).and_then(|(key, rest)| match rest {
            "" => Ok(key),
            rest => Err(format!("{rest:?} is left over")),
        });
        match parsed {
            Ok(key) => self.assignments.push(Assignment {
                key,
                text: value.to_owned(),
                origin,
            }),
            Err(reason) => {
                let message = format!("the flag stands for {key:?}, which is no key: {reason}");
                let what = What::Other { message };
                self.problems
                    .push(Problem::new(origin, KeyPath::root(), what));
            }
        }
    }

    pub(crate) fn read(&self) -> Layer {
        let origin = Origin::Flag("".into());
        let mut layer = gather(origin, self.assignments.iter().cloned(), Repeated::Counts);
        layer.problems.splice(..0, self.problems.iter().cloned());
        layer
    }
}

#[cfg(test)]
mod tests;

//! The command line: `--set http.addr=:8000`, and flags that stand for one setting.

use std::collections::HashMap;

use super::assignment::{Assignment, Repeated, gather};
use super::layer::Layer;
use crate::problem::{Problem, What};
use crate::tree::key::{KeyPath, is_bare, parse_key};
use crate::tree::origin::Origin;

/// The settings of the command line: of two for the same key, the later one counts. Those by the variables of
/// flags are below them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    given: Vec<(ArgumentPlace, Assignment)>,
    variables: Vec<Assignment>,
    problems: Vec<Problem>,
    /// What follows each `--set` that is still to come, with its place on the command line.
    pub(crate) places: Vec<(String, usize)>,
    /// About the variables of flags.
    pub(crate) warnings: Vec<Problem>,
}

/// A place on the command line. Where it is not known, `--set` counts more than a flag, as the way that is
/// there for all settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ArgumentPlace {
    UnknownOfFlag,
    Known(usize),
    UnknownOfSet,
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
        let parsed = parse_key(argument, is_bare).and_then(|(key, rest)| {
            let text = rest.trim_start().strip_prefix('=');
            text.map(|text| (key, text))
                .ok_or_else(|| "no `=` follows the key".to_owned())
        });
        let mut places = self.places.iter();
        let place = match places.position(|(text, _)| text == argument) {
            Some(at) => ArgumentPlace::Known(self.places.remove(at).1),
            None => ArgumentPlace::UnknownOfSet,
        };
        match parsed {
            Ok((key, text)) => {
                let assignment = Assignment {
                    origin: Origin::Flag(format!("--set {key}").into()),
                    key,
                    text: text.to_owned(),
                };
                self.given.push((place, assignment));
            }
            Err(message) => self.problems.push(refused(message)),
        }
    }

    /// A flag, such as `--http-addr`, that stands for this key.
    pub(crate) fn flag(&mut self, key: &str, flag: &str, value: &str, place: Option<usize>) {
        let place = place.map_or(ArgumentPlace::UnknownOfFlag, ArgumentPlace::Known);
        let assignment = self.assignment(key, value, Origin::Flag(flag.into()));
        self.given
            .extend(assignment.map(|assignment| (place, assignment)));
    }

    /// A variable that the program takes for a flag which stands for this key.
    pub(crate) fn variable(&mut self, key: &str, name: &str, value: &str) {
        let assignment = self.assignment(key, value, Origin::Variable(name.into()));
        self.variables.extend(assignment);
    }

    /// `None` with a problem if the key is none.
    fn assignment(&mut self, key: &str, value: &str, origin: Origin) -> Option<Assignment> {
        let parsed = parse_key(key, is_bare).and_then(|(key, rest)| match rest {
            "" => Ok(key),
            rest => Err(format!("{rest:?} is left over")),
        });
        match parsed {
            Ok(key) => Some(Assignment {
                key,
                text: value.to_owned(),
                origin,
            }),
            Err(reason) => {
                let message = format!("the flag stands for {key:?}, which is no key: {reason}");
                let what = What::Other { message };
                self.problems
                    .push(Problem::new(origin, KeyPath::root(), what));
                None
            }
        }
    }

    /// What the variables of flags give; `None` for nothing.
    pub(crate) fn read_variables(&self) -> Option<Layer> {
        let origin = Origin::Variable("".into());
        let assignments = self.variables.iter().cloned();
        (!self.variables.is_empty()).then(|| gather(origin, assignments, Repeated::Counts))
    }

    /// What the command line gives, and later gives otherwise: of a key that is given three times, the first two.
    /// It counts for nothing but for its mistakes.
    pub(crate) fn read_replaced(&self) -> Vec<Layer> {
        let mut later: HashMap<KeyPath, usize> = HashMap::new();
        let mut layers: Vec<Vec<Assignment>> = Vec::new();
        for assignment in self.in_order().into_iter().rev() {
            let count = later.entry(assignment.key.clone()).or_default();
            if let Some(index) = count.checked_sub(1) {
                layers.resize_with(layers.len().max(index + 1), Vec::new);
                layers[index].push(assignment);
            }
            *count += 1;
        }
        let layers = layers.into_iter().rev();
        let gathered = layers.map(|layer| {
            gather(
                Origin::Flag("".into()),
                layer.into_iter().rev(),
                Repeated::Counts,
            )
        });
        gathered.collect()
    }

    /// From those that count least; of equal places, the order stays that of the calls.
    fn in_order(&self) -> Vec<Assignment> {
        let mut given = self.given.clone();
        given.sort_by_key(|(place, _)| *place);
        given
            .into_iter()
            .map(|(_, assignment)| assignment)
            .collect()
    }

    /// What the command line gives.
    pub(crate) fn read(&self) -> Layer {
        let assignments = self.in_order();
        let mut layer = gather(Origin::Flag("".into()), assignments, Repeated::Counts);
        layer.problems.splice(..0, self.problems.iter().cloned());
        layer
    }
}

#[cfg(test)]
mod tests;

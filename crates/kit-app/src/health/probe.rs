//! The answer to a probe: yes or no, and the facts behind it.

use std::fmt;

/// The answer to a probe: yes or no, and the facts behind it.
///
/// [`Display`](fmt::Display) is one line for each fact, and one for the whole:
///
/// ```text
/// [+] started: ready 12.0s ago
/// [+] stop: none
/// [-] check database: failing, 3 failures in a row, 2.1s ago: connection refused
/// [ ] registration etcd://10.0.0.7:2379: not shown: …
/// not ready
/// ```
///
/// `[+]` is good, `[-]` is the reason of a no, and `[ ]` is bad and changes nothing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Probe {
    /// The question: `live`, `ready` or `started`.
    pub what: &'static str,
    /// The answer.
    pub passes: bool,
    /// The facts behind it.
    pub facts: Vec<Fact>,
}

/// One fact behind the answer to a probe.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fact {
    /// What it is about, such as `drain`, or `check database`.
    pub name: String,
    /// Whether it is as it should be.
    pub passes: bool,
    /// Whether the answer depends on it.
    pub required: bool,
    /// More about it, in a line.
    pub detail: String,
}

impl Probe {
    pub(super) fn new(what: &'static str, facts: Vec<Fact>) -> Probe {
        let passes = facts.iter().all(|fact| fact.passes || !fact.required);
        Probe {
            what,
            passes,
            facts,
        }
    }

    /// `ok`, or the answer with its reasons.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.passes {
            return "ok".to_owned();
        }
        let mut text = format!("not {}", self.what);
        for fact in self.reasons() {
            text.push('\n');
            text.push_str(&fact.to_string());
        }
        text
    }

    /// The facts that are the reason of a no; none when the answer is yes.
    pub fn reasons(&self) -> impl Iterator<Item = &Fact> {
        self.facts
            .iter()
            .filter(|fact| fact.required && !fact.passes)
    }
}

impl Fact {
    pub(super) fn new(name: impl Into<String>, passes: bool, detail: impl Into<String>) -> Fact {
        Fact {
            name: name.into(),
            passes,
            required: true,
            detail: detail.into(),
        }
    }

    pub(super) fn informational(self) -> Fact {
        Fact {
            required: false,
            ..self
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match (self.passes, self.required) {
            (true, _) => '+',
            (false, true) => '-',
            (false, false) => ' ',
        };
        write!(f, "[{mark}] {}: {}", self.name, self.detail)
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fact in &self.facts {
            writeln!(f, "{fact}")?;
        }
        let not = if self.passes { "" } else { "not " };
        write!(f, "{not}{}", self.what)
    }
}

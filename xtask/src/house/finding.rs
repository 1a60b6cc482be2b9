//! A breach of a rule, and where it stands.

/// The rules, by the name that a finding bears and `--rule` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Rule {
    /// Words that do not stand in comments, messages and names (docs/src/words.md).
    Words,
    /// `is_` and `has_` ask: `&self`, and an answer of `bool` or `Option`.
    Questions,
    /// A limit or timeout is a `Duration` or a number, a deadline an instant.
    Times,
    /// A private type does not have the name of another private type of its crate.
    Names,
    /// A type's own `impl` stands in the file of the type.
    Impls,
    /// No file imports another one that, over any way round, imports the first.
    Circles,
    /// `pub(in …)` is for what cannot be done otherwise.
    Visibility,
    /// A function of more than thirty lines has a paragraph that says how it works.
    Functions,
    /// A state type has at most twelve fields, those of the structs in its file that it owns included.
    Fields,
}

impl Rule {
    pub(super) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// One breach.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) rule: Rule,
    pub(super) message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            path,
            line,
            rule,
            message,
        } = self;
        write!(formatter, "{path}:{line}: {}: {message}", rule.name())
    }
}

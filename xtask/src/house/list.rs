//! The words that do not stand in comments, messages and names, and what stands there instead.

/// A word or phrase, in lower case; `|` separates spellings of one place of the phrase.
pub(super) struct Forbidden {
    pub(super) phrase: &'static str,
    pub(super) instead: &'static str,
}

pub(super) const FORBIDDEN: [Forbidden; 9] = [
    Forbidden {
        phrase: "told",
        instead: "a token is cancelled, a person is warned, a failure is reported or logged",
    },
    Forbidden {
        phrase: "whoever",
        instead: "name the subject: the caller, the task, the process",
    },
    Forbidden {
        phrase: "whom",
        instead: "name the object: the caller, the task, the process",
    },
    Forbidden {
        phrase: "nobody|noone",
        instead: "name the subject and negate the verb: `no task waits`, `the reader has gone`",
    },
    Forbidden {
        phrase: "somebody|someone|anybody|everybody",
        instead: "name the subject: a client, another crate, the caller",
    },
    Forbidden {
        phrase: "no one",
        instead: "name the subject and negate the verb: `no task waits`, `the reader has gone`",
    },
    Forbidden {
        phrase: "for ever|evermore",
        instead: "without end, without a limit, never ends, until the process ends",
    },
    Forbidden {
        phrase: "forever",
        instead: "without end, without a limit, never ends, until the process ends",
    },
    Forbidden {
        phrase: "of its|their|our|your own",
        instead: "`its own …`, `a separate …`, or leave it out",
    },
];

/// What a `who` may refer to: people.
pub(super) const PEOPLE: [&str; 18] = [
    "attacker",
    "author",
    "authors",
    "developer",
    "developers",
    "engineer",
    "engineers",
    "maintainer",
    "maintainers",
    "newcomer",
    "operator",
    "operators",
    "people",
    "person",
    "reader",
    "readers",
    "user",
    "users",
];

/// Words in names of types, functions, fields and variables, with their camel case taken apart.
pub(super) const IN_NAMES: [&str; 7] = [
    "told", "whoever", "whom", "nobody", "somebody", "anybody", "who",
];

/// Words that are no noun: after "of its own" they show that it stands alone.
pub(super) const OF_GRAMMAR: [&str; 41] = [
    "after", "also", "and", "anyway", "are", "as", "at", "because", "before", "beside", "but",
    "by", "can", "for", "from", "has", "have", "if", "in", "is", "like", "may", "must", "on", "or",
    "over", "so", "than", "that", "the", "then", "through", "to", "too", "under", "until", "when",
    "where", "which", "while", "with",
];

/// Verbs before which `what is …` is a question that is reported, and no noun.
pub(super) const OF_SAYING: [&str; 33] = [
    "ask",
    "asked",
    "asks",
    "check",
    "checks",
    "decide",
    "decides",
    "describe",
    "describes",
    "explain",
    "explains",
    "find",
    "know",
    "known",
    "knows",
    "learn",
    "learns",
    "name",
    "names",
    "print",
    "prints",
    "report",
    "reports",
    "said",
    "say",
    "saying",
    "says",
    "see",
    "sees",
    "show",
    "shows",
    "tell",
    "tells",
];

/// Words whose number is shown although only a reader can judge a single one.
pub(super) const COUNTED: [(&str, &[&str]); 17] = [
    ("who", &["who", "who's"]),
    ("whoever, whom", &["whoever", "whom"]),
    ("nobody, no one", &["nobody", "noone"]),
    (
        "somebody, anybody",
        &["somebody", "someone", "anybody", "everybody"],
    ),
    ("told", &["told"]),
    ("tell, tells", &["tell", "tells", "telling"]),
    ("what is/was/has", &["what"]),
    ("so many/much/long", &["so"]),
    ("for ever", &["for", "forever"]),
    ("of its own", &["of"]),
    ("kill", &["kill", "kills", "killed"]),
    ("until", &["until"]),
    ("busy", &["busy"]),
    ("lose, lost", &["lose", "loses", "lost"]),
    ("part", &["part", "parts"]),
    ("address", &["address", "addresses"]),
    ("node", &["node", "nodes"]),
];

/// Those of [`COUNTED`] that are phrases, counted where the lint finds them.
pub(super) const PHRASES: [&str; 4] = ["what", "so", "for", "of"];

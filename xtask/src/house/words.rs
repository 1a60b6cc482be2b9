//! Words that do not stand in comments, in messages and in names, and what stands there instead.
//!
//! The table of docs/src/words.md says why. A word is looked for where it can be recognised without
//! understanding the sentence; the others are for the reviewer.

use super::finding::{Finding, Rule};
use super::source::Text;
use super::tree::File;

/// A word or phrase, in lower case; `|` separates spellings of one place of the phrase.
struct Forbidden {
    phrase: &'static str,
    instead: &'static str,
}

const FORBIDDEN: [Forbidden; 9] = [
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

/// This file has the words in it.
const HERE: &str = "xtask/src/house/words.rs";

/// What a `who` may refer to: people.
const PEOPLE: [&str; 18] = [
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
const IN_NAMES: [&str; 7] = [
    "told", "whoever", "whom", "nobody", "somebody", "anybody", "who",
];

/// Verbs before which `what is …` is a question that is reported, and no noun.
const OF_SAYING: [&str; 33] = [
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
pub(crate) const COUNTED: [(&str, &[&str]); 17] = [
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
const PHRASES: [&str; 4] = ["what", "so", "for", "of"];

/// The breaches in a file's comments, prose strings and names.
pub(crate) fn check(file: &File) -> Vec<Finding> {
    if file.path == HERE {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut add = |line, message| {
        findings.push(Finding {
            path: file.path.clone(),
            line,
            rule: Rule::Words,
            message,
        });
    };
    for comment in &file.source.comments {
        for hit in find(&prose(&comment.text)) {
            add(
                comment.line_of(hit.at),
                format!("\"{}\" in a comment: {}", hit.word, hit.instead),
            );
        }
    }
    for string in file.source.strings.iter().filter(|string| is_prose(string)) {
        for hit in find(&string.text) {
            add(
                string.line_of(hit.at),
                format!("\"{}\" in a message: {}", hit.word, hit.instead),
            );
        }
    }
    for (line, name, word) in names(&file.source.code) {
        add(
            line,
            format!("`{name}` has \"{word}\" in it: say what it is in the words of the field"),
        );
    }
    findings
}

/// How often one of these words stands in a comment.
pub(crate) fn count(comment: &str, spellings: &[&str]) -> usize {
    let text = prose(comment);
    if PHRASES.contains(&spellings[0]) {
        let hits = find(&text).into_iter();
        let first = |hit: &Hit| hit.word.split(' ').next().map(str::to_owned);
        return hits
            .filter_map(|hit| first(&hit))
            .filter(|word| spellings.contains(&word.as_str()))
            .count();
    }
    let lower = text.to_lowercase();
    let words = split(&lower).into_iter();
    words.filter(|word| spellings.contains(&word.text)).count()
}

/// Whether a literal is a sentence or a part of one, and no key, path or pattern.
fn is_prose(string: &Text) -> bool {
    string.text.trim().contains(' ')
}

/// A comment without its code: what stands in backticks, and fenced blocks, become blanks.
fn prose(comment: &str) -> String {
    let mut prose = String::new();
    let mut fenced = false;
    for line in comment.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        if fence {
            fenced = !fenced;
        }
        let mut quoted = fence || fenced;
        for char in line.chars() {
            if char == '`' {
                quoted = !quoted;
            }
            // An underscore is part of no word of a phrase, so code separates the words around it.
            let blank = if char.is_whitespace() || char.is_ascii_punctuation() {
                char
            } else {
                '_'
            };
            let padding =
                std::iter::repeat_n(blank, if blank == char { 1 } else { char.len_utf8() });
            if quoted {
                prose.extend(padding);
            } else {
                prose.push(char);
            }
        }
    }
    prose
}

/// A forbidden word, and where it begins.
#[derive(Debug)]
struct Hit {
    at: usize,
    word: String,
    instead: &'static str,
}

/// A word, what separates it from the one before, and where it begins.
struct Word<'a> {
    at: usize,
    text: &'a str,
    gap: &'a str,
}

fn split(text: &str) -> Vec<Word<'_>> {
    let is_letter = |char: char| char.is_alphanumeric() || char == '\'' || char == '_';
    let mut words = Vec::new();
    let (mut at, mut end) = (0, 0);
    while let Some(begin) = text[at..].find(is_letter).map(|found| at + found) {
        let length = text[begin..].find(|char| !is_letter(char));
        at = length.map_or(text.len(), |length| begin + length);
        words.push(Word {
            at: begin,
            text: &text[begin..at],
            gap: &text[end..begin],
        });
        end = at;
    }
    words
}

/// Whether a sentence or an item of a list begins after this gap.
fn ends_a_sentence(gap: &str) -> bool {
    gap.contains(['.', '!', '?', ';', '|']) || gap.contains("\n\n") || gap.contains("\n - ")
}

/// All breaches in a text.
fn find(text: &str) -> Vec<Hit> {
    let lower = text.to_lowercase();
    if lower.len() != text.len() {
        return Vec::new();
    }
    let words = split(&lower);
    let mut hits = Vec::new();
    for at in 0..words.len() {
        if let Some((length, instead)) = judge(&words, at) {
            let word: Vec<_> = words[at..at + length]
                .iter()
                .map(|word| word.text)
                .collect();
            hits.push(Hit {
                at: words[at].at,
                word: word.join(" "),
                instead,
            });
        }
    }
    hits
}

/// Whether a breach begins at a word: how many words it has, and what to write.
fn judge(words: &[Word<'_>], at: usize) -> Option<(usize, &'static str)> {
    for rule in &FORBIDDEN {
        let phrase: Vec<_> = rule.phrase.split(' ').collect();
        let Some(found) = words.get(at..at + phrase.len()) else {
            continue;
        };
        let matches = |(word, spellings): (&Word<'_>, &&str)| {
            spellings.split('|').any(|one| one == word.text)
        };
        let joined = found[1..].iter().all(|word| word.gap.trim().is_empty());
        if joined && found.iter().zip(&phrase).all(matches) {
            return Some((phrase.len(), rule.instead));
        }
    }
    let word = &words[at];
    let begins = at == 0 || ends_a_sentence(word.gap);
    let before = if begins { "" } else { words[at - 1].text };
    let after = words.get(at + 1).filter(|next| next.gap.trim().is_empty());
    let after = after.map_or("", |next| next.text);
    match word.text {
        "who" | "who's" if !PEOPLE.contains(&before) => Some((
            1,
            "name the subject; a program is \"that\", and only people are \"who\"",
        )),
        "what" if ["is", "was", "has", "had", "were"].contains(&after) => {
            is_noun(words, at, begins, before)
                .then_some((2, "use a noun in place of \"what is …\""))
        }
        "so" if ["many", "much", "long"].contains(&after) => is_headless(words, at)
            .then_some((2, "say how many, or what the number is compared with")),
        _ => None,
    }
}

/// Whether `what is …` stands as a noun: not as a question, and not after a verb of saying.
///
/// "In flight" is the exception: the book's own definition of a drain has it.
fn is_noun(words: &[Word<'_>], at: usize, begins: bool, before: &str) -> bool {
    let end = words[at + 1..]
        .iter()
        .find(|word| ends_a_sentence(word.gap));
    let is_question = end.is_some_and(|end| end.gap.contains('?'));
    let object: Vec<_> = words[at + 1..]
        .iter()
        .take(3)
        .map(|word| word.text)
        .collect();
    let prepositions = [
        "of", "for", "from", "with", "to", "by", "in", "than", "and", "beside", "after", "before",
    ];
    let is_noun = begins || prepositions.contains(&before);
    is_noun && !is_question && !OF_SAYING.contains(&before) && object != ["is", "in", "flight"]
}

/// Whether "so many" stands without the "that" or "as" that would make it a comparison.
fn is_headless(words: &[Word<'_>], at: usize) -> bool {
    let mut rest = words[at + 2..].iter();
    let sentence = rest.by_ref().take_while(|word| !ends_a_sentence(word.gap));
    !sentence
        .into_iter()
        .any(|word| ["that", "as"].contains(&word.text))
}

/// The names in a file's code that have a forbidden word in them: line, name and word.
fn names(code: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for word in split(line) {
            let name = word.text.trim_start_matches('\'');
            let parts = parts(name);
            if let Some(part) = parts.iter().find(|part| IN_NAMES.contains(&part.as_str())) {
                found.push((number + 1, name.to_owned(), part.clone()));
            }
        }
    }
    found
}

/// `HasTold` and `has_told` are "has" and "told".
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut after_small = false;
    for char in name.chars() {
        if char == '_' || (char.is_uppercase() && after_small) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| char != '_') {
            part.extend(char.to_lowercase());
        }
        after_small = char.is_lowercase();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{find, names, prose};

    fn hits(text: &str) -> Vec<String> {
        find(&prose(text)).into_iter().map(|hit| hit.word).collect()
    }

    #[test]
    fn a_forbidden_word_is_found_whole_and_over_the_end_of_a_line() {
        assert_eq!(hits(" The task is told.\n"), ["told"]);
        assert_eq!(hits(" It waits for\n ever.\n"), ["for ever"]);
        assert_eq!(
            hits(" A thread of its own, for everything.\n"),
            ["of its own"]
        );
        assert!(hits(" Toldness is for every one.\n").is_empty());
    }

    #[test]
    fn code_in_a_comment_is_no_prose() {
        assert!(hits(" The field `told` is gone; `for` ever so slightly.\n").is_empty());
        assert!(hits(" ```\n // nobody\n ```\n").is_empty());
        assert_eq!(hits(" ```\n // nobody\n ```\n nobody\n"), ["nobody"]);
    }

    #[test]
    fn only_people_are_who() {
        assert_eq!(
            hits(" Who connects holds a socket. A client who waits.\n"),
            ["who", "who"]
        );
        assert!(hits(" A reader who comes back, and users who do not.\n").is_empty());
    }

    #[test]
    fn what_is_no_question_and_stands_for_a_noun_is_found() {
        assert_eq!(hits(" What is queued goes first.\n"), ["what is"]);
        assert_eq!(hits(" The number of what was cut.\n"), ["what was"]);
        assert!(
            hits(" What is it? It says what is wrong, and finishes what is in flight.\n")
                .is_empty()
        );
    }

    #[test]
    fn so_many_needs_a_comparison() {
        assert_eq!(hits(" So many have their place.\n"), ["so many"]);
        assert!(hits(" There are so many that it waits, so long as it can.\n").is_empty());
    }

    #[test]
    fn names_are_taken_apart() {
        let found: Vec<_> = names("let has_told = ToldGuard;\nlet whole = Who;")
            .into_iter()
            .map(|(line, name, _)| (line, name))
            .collect();
        let expected = [(1, "has_told"), (1, "ToldGuard"), (2, "Who")];
        assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
    }
}

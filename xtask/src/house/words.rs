//! Words that do not stand in comments, in messages and in names, and what stands there instead.
//!
//! The table of docs/src/words.md says why. A word is looked for where it can be recognised without
//! understanding the sentence; the others are for the reviewer.

use super::finding::{Finding, Rule};
use super::list::{IN_NAMES, PHRASES};
use super::phrases::{Hit, find, prose, split};
use super::source::Text;
use super::tree::File;

/// The files that have the words in them: the list, and the tests of the search.
const EXAMPLES: [&str; 3] = [
    "xtask/src/house/list.rs",
    "xtask/src/house/phrases.rs",
    "xtask/src/house/words.rs",
];

/// The breaches in a file's comments, prose strings and names.
///
/// A comment is searched without the code in it, a string only if it is prose, and a name by its
/// parts.
pub(super) fn check(file: &File) -> Vec<Finding> {
    if EXAMPLES.contains(&file.path.as_str()) {
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
pub(super) fn count(comment: &str, spellings: &[&str]) -> usize {
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

/// `WasAsked` and `was_asked` are both "was" and "asked".
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
    use super::names;

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

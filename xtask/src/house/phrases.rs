//! Finds forbidden words and phrases in prose.

use super::list::{FORBIDDEN, OF_GRAMMAR, OF_SAYING, PEOPLE};

/// A comment without its code: what stands in backticks, and fenced blocks, become blanks.
pub(super) fn prose(comment: &str) -> String {
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
pub(super) struct Hit {
    pub(super) at: usize,
    pub(super) word: String,
    pub(super) instead: &'static str,
}

/// A word, what separates it from the one before, and where it begins.
pub(super) struct Word<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
    gap: &'a str,
}

pub(super) fn split(text: &str) -> Vec<Word<'_>> {
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
pub(super) fn find(text: &str) -> Vec<Hit> {
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
        let is_whole = || !rule.phrase.ends_with("own") || !has_noun(words, at + phrase.len());
        if joined && is_whole() && found.iter().zip(&phrase).all(matches) {
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

/// Whether a noun follows, as in "the tests of its own crate": a word that is none of grammar's.
fn has_noun(words: &[Word<'_>], at: usize) -> bool {
    let next = words.get(at).filter(|next| next.gap.trim().is_empty());
    next.is_some_and(|next| !OF_GRAMMAR.contains(&next.text))
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

#[cfg(test)]
mod tests {
    use super::{find, prose};

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
        assert!(hits(" The tests of its own crate.\n").is_empty());
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
}

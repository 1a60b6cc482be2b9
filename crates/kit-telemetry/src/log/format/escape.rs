//! Texts from outside, so that they stay in their line and are shown as they are.

use std::fmt::Write as _;

/// Whether a character could end a line, move the cursor of a terminal, or turn the direction of a text.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// A text without quotes: characters that are unsafe are written as escapes.
pub(super) fn plain(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str(r"\\"),
            character => escaped(out, character),
        }
    }
}

/// In quotes, unless it is one word.
pub(super) fn quoted_if_needed(out: &mut String, text: &str) {
    let is_word = |character: char| {
        !character.is_whitespace()
            && !matches!(character, '"' | '=' | '\\')
            && !is_unsafe(character)
    };
    if !text.is_empty() && text.chars().all(is_word) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str(r"\\"),
            character => escaped(out, character),
        }
    }
    out.push('"');
}

fn escaped(out: &mut String, character: char) {
    match character {
        '\n' => out.push_str(r"\n"),
        '\r' => out.push_str(r"\r"),
        '\t' => out.push_str(r"\t"),
        character if is_unsafe(character) => {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
        character => out.push(character),
    }
}

/// A key: one word, whatever the source has named the field.
pub(super) fn key(out: &mut String, key: &str) {
    for character in key.chars() {
        let is_word = !character.is_whitespace()
            && !matches!(character, '"' | '=' | '\\')
            && !is_unsafe(character);
        out.push(if is_word { character } else { '_' });
    }
}

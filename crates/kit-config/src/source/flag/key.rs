//! Keys as the command line writes them: those of TOML, with `[0]` for the first value of a list.

use ::toml::de::DeTable;

use crate::tree::key::{KeyPath, Step};

/// Whether a key with this character needs no quotes.
pub(super) fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The key at the beginning of a text, and what follows it.
///
/// Parts are bare, or in single or double quotes as in TOML; `.` stands between them, with spaces
/// around it if need be. An index stands right behind the list's key.
pub(super) fn parse_key(text: &str) -> Result<(KeyPath, &str), String> {
    let mut steps = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (key, after) = part(rest)?;
        steps.push(Step::Key(key));
        rest = after;
        while let Some(after) = rest.strip_prefix('[') {
            let (digits, after) = after.split_once(']').ok_or("a `[` needs its `]`")?;
            let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let index = digits.parse().ok().filter(|_| is_number);
            steps.push(Step::Index(index.ok_or(
                "between `[` and `]` belongs the number of a value, from 0",
            )?));
            rest = after;
        }
        match rest.trim_start().strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None => return Ok((steps.into_iter().collect(), rest)),
        }
    }
}

/// One part of a key, and what follows it.
fn part(text: &str) -> Result<(String, &str), String> {
    let end = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => end_of_quoted(text, quote).ok_or("a quote is not closed")?,
        _ => text.find(|c| !is_bare(c)).unwrap_or(text.len()),
    };
    let (written, rest) = text.split_at(end);
    if written.is_empty() {
        return Err(match rest.chars().next() {
            None | Some('=') => "the key is empty".to_owned(),
            Some('.') => "a part of the key is empty".to_owned(),
            Some(c) => format!("{c:?} cannot stand in a key without quotes"),
        });
    }
    let table = format!("{written} = 0");
    let key = DeTable::parse(&table)
        .ok()
        .and_then(|table| {
            Some(
                table
                    .get_ref()
                    .keys()
                    .next()?
                    .get_ref()
                    .clone()
                    .into_owned(),
            )
        })
        .ok_or("what stands in quotes is no text of TOML")?;
    Ok((key, rest))
}

/// Behind the closing quote.
fn end_of_quoted(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().skip(1).find_map(|(place, c)| {
        let is_end = c == quote && !is_escaped;
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
        is_end.then_some(place + c.len_utf8())
    })
}

//! The full key of a setting.

use std::fmt;

use ::toml::de::DeTable;

/// The full key of a setting, from the root: `http.addr`, `servers[0].name`. The root has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyPath(Vec<Step>);

/// One step from a table or a list to one of its values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl KeyPath {
    pub(crate) fn root() -> KeyPath {
        KeyPath::default()
    }

    pub(crate) fn key(&self, key: impl Into<String>) -> KeyPath {
        self.step(Step::Key(key.into()))
    }

    pub(crate) fn index(&self, index: usize) -> KeyPath {
        self.step(Step::Index(index))
    }

    pub(crate) fn step(&self, step: Step) -> KeyPath {
        let mut steps = self.0.clone();
        steps.push(step);
        KeyPath(steps)
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The value that holds this one; `None` for the root.
    pub(crate) fn parent(&self) -> Option<KeyPath> {
        let (_, steps) = self.0.split_last()?;
        Some(KeyPath(steps.to_vec()))
    }

    /// Whether this is `other`, or is inside of it.
    pub(crate) fn is_within(&self, other: &KeyPath) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl FromIterator<Step> for KeyPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> KeyPath {
        KeyPath(steps.into_iter().collect())
    }
}

/// As TOML writes it: a key with other characters than letters, digits, `_` and `-` stands in quotes.
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if number > 0 {
                        f.write_str(".")?;
                    }
                    if !key.is_empty() && key.chars().all(is_bare) {
                        f.write_str(key)?;
                    } else {
                        write!(f, "{key:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a key of TOML with this character needs no quotes.
pub(crate) fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The key at the beginning of a text, and what follows it.
///
/// Parts are bare, of the characters for which `is_bare` says yes, or in single or double quotes as in TOML; `.`
/// stands between them, with spaces around it if need be. An index stands right behind the list's key.
pub(crate) fn parse_key(text: &str, is_bare: fn(char) -> bool) -> Result<(KeyPath, &str), String> {
    let mut steps = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (key, after) = part(rest, is_bare)?;
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
///
/// The part ends at its closing quote, or before the first character that is not bare. The text in quotes has the
/// escapes of TOML, so TOML's own parser reads it, as the key of a table with one line.
fn part(text: &str, is_bare: fn(char) -> bool) -> Result<(String, &str), String> {
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
    if !written.starts_with(['"', '\'']) {
        return Ok((written.to_owned(), rest));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_in_toml() {
        let root = KeyPath::root();
        let of_server = root.key("servers").index(0).key("name");
        assert_eq!(of_server.to_string(), "servers[0].name");
        assert_eq!(root.key("a.b").key("").to_string(), r#""a.b"."""#);
        assert_eq!(root.to_string(), "");
        assert!(of_server.is_within(&root.key("servers")));
        assert!(!of_server.is_within(&root.key("server")));
    }
}

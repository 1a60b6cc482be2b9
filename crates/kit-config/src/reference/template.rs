//! A text with references in it.

use std::fmt;

use super::fault::Fault;
use super::key;
use crate::tree::key::KeyPath;

/// How deep defaults and paths can stand in each other.
const MAX_DEPTH: usize = 16;

/// A text with references in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template(pub(super) Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Reference(Reference),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reference {
    Variable {
        name: String,
        default: Option<Template>,
    },
    File(Template),
    Key(KeyPath),
}

impl Template {
    /// The text in its pieces, with each reference that is written wrongly, which is none of them.
    pub(super) fn parse(text: &str) -> (Template, Vec<Fault>) {
        let mut faults = Vec::new();
        let template = parse(text, MAX_DEPTH, &mut faults);
        (template, faults)
    }

    /// Its one reference, if there is nothing around it.
    pub(super) fn as_reference(&self) -> Option<&Reference> {
        match self.0.as_slice() {
            [Piece::Reference(reference)] => Some(reference),
            _ => None,
        }
    }
}

/// Without defaults, which may be secrets.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Reference(reference) => write!(f, "{reference}"),
        })
    }
}

/// Without its default, which may be a secret.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Variable { name, .. } => write!(f, "${{{name}}}"),
            Reference::File(path) => write!(f, "${{file:{path}}}"),
            Reference::Key(key) => write!(f, "${{key:{key}}}"),
        }
    }
}

/// The text as it has to be written to be read as itself: the dollar signs before a brace are doubled.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut dollars = 0;
    for c in text.chars() {
        if c == '{' {
            escaped.extend(std::iter::repeat_n('$', dollars));
        }
        dollars = if c == '$' { dollars + 1 } else { 0 };
        escaped.push(c);
    }
    escaped
}

/// Cuts the text at each run of dollar signs that a brace follows. Of such a run every two are one dollar
/// sign of the text, and an odd one at its end opens a reference, which reaches to the brace that closes it.
/// Behind one that is written wrongly the reading goes on, unless nothing closes it.
fn parse(text: &str, depth: usize, faults: &mut Vec<Fault>) -> Template {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(brace) = rest.find("${").map(|dollar| dollar + 1) {
        let before = rest[..brace].trim_end_matches('$');
        let dollars = brace - before.len();
        plain.push_str(before);
        plain.extend(std::iter::repeat_n('$', dollars / 2));
        rest = &rest[brace + 1..];
        if dollars.is_multiple_of(2) {
            plain.push('{');
            continue;
        }
        let Some(end) = closing_brace(rest) else {
            faults.push(Fault::NotClosed);
            break;
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        match depth.checked_sub(1) {
            Some(depth) => match reference(&rest[..end], depth, faults) {
                Ok(reference) => pieces.push(Piece::Reference(reference)),
                Err(fault) => faults.push(fault),
            },
            None => faults.push(Fault::TooDeep { limit: MAX_DEPTH }),
        }
        rest = &rest[end + 1..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Template(pieces)
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (place, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(place);
        }
    }
    None
}

/// What stands between the braces; faults inside of its default or path are added to the others.
fn reference(body: &str, depth: usize, faults: &mut Vec<Fault>) -> Result<Reference, Fault> {
    let Some((word, rest)) = body.split_once(':') else {
        return variable(body, None);
    };
    let is_kind = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    match word {
        "env" => match rest.split_once(':') {
            None => variable(rest, None),
            Some((name, default)) => variable(name, Some(parse(default, depth, faults))),
        },
        "file" if rest.is_empty() => Err(Fault::Empty),
        "file" => Ok(Reference::File(parse(rest, depth, faults))),
        "key" => match key::parse(rest) {
            Some(key) => Ok(Reference::Key(key)),
            None => Err(Fault::NoKey {
                key: rest.to_owned(),
            }),
        },
        _ if is_kind => Err(Fault::UnknownKind {
            word: word.to_owned(),
        }),
        name => variable(name, Some(parse(rest, depth, faults))),
    }
}

fn variable(name: &str, default: Option<Template>) -> Result<Reference, Fault> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name {
        "" | "file" | "key" | "env" => Err(Fault::Empty),
        name if name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_name) => {
            Err(Fault::NoName {
                name: name.to_owned(),
            })
        }
        name => Ok(Reference::Variable {
            name: name.to_owned(),
            default,
        }),
    }
}

//! YAML 1.2 with the types of its core schema: `yes` and `no` are texts, `0o17` is 15, `017` is 17.
//!
//! One document, whose keys are texts. A mapping's `<<` takes in the keys of another mapping, or of a
//! list of them, that are not set beside it, as YAML 1.1 had it and compose files use it.

use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScanError};

use super::layer::{Layer, MAX_DEPTH};
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::node::{Node, Value};
use crate::tree::text::SourceText;
use builder::Builder;

mod builder;
mod frame;
mod scalar;

/// Reads a document. At the first mistake of its form the reading ends, as what follows could mean
/// anything; all other mistakes are found.
pub(crate) fn parse(text: &Arc<SourceText>) -> Layer {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut builder = Builder::new(text);
    let mut documents = 0;
    let mut cut = Vec::new();
    for event in Parser::new_from_str_with_options(text.as_str(), options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                cut = builder.open_paths();
                builder.problem(place(&error), KeyPath::root(), said(&error));
                break;
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
        }
        let bytes = span.start.byte_offset().unwrap_or(0)..span.end.byte_offset().unwrap_or(0);
        if documents > 1 {
            let message = "a second document begins here; a file of settings has one".to_owned();
            builder.problem(bytes, KeyPath::root(), What::Syntax { message });
            break;
        }
        builder.take(event, bytes);
    }
    let (root, mut problems) = builder.end();
    let tree = match root {
        Some(node) if node.as_table().is_some() => node,
        None
        | Some(Node {
            value: Value::Null, ..
        }) => Layer::of_text(text).tree,
        Some(node) => {
            let message = "the document has to be a mapping: `key: value`".to_owned();
            problems.push(Problem::new(
                node.origin,
                KeyPath::root(),
                What::Syntax { message },
            ));
            Layer::of_text(text).tree
        }
    };
    Layer {
        tree,
        problems,
        cut,
    }
}

fn place(error: &ScanError) -> std::ops::Range<usize> {
    let start = error.marker().byte_offset().unwrap_or(0);
    start..start + 1
}

/// What the parser says; a tab is the mistake that its words explain least.
fn said(error: &ScanError) -> What {
    use granit_parser::ErrorKind;
    let message = match error.kind() {
        ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => {
            "a tab cannot indent; YAML takes spaces only".to_owned()
        }
        ErrorKind::UnknownAnchor => "no anchor of this name stands before".to_owned(),
        _ => error.info(),
    };
    let is_depth = message.contains("nesting") || message.contains("recursion");
    match is_depth {
        true => What::too_deep(MAX_DEPTH),
        false => What::Syntax { message },
    }
}

#[cfg(test)]
mod tests;

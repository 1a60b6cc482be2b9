//! Lists and tables in one text, as TOML writes them: `["a", "b"]`, `{ port = 8000 }`.

use crate::source::toml;
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;
use crate::tree::text::SourceText;

const KEY: &str = "value";

/// The list or table that a variable or a flag holds; the message says why it is none.
pub(super) fn parse(text: &str, origin: &Origin) -> Result<Node, String> {
    let document = SourceText::new("", format!("{KEY} = {text}\n"));
    let mut layer = toml::parse(&document);
    if let Some(problem) = layer.problems.first() {
        return Err(format!("is not written as TOML: {}", problem.what));
    }
    let value = match &mut layer.tree.value {
        Value::Table(table) => table.remove(KEY).map(|entry| entry.node),
        _ => None,
    };
    let mut value = value.ok_or("is not written as TOML")?;
    set_origin(&mut value, origin);
    Ok(value)
}

/// Its places in the text are of no use: the text is not shown.
fn set_origin(node: &mut Node, origin: &Origin) {
    node.origin = origin.clone();
    match &mut node.value {
        Value::List(list) => list.iter_mut().for_each(|node| set_origin(node, origin)),
        Value::Table(table) => {
            for entry in table.iter_mut() {
                entry.origin = origin.clone();
                set_origin(&mut entry.node, origin);
            }
        }
        _ => {}
    }
}

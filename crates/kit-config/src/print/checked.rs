//! The merged settings, each with its origin.

use crate::mask::masked;
use crate::shape::Shape;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

use super::written;

/// The settings as TOML, each value with its origin in a comment. Secrets are masked, and so is what came
/// from a secret or a file by a reference; texts are escaped, so that the page can be a file again.
pub(crate) fn checked(tree: &Node, shape: &Shape) -> String {
    let masked = masked(&written::escaped(tree), Some(&shape.root()));
    let mut page = String::from(
        "# The settings in use, each with the place it comes from. Secrets are masked.\n",
    );
    if let Value::Table(table) = &masked.value {
        write_table(&mut page, &[], table);
    }
    page
}

/// What stands on a line of this table first, then the tables that have headers: after a header, no line
/// belongs to this table any more.
fn write_table(page: &mut String, path: &[&str], table: &Table) {
    for entry in table
        .iter()
        .filter(|entry| !written::has_headers(&entry.node))
    {
        write_line(page, entry);
    }
    for entry in table.iter() {
        let mut path = path.to_vec();
        path.push(&entry.key);
        let header = written::header(&path);
        match &entry.node.value {
            Value::Table(inner) => {
                page.push_str(&format!("\n[{header}]\n"));
                write_table(page, &path, inner);
            }
            Value::List(list) if written::has_headers(&entry.node) => {
                for node in list {
                    let origin = written::comment(&node.origin);
                    page.push_str(&format!("\n[[{header}]] # {origin}\n"));
                    if let Value::Table(inner) = &node.value {
                        write_table(page, &path, inner);
                    }
                }
            }
            _ => {}
        }
    }
}

fn write_line(page: &mut String, entry: &Entry) {
    let key = written::key(&entry.key);
    let origin = written::comment(&entry.node.origin);
    match &entry.node.value {
        Value::List(list) if has_references(list, &entry.node.origin) => {
            page.push_str(&format!("{key} = [ # {origin}\n"));
            for node in list {
                let origin = written::comment(&node.origin);
                if let Some(value) = written::inline(&node.value) {
                    page.push_str(&format!("    {value}, # {origin}\n"));
                }
            }
            page.push_str("]\n");
        }
        value => match written::inline(value) {
            Some(value) => page.push_str(&format!("{key} = {value} # {origin}\n")),
            None => page.push_str(&format!("# {key} is not set: {origin}\n")),
        },
    }
}

/// Whether values of the list have another source than the list.
fn has_references(list: &[Node], origin: &Origin) -> bool {
    list.iter()
        .any(|node| matches!(node.origin, Origin::Reference(_)) && node.origin != *origin)
}

//! What differs between two trees of settings.

use std::fmt;

use super::fresh::Mark;
use super::same::is_same;
use crate::mask::{is_masked, is_written_hidden, url};
use crate::secret::MASK;
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Node, Value};

/// In place of a value that is not set.
const UNSET: &str = "(not set)";
/// How many characters of a value are shown.
const SHOWN: usize = 120;

/// A setting whose value has changed, as it is shown: `http.limit: 10 -> 20`. Secrets are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    key: String,
    before: String,
    after: String,
}

impl Change {
    /// The full key, such as `http.limit`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value before, as TOML writes it; `***` for a secret, `(not set)` for none.
    #[must_use]
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The value after.
    #[must_use]
    pub fn after(&self) -> &str {
        &self.after
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.key, self.before, self.after)
    }
}

/// Finds what has changed, key by key, in the order of the tree before.
pub(super) struct Differences<'a> {
    mark: &'a dyn Fn(&KeyPath) -> Mark,
    found: Vec<Change>,
}

impl<'a> Differences<'a> {
    pub(super) fn new(mark: &'a dyn Fn(&KeyPath) -> Mark) -> Differences<'a> {
        Differences {
            mark,
            found: Vec::new(),
        }
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.found
    }

    pub(super) fn extend(&mut self, found: Vec<Change>) {
        self.found.extend(found);
    }

    /// Adds what differs between two values of a key. Tables are compared by key, and lists of tables by
    /// index if they are of one length; of other values the whole is shown.
    pub(super) fn add(&mut self, key: &KeyPath, before: Option<&Node>, after: Option<&Node>) {
        if is_same(before, after) {
            return;
        }
        let steps = steps(before, after);
        if steps.is_empty() {
            let (before, after) = (self.shown(key, before), self.shown(key, after));
            let key = key.to_string();
            self.found.push(Change { key, before, after });
            return;
        }
        for step in steps {
            let below: KeyPath = [step.clone()].into_iter().collect();
            let part = |node: Option<&'_ Node>| node.and_then(|node| node.get(&below)).cloned();
            let (before, after) = (part(before), part(after));
            self.add(&key.step(step), before.as_ref(), after.as_ref());
        }
    }

    /// A value on one line, cut if it is long.
    fn shown(&self, key: &KeyPath, node: Option<&Node>) -> String {
        let Some(node) = node else {
            return UNSET.to_owned();
        };
        let value = Shown {
            mark: self.mark,
            key,
            node,
        };
        let text = value.to_string();
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

/// The steps to the parts by which two values are compared; none if they are compared as wholes.
fn steps(before: Option<&Node>, after: Option<&Node>) -> Vec<Step> {
    let table = |node: Option<&Node>| -> Option<Vec<String>> {
        match node.map(|node| &node.value) {
            None => Some(Vec::new()),
            Some(Value::Table(table)) => {
                Some(table.iter().map(|entry| entry.key.clone()).collect())
            }
            Some(_) => None,
        }
    };
    if let (Some(mut keys), Some(added)) = (table(before), table(after)) {
        let added: Vec<String> = added
            .into_iter()
            .filter(|key| !keys.contains(key))
            .collect();
        keys.extend(added);
        return keys.into_iter().map(Step::Key).collect();
    }
    let tables = |node: Option<&Node>| match node.map(|node| &node.value) {
        Some(Value::List(list)) if list.iter().all(|one| one.as_table().is_some()) => list.len(),
        _ => 0,
    };
    if tables(before) == tables(after) {
        return (0..tables(before)).map(Step::Index).collect();
    }
    Vec::new()
}

/// A value as TOML writes it on one line, with secrets masked.
struct Shown<'a> {
    mark: &'a dyn Fn(&KeyPath) -> Mark,
    key: &'a KeyPath,
    node: &'a Node,
}

impl Shown<'_> {
    fn part<'b>(&'b self, key: &'b KeyPath, node: &'b Node) -> Shown<'b> {
        let mark = self.mark;
        Shown { mark, key, node }
    }
}

impl fmt::Display for Shown<'_> {
    /// Each part of a list or a table is shown with its own key, so that a secret inside is masked; a value
    /// that is secret itself is masked as a whole, with everything in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_masked(self.node, (self.mark)(self.key).is_secret) {
            return f.write_str(MASK);
        }
        match &self.node.value {
            Value::Null => f.write_str(UNSET),
            Value::Text(text) if self.node.origin.is_url() || (self.mark)(self.key).is_url => {
                write!(f, "{:?}", url(text))
            }
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_)
                if is_written_hidden(self.node) =>
            {
                f.write_str(MASK)
            }
            Value::Bool(is_true) => write!(f, "{is_true}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Float(number) => write!(f, "{number:?}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::List(list) => {
                f.write_str("[")?;
                for (index, node) in list.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    let key = self.key.index(index);
                    write!(f, "{comma}{}", self.part(&key, node))?;
                }
                f.write_str("]")
            }
            Value::Table(table) => {
                f.write_str("{")?;
                for (number, entry) in table.iter().enumerate() {
                    let comma = if number == 0 { " " } else { ", " };
                    let name = KeyPath::root().key(entry.key.as_str());
                    let key = self.key.key(entry.key.as_str());
                    write!(f, "{comma}{name} = {}", self.part(&key, &entry.node))?;
                }
                f.write_str(" }")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::reload::fake::tree;
    use crate::tree::origin::{Brought, Origin};

    fn changes(before: &str, after: &str) -> Vec<String> {
        let mark = |key: &KeyPath| Mark {
            is_secret: key.to_string().ends_with("token"),
            ..Mark::default()
        };
        let mut differences = Differences::new(&mark);
        differences.add(&KeyPath::root(), Some(&tree(before)), Some(&tree(after)));
        let changes = differences.into_changes();
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_key_is_shown_with_both_values() {
        let before = r#"{"a": 1, "b": "x", "c": {"d": [1]}, "gone": true, "same": {"x": 1}}"#;
        let after =
            r#"{"c": {"d": [1, 2]}, "a": 2, "b": "y", "same": {"x": 1}, "new": null, "on": {}}"#;
        let expected = [
            "a: 1 -> 2",
            r#"b: "x" -> "y""#,
            "c.d: [1] -> [1, 2]",
            "gone: true -> (not set)",
            "on: (not set) -> { }",
        ];
        assert_eq!(changes(before, after), expected);
        assert_eq!(changes(before, before), [""; 0]);
    }

    #[test]
    fn a_secret_is_masked_also_inside_of_a_list_or_a_table() {
        let token = r#"{"s": [{"token": "one"}], "t": 1, "token": "one"}"#;
        let other = r#"{"s": [{"token": "two"}], "t": {"token": {"x": "two"}}}"#;
        let all = [
            "s[0].token: *** -> ***",
            "t: 1 -> { token = *** }",
            "token: *** -> (not set)",
        ];
        assert_eq!(changes(token, other), all);
        let longer = r#"{"s": [{"token": "two"}, {"token": "three"}], "t": 1, "token": "one"}"#;
        assert_eq!(
            changes(token, longer),
            ["s: [{ token = *** }] -> [{ token = *** }, { token = *** }]"]
        );
    }

    #[test]
    fn what_a_hidden_reference_brought_is_masked() {
        let brought = |text: &str| {
            let mut tree = tree(r#"{"url": "", "list": []}"#);
            let origin = Origin::Reference(Arc::new(Brought {
                at: Origin::Default,
                from: "${file:/run/secrets/db}".to_owned(),
                is_untyped: false,
                is_hidden: true,
                is_url: false,
            }));
            let node = Node::new(Value::Text(text.to_owned()), origin);
            let root = KeyPath::root();
            let url = tree.insert(&root.key("url"), node.clone());
            let list = tree.insert(&root.key("list").index(0), node);
            url.and(list).expect("a place");
            tree
        };
        let mark = |_: &KeyPath| Mark::default();
        let mut differences = Differences::new(&mark);
        let (before, after) = (brought("one"), brought("two"));
        differences.add(&KeyPath::root(), Some(&before), Some(&after));
        let changes = differences.into_changes();
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(changes, ["list: [***] -> [***]", "url: *** -> ***"]);
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = format!(r#"{{"a": "{}"}}"#, "ä".repeat(1_000));
        let shown = changes(r#"{"a": 1}"#, &long);
        assert!(
            shown[0].chars().count() < 150 && shown[0].ends_with("ä…"),
            "{shown:?}"
        );
    }
}

//! New live settings over old fixed ones.

use super::change::{Change, Differences};
use super::fresh::Mark;
use super::same::is_same;
use crate::tree::key::KeyPath;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};

/// Settings in which the fixed ones are old and the live ones are new.
pub(super) struct Mixture {
    pub(super) tree: Node,
    /// The fixed settings that stay as they were, although they were written anew.
    pub(super) kept: Vec<Change>,
}

impl Mixture {
    /// Puts the live settings of `new` over the fixed ones of `old`.
    pub(super) fn of(old: &Node, new: &Node, mark: &dyn Fn(&KeyPath) -> Mark) -> Mixture {
        let mut mixing = Mixing {
            mark,
            kept: Differences::new(mark),
        };
        let tree = mixing.mix(&KeyPath::root(), old, new);
        Mixture {
            tree,
            kept: mixing.kept.into_changes(),
        }
    }
}

struct Mixing<'a> {
    mark: &'a dyn Fn(&KeyPath) -> Mark,
    kept: Differences<'a>,
}

impl Mixing<'_> {
    fn mix(&mut self, key: &KeyPath, old: &Node, new: &Node) -> Node {
        let mark = (self.mark)(key);
        // An equal value is taken from the new tree, too: its origin is the place where it stands now.
        if mark.is_live || is_same(Some(old), Some(new)) {
            return new.clone();
        }
        match (&old.value, &new.value) {
            (Value::Table(before), Value::Table(after)) if !mark.is_choice => {
                let value = Value::Table(self.mix_tables(key, before, after));
                Node::new(value, old.origin.clone())
            }
            (Value::List(before), Value::List(after)) if before.len() == after.len() => {
                let pairs = before.iter().zip(after).enumerate();
                let list = pairs.map(|(index, (old, new))| self.mix(&key.index(index), old, new));
                Node::new(Value::List(list.collect()), old.origin.clone())
            }
            (Value::Table(before), Value::Table(after)) => {
                self.mix_choice(key, (old, before), after)
            }
            _ => {
                self.kept.add(key, Some(old), Some(new));
                old.clone()
            }
        }
    }

    /// Mixes two tables by key. A live setting comes and goes with the new one; a fixed one does neither.
    fn mix_tables(&mut self, key: &KeyPath, old: &Table, new: &Table) -> Table {
        let mut mixed = Table::default();
        for before in old.iter() {
            let key = key.key(before.key.as_str());
            match new.entry(&before.key) {
                Some(after) => {
                    let node = self.mix(&key, &before.node, &after.node);
                    mixed.insert(Entry {
                        node,
                        ..after.clone()
                    });
                }
                None if (self.mark)(&key).is_live => {}
                None => {
                    self.kept.add(&key, Some(&before.node), None);
                    mixed.insert(before.clone());
                }
            }
        }
        for after in new.iter().filter(|after| old.get(&after.key).is_none()) {
            let key = key.key(after.key.as_str());
            if (self.mark)(&key).is_live {
                mixed.insert(after.clone());
            } else {
                self.kept.add(&key, None, Some(&after.node));
            }
        }
        mixed
    }

    /// Mixes two values of a choice if only live parts of them differ; else the old one stays whole, as live
    /// parts of one variant have no place in another.
    fn mix_choice(&mut self, key: &KeyPath, old: (&Node, &Table), new: &Table) -> Node {
        let mut tried = Mixing {
            mark: self.mark,
            kept: Differences::new(self.mark),
        };
        let mixed = tried.mix_tables(key, old.1, new);
        let kept = tried.kept.into_changes();
        if kept.is_empty() {
            return Node::new(Value::Table(mixed), old.0.origin.clone());
        }
        self.kept.extend(kept);
        old.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reload::fake::{text, tree};

    fn mix(old: &str, new: &str) -> (String, Vec<String>) {
        let mark = |key: &KeyPath| Mark {
            is_live: key.to_string().ends_with("live"),
            is_choice: key.to_string() == "choice",
            ..Mark::default()
        };
        let mixture = Mixture::of(&tree(old), &tree(new), &mark);
        let kept = mixture.kept.iter().map(ToString::to_string).collect();
        (text(&mixture.tree), kept)
    }

    #[test]
    fn live_settings_are_new_and_fixed_ones_old() {
        let old = r#"{"a": 1, "live": [1], "in": {"live": {"x": 1, "y": 2}, "b": 2}}"#;
        let new = r#"{"a": 2, "live": [], "in": {"live": {"x": 2}, "b": 3}}"#;
        let (mixed, kept) = mix(old, new);
        let expected = r#"{"a": 1, "live": [], "in": {"live": {"x": 2}, "b": 2}}"#;
        assert_eq!(mixed, text(&tree(expected)));
        assert_eq!(kept, ["a: 1 -> 2", "in.b: 2 -> 3"]);
        assert_eq!(mix(old, old), (text(&tree(old)), vec![]));
    }

    #[test]
    fn a_live_setting_comes_and_goes_and_a_fixed_one_does_not() {
        let (mixed, kept) = mix(r#"{"a": 1, "one_live": 1}"#, r#"{"b": 2, "live": 2}"#);
        assert_eq!(mixed, r#"{"a":1,"live":2}"#);
        assert_eq!(kept, ["a: 1 -> (not set)", "b: (not set) -> 2"]);
    }

    #[test]
    fn live_parts_of_a_list_are_new_if_it_has_as_many_entries() {
        let old = r#"{"l": [{"n": "a", "live": 1}, {"n": "b", "live": 1}]}"#;
        let (mixed, kept) = mix(
            old,
            r#"{"l": [{"n": "a", "live": 2}, {"n": "c", "live": 3}]}"#,
        );
        let expected = r#"{"l": [{"n": "a", "live": 2}, {"n": "b", "live": 3}]}"#;
        assert_eq!(mixed, text(&tree(expected)));
        assert_eq!(kept, [r#"l[1].n: "b" -> "c""#]);
        let (mixed, kept) = mix(old, r#"{"l": [{"n": "a", "live": 2}]}"#);
        assert_eq!(mixed, text(&tree(old)));
        assert_eq!(kept.len(), 1, "{kept:?}");
    }

    #[test]
    fn variants_are_not_mixed() {
        let old = r#"{"choice": {"kind": "a", "live": 1}}"#;
        let (mixed, kept) = mix(old, r#"{"choice": {"kind": "b", "live": "x"}}"#);
        assert_eq!(mixed, text(&tree(old)));
        assert_eq!(kept, [r#"choice.kind: "a" -> "b""#]);
        let (mixed, kept) = mix(old, r#"{"choice": {"kind": "a", "live": 2}}"#);
        assert_eq!(mixed, r#"{"choice":{"kind":"a","live":2}}"#);
        assert_eq!(kept, [""; 0]);
    }
}

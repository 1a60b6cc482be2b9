//! The trees of several sources, put into one.

use crate::problem::{Problem, What};
use crate::shape::{Kind, Place, Shape, is_of_variant, names, tags};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// Puts a tree over another one: tables are merged, all else is replaced.
///
/// A table that is another variant of its enum than the one below replaces what belongs to that variant.
/// Single values of a list, which variables and flags set, go into the list below; one that would leave a
/// gap is a problem.
pub(crate) fn merge(shape: &Shape, lower: Node, upper: &Node, problems: &mut Vec<Problem>) -> Node {
    let mut merger = Merger { problems };
    merger.put(Some(&shape.root()), &KeyPath::root(), Some(lower), upper)
}

struct Merger<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Merger<'_> {
    /// Puts a value over the one below it, which is gone unless both are tables. Each key goes its way with
    /// its own place, where the settings have one; a table keeps the place of its first source.
    fn put(
        &mut self,
        place: Option<&Place<'_>>,
        key: &KeyPath,
        lower: Option<Node>,
        upper: &Node,
    ) -> Node {
        let Value::Table(table) = &upper.value else {
            return upper.clone();
        };
        if place.is_some_and(|place| place.is_list() && !place.is_table()) {
            return self.put_values(place, key, lower, upper, table);
        }
        let (mut merged, origin) = match lower {
            Some(Node {
                value: Value::Table(merged),
                origin,
            }) => (merged, origin),
            _ => (Table::default(), Origin::Default),
        };
        if let Some(place) = place {
            drop_other_variant(place, &mut merged, table);
        }
        for entry in table.iter() {
            let step = Step::Key(entry.key.clone());
            let place = place.and_then(|place| place.child(&step));
            let lower = merged
                .entry_mut(&entry.key)
                .map(|entry| taken(&mut entry.node));
            let node = self.put(place.as_ref(), &key.step(step), lower, &entry.node);
            merged.insert(Entry {
                key: entry.key.clone(),
                origin: entry.origin.clone(),
                node,
            });
        }
        let is_default = origin == Origin::Default;
        let origin = if is_default {
            upper.origin.clone()
        } else {
            origin
        };
        Node::new(Value::Table(merged), origin)
    }

    /// Values of a list, under their indices, from the first one on: each replaces the value that is there,
    /// or is the next one. The list below stays as it is but for these.
    fn put_values(
        &mut self,
        place: Option<&Place<'_>>,
        key: &KeyPath,
        lower: Option<Node>,
        upper: &Node,
        table: &Table,
    ) -> Node {
        let (mut list, origin) = match lower {
            Some(Node {
                value: Value::List(list),
                origin,
            }) => (list, origin),
            _ => (Vec::new(), upper.origin.clone()),
        };
        let indexed = table.iter().filter_map(|entry| {
            let index: usize = entry.key.parse().ok()?;
            Some((index, entry))
        });
        let mut indexed: Vec<_> = indexed.collect();
        indexed.sort_by_key(|(index, _)| *index);
        for (index, entry) in indexed {
            let key = key.index(index);
            let place = place.and_then(|place| place.child(&Step::Index(index)));
            if index > list.len() {
                let message = match list.len() {
                    0 => "the list is empty before it, so that its first index is 0".to_owned(),
                    1 => "the list has 1 value before it, so that its next index is 1".to_owned(),
                    length => format!(
                        "the list has {length} values before it, so that its next index is {length}"
                    ),
                };
                let origin = entry.node.first_origin().clone();
                self.problems
                    .push(Problem::new(origin, key, What::Other { message }));
                continue;
            }
            let lower = list.get_mut(index).map(taken);
            let node = self.put(place.as_ref(), &key, lower, &entry.node);
            match list.get_mut(index) {
                Some(value) => *value = node,
                None => list.push(node),
            }
        }
        Node::new(Value::List(list), origin)
    }
}

/// The value itself: a copy would be one for each table around it.
fn taken(node: &mut Node) -> Node {
    std::mem::replace(node, Node::new(Value::Null, Origin::Default))
}

/// Takes out of the lower table what belongs to a variant that the upper one is not.
fn drop_other_variant(place: &Place<'_>, lower: &mut Table, upper: &Table) {
    let variants = place.table_kinds();
    if variants.len() < 2 {
        return;
    }
    let keys: Vec<&str> = variants
        .iter()
        .filter_map(|kind| kind.variant_key())
        .collect();
    if keys.len() == variants.len() {
        let other = upper
            .iter()
            .find(|entry| keys.contains(&entry.key.as_str()));
        if other.is_some_and(|entry| lower.get(&entry.key).is_none()) {
            *lower = Table::default();
        }
        return;
    }
    for tag in tags(place, &variants) {
        let (Some(new), Some(old)) = (text(upper, tag), text(lower, tag)) else {
            continue;
        };
        if new == old {
            continue;
        }
        // A table can have several enums flattened into it: the variants of the other ones stay.
        let is_alike = |kind: &&&Kind<'_>| {
            tags(place, &variants).into_iter().all(|other| {
                let name = text(lower, other);
                other == tag
                    || name.is_none_or(|name| names(place, &[**kind], other).contains(&name))
            })
        };
        let alike: Vec<_> = variants.iter().filter(is_alike).copied().collect();
        let others: Vec<String> = lower
            .iter()
            .filter(|entry| is_of_variant(&alike, &entry.key))
            .map(|entry| entry.key.clone())
            .collect();
        for key in others {
            lower.remove(&key);
        }
    }
}

fn text<'t>(table: &'t Table, key: &str) -> Option<&'t str> {
    table.get(key).and_then(Node::as_text)
}

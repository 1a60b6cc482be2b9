//! Trees of options: the keys that their schema has, and values that are put at them.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::Table;

/// One key of options, with values of a file: those that `check` refuses, and those at the edge that it takes.
pub(crate) struct Row {
    pub(crate) key: &'static str,
    pub(crate) wrong: &'static [&'static str],
    pub(crate) right: &'static [&'static str],
}

pub(crate) const fn row(
    key: &'static str,
    wrong: &'static [&'static str],
    right: &'static [&'static str],
) -> Row {
    Row { key, wrong, right }
}

/// Puts a value as TOML has it at a key, such as `operations[0].limit`; tables around it are made.
pub(crate) fn put(table: &mut Table, key: &str, written: &str) {
    let (first, rest) = key.split_once('.').unwrap_or((key, ""));
    let name = first.trim_end_matches("[0]");
    if rest.is_empty() {
        let value = format!("value = {written}").parse::<Table>();
        let value = value.expect("TOML").remove("value").expect("it is there");
        let value = if name == first {
            value
        } else {
            vec![value].into()
        };
        table.insert(name.to_owned(), value);
        return;
    }
    let empty = || toml::Value::Table(Table::new());
    let inner = table.entry(name).or_insert_with(|| {
        if name == first {
            empty()
        } else {
            vec![empty()].into()
        }
    });
    let inner = match inner {
        toml::Value::Array(all) => all[0].as_table_mut(),
        other => other.as_table_mut(),
    };
    put(inner.expect("a table"), rest, written);
}

/// The keys of a schema that have bounds, or could have: numbers, durations, sizes and lists. Texts, truths and
/// words of a list are left out.
pub(crate) fn bounded_keys(schema: &Value) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    collect(schema, schema, "", &mut keys);
    keys
}

fn collect(root: &Value, schema: &Value, at: &str, keys: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(&reference[1..]).expect("a definition");
        return collect(root, target, at, keys);
    }
    let types = schema["type"].as_array().cloned();
    let types = types.unwrap_or_else(|| vec![schema["type"].clone()]);
    if types.iter().any(|one| one == "integer" || one == "number") || is_of_unit(schema) {
        keys.insert(at.to_owned());
    }
    if types.iter().any(|one| one == "array") {
        collect(root, &schema["items"], &format!("{at}[0]"), keys);
    }
    for branch in ["anyOf", "oneOf", "allOf"] {
        for one in schema[branch].as_array().into_iter().flatten() {
            collect(root, one, at, keys);
        }
    }
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if at.is_empty() { "" } else { "." };
        collect(root, property, &format!("{at}{dot}{key}"), keys);
    }
}

fn is_of_unit(schema: &Value) -> bool {
    let unit = schema["x-kit-unit"].as_str();
    unit.is_some_and(|unit| ["duration", "limit", "size", "size-limit"].contains(&unit))
}

/// A small generator of numbers that is the same in every run (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % (most as u64)).expect("it fits")
    }
}

/// A tree with some of the rows at random, and whether any of its values is wrong.
pub(crate) fn any_tree(rows: &[&Row], random: &mut Random) -> (Table, bool) {
    let mut table = Table::new();
    let mut is_wrong = false;
    for row in rows {
        let values = match random.below(20) {
            0 => row.wrong,
            1..8 => row.right,
            _ => continue,
        };
        if values.is_empty() {
            continue;
        }
        is_wrong |= std::ptr::eq(values, row.wrong);
        put(&mut table, row.key, values[random.below(values.len())]);
    }
    (table, is_wrong)
}

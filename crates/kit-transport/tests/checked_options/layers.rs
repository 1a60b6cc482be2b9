//! The options of layers.

use kit_transport::layers::{RateOptions, StandardOptions};
use kit_units::WrongOption;
use schemars::schema_for;
use toml::Table;

use crate::rows::{RATE, STANDARD};
use crate::tree::{Random, Row, any_tree, bounded_keys, put};

/// With the keys that have no default.
fn completed(mut table: Table, required: &[(&str, &str)]) -> Table {
    for (key, value) in required {
        let (first, _) = key.split_once(['.', '[']).unwrap_or((key, ""));
        let mut with = table.clone();
        let is_there = with.contains_key(first) || first == *key;
        put(&mut with, key, value);
        if is_there && !has(&table, key) {
            table = with;
        }
    }
    table
}

fn has(table: &Table, key: &str) -> bool {
    let mut at = Some(toml::Value::Table(table.clone()));
    for part in key.split('.') {
        let name = part.trim_end_matches("[0]");
        at = at.and_then(|value| value.get(name).cloned());
        if name != part {
            at = at.and_then(|value| value.get(0).cloned());
        }
    }
    at.is_some()
}

fn standard(table: &Table) -> Vec<WrongOption> {
    let required = [
        ("concurrency.max", "1"),
        ("deadline.operations[0].operation", "\"/report\""),
        ("deadline.operations[0].limit", "\"1s\""),
    ];
    let mut table = table.clone();
    for (key, value) in required {
        let outer = key.rsplit_once('.').expect("a table around it").0;
        if has(&table, outer) {
            table = completed(table, &[(key, value)]);
        }
    }
    let options: StandardOptions = table.try_into().expect("options");
    options.check()
}

fn rate(table: &Table) -> Vec<WrongOption> {
    let table = completed(table.clone(), &[("count", "1"), ("period", "\"1s\"")]);
    let options: RateOptions = table.try_into().expect("options");
    options.check()
}

fn check_each(rows: &[Row], check: impl Fn(&Table) -> Vec<WrongOption>) {
    for row in rows {
        for (values, is_wrong) in [(row.wrong, true), (row.right, false)] {
            for value in values {
                let mut table = Table::new();
                put(&mut table, row.key, value);
                let found = check(&table);
                let found: Vec<_> = found.iter().map(WrongOption::key).collect();
                let expected: &[&str] = if is_wrong { &[row.key] } else { &[] };
                assert_eq!(found, expected, "{} = {value}", row.key);
            }
        }
    }
    let all: Vec<_> = rows.iter().collect();
    let mut random = Random(2);
    for _ in 0..500 {
        let (table, is_wrong) = any_tree(&all, &mut random);
        assert_eq!(check(&table).is_empty(), !is_wrong, "{table}");
    }
}

#[test]
fn each_value_is_taken_or_named_by_the_check() {
    check_each(STANDARD, standard);
    check_each(RATE, rate);
}

#[test]
fn every_option_with_a_number_a_duration_or_a_size_has_a_row() {
    for (schema, rows) in [
        (schema_for!(StandardOptions), STANDARD),
        (schema_for!(RateOptions), RATE),
    ] {
        let keys = bounded_keys(schema.as_value());
        assert!(keys.len() >= 4, "{keys:?}");
        for key in keys {
            assert!(rows.iter().any(|row| row.key == key), "{key} has no row");
        }
    }
}

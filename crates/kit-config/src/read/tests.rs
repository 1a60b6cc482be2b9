use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rounds::Read;
use super::*;
use crate::shape::Shape;
use crate::tree::key::KeyPath;
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Choice {
    #[default]
    Unit,
    New(Box<Choice>),
    Pair(u8, String),
    Fields {
        a: Option<char>,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct All {
    unit: (),
    flag: bool,
    small: i8,
    large: u64,
    huge: i128,
    half: f32,
    double: f64,
    letter: char,
    text: String,
    none: Option<u8>,
    some: Option<u8>,
    pair: (u8, String),
    list: Vec<Choice>,
    by_name: BTreeMap<String, u8>,
    by_number: BTreeMap<i64, bool>,
    by_truth: BTreeMap<bool, u8>,
    by_letter: BTreeMap<char, u8>,
    choices: BTreeMap<String, Choice>,
}

fn all() -> All {
    All {
        unit: (),
        flag: true,
        small: -1,
        large: u64::MAX,
        huge: i128::MIN,
        half: 0.1,
        double: 1e300,
        letter: 'ä',
        text: "t".to_owned(),
        none: None,
        some: Some(7),
        pair: (1, "p".to_owned()),
        list: vec![
            Choice::Unit,
            Choice::New(Box::new(Choice::Fields { a: Some('a') })),
            Choice::Pair(2, "q".to_owned()),
        ],
        by_name: [("n".to_owned(), 1)].into(),
        by_number: [(-5, true), (i64::MAX, false)].into(),
        by_truth: [(true, 1), (false, 0)].into(),
        by_letter: [('x', 1)].into(),
        choices: [("c".to_owned(), Choice::Fields { a: None })].into(),
    }
}

fn read_all<T: serde::de::DeserializeOwned + JsonSchema>(tree: Node) -> Read<T> {
    let defaults = Node::empty(Origin::Default);
    read(&Shape::of::<T>(), tree, &defaults, Vec::new())
}

#[test]
fn what_is_written_is_read() {
    let tree = write(&all()).expect("a tree");
    let half = tree.get(&KeyPath::root().key("half")).expect("a value");
    assert_eq!(half.value, Value::Float(0.1));
    let read = read_all::<All>(tree);
    assert_eq!(read.problems, []);
    assert_eq!(read.value, Some(all()));
}

#[test]
fn a_map_whose_keys_are_lists_has_no_tree() {
    let map = BTreeMap::from([(vec![1], 2)]);
    let reason = write(&map).expect_err("no tree");
    assert_eq!(reason, "the key of a map is neither a text nor a number");
}

fn set(value: Value) -> Node {
    Node::new(value, Origin::Variable("A".into()))
}

/// A list stays in its order past the values that are refused, and each of these is reported once.
#[test]
fn each_refused_value_of_a_list_is_found_under_its_index() {
    let values = ["1", "x", "2", "y"].map(|text| set(Value::Text(text.to_owned())));
    let read = read_all::<Vec<std::num::NonZeroU8>>(set(Value::List(values.to_vec())));
    let keys: Vec<String> = read.problems.iter().map(crate::Problem::key).collect();
    assert_eq!(keys, ["[0]", "[1]", "[2]", "[3]"]);
    assert_eq!(read.value, Some(Vec::new()));
}

#[test]
fn what_depends_on_a_value_that_failed_is_not_reported() {
    let mut tree = Node::empty(Origin::Default);
    let key = KeyPath::root().key("some");
    tree.insert(&key, set(Value::Text("x".to_owned())))
        .expect("a place");
    let shape = Shape::of::<BTreeMap<String, u8>>();
    let defaults = Node::empty(Origin::Default);
    let read = read::<BTreeMap<String, u8>>(&shape, tree, &defaults, vec![key]);
    assert_eq!(
        (read.value, read.problems),
        (Some(BTreeMap::new()), Vec::new())
    );
}

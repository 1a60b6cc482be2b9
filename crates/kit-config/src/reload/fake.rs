//! A pipeline for tests: JSON files, of which later ones go over earlier ones.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;

use super::fresh::{Fresh, Loader, Loading, Mark, Watched};
use crate::LoadError;
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// Settings whose live part is `live`; `low` has to be at most `live.high`.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) loads: Arc<AtomicUsize>,
}

impl Fake {
    pub(crate) fn of(files: impl IntoIterator<Item = PathBuf>) -> Fake {
        Fake {
            files: files.into_iter().collect(),
            loads: Arc::default(),
        }
    }
}

impl Fake {
    pub(crate) fn load_now(&self) -> Result<Fresh<Json>, LoadError> {
        self.loads.fetch_add(1, Ordering::AcqRel);
        let mut merged = Json::Object(serde_json::Map::default());
        for file in &self.files {
            let refuse = |message| broken(file.display().to_string(), message);
            let text = fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
            let read = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
            merge(&mut merged, read);
        }
        let tree = node(&merged);
        Ok(Fresh {
            settings: self.read(&tree)?,
            tree,
            warnings: Vec::new(),
            referred: Vec::new(),
            absent_files: Vec::new(),
            read_files: Vec::new(),
        })
    }
}

impl Loader<Json> for Fake {
    fn load(&self) -> Loading<'_, Json> {
        Box::pin(async { self.load_now() })
    }

    fn read(&self, tree: &Node) -> Result<Json, LoadError> {
        let settings = json(tree);
        let number = |value: &Json| value.as_i64();
        if number(&settings["low"]) > number(&settings["live"]["high"]) {
            return Err(broken("low".to_owned(), "is above `live.high`".to_owned()));
        }
        Ok(settings)
    }

    fn mark(&self, key: &KeyPath) -> Mark {
        let live = KeyPath::root().key("live");
        Mark {
            is_live: key.is_within(&live),
            is_secret: key.to_string().ends_with("token"),
            is_url: false,
            is_choice: false,
        }
    }

    fn paths(&self) -> Vec<Watched> {
        self.files.iter().cloned().map(Watched::File).collect()
    }
}

fn broken(name: String, message: String) -> LoadError {
    let origin = Origin::Variable(name.into());
    let problem = Problem::new(origin, KeyPath::root(), What::Syntax { message });
    LoadError::refuse_any(vec![problem]).expect_err("there is a problem")
}

fn merge(under: &mut Json, over: Json) {
    match (under, over) {
        (Json::Object(under), Json::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Json::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

pub(crate) fn tree(text: &str) -> Node {
    node(&serde_json::from_str(text).expect("it is JSON"))
}

pub(crate) fn text(tree: &Node) -> String {
    json(tree).to_string()
}

fn node(json: &Json) -> Node {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(is_true) => Value::Bool(*is_true),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number.into()),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(list) => Value::List(list.iter().map(node).collect()),
        Json::Object(entries) => {
            let mut table = Table::default();
            for (key, value) in entries {
                table.insert(Entry {
                    key: key.clone(),
                    origin: Origin::Default,
                    node: node(value),
                });
            }
            Value::Table(table)
        }
    };
    Node::new(value, Origin::Default)
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(is_true) => Json::Bool(*is_true),
        Value::Integer(number) => Json::from(i64::try_from(*number).expect("it is small")),
        Value::Float(number) => Json::from(*number),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(list) => list.iter().map(json).collect(),
        Value::Table(table) => {
            let entries = table
                .iter()
                .map(|entry| (entry.key.clone(), json(&entry.node)));
            Json::Object(entries.collect())
        }
    }
}

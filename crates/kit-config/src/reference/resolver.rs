//! The tree with each reference in the place of what it brings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::fault::Fault;
use super::file;
use super::is_written_in;
use super::template::{Piece, Reference, Template};
use super::variables::Variables;
use super::walk::{cost, depth, each_inside, list_keys};
use crate::problem::{Problem, What};
use crate::shape::nearest;
use crate::tree::key::KeyPath;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::{Brought, Origin};

/// How many settings may refer to each other in a chain, so that no file can exhaust the stack.
const MAX_CHAIN: usize = 64;

/// How deep tables and lists can be that references bring; what reads them goes as deep.
const MAX_DEPTH: usize = 64;

/// How much references may bring in all, so that no file can exhaust the memory: ten settings of which each
/// holds the next one ten times would be 10 GB.
const MAX_BROUGHT: usize = 16 * 1024 * 1024;
const MAX_BROUGHT_TEXT: &str = "16 MiB";

/// What references are resolved with.
pub(crate) struct Surroundings<'a> {
    pub(crate) variables: &'a Variables,
    /// What the setting of this key hides, so that what refers to it hides it as well.
    pub(crate) hides: &'a dyn Fn(&KeyPath) -> Hides,
}

/// What of a setting is shown nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hides {
    /// All of it: it is a secret.
    pub(crate) is_secret: bool,
    /// User and password, as it is a URL.
    pub(crate) is_url: bool,
}

/// A tree without references.
pub(crate) struct Resolved {
    /// Without the settings whose references failed.
    pub(crate) tree: Node,
    pub(crate) problems: Vec<Problem>,
    /// The keys of the settings that are left out: those of the problems, and those that depend on them.
    /// If one value of a list fails, the whole list is left out.
    pub(crate) failed: Vec<KeyPath>,
    /// The files that references name, also those that could not be read.
    pub(crate) files: Vec<PathBuf>,
}

/// Resolves all references of a merged tree, which stays as it is, so that each reload resolves them anew.
pub(crate) fn resolve(source: &Node, surroundings: &Surroundings<'_>) -> Resolved {
    let mut resolver = Resolver {
        source,
        surroundings,
        done: HashMap::new(),
        open: Vec::new(),
        left: MAX_BROUGHT,
        problems: Vec::new(),
        failed: Vec::new(),
        files: Vec::new(),
    };
    let tree = resolver.node(&KeyPath::root(), source);
    let mut failed = resolver.failed;
    failed.sort();
    failed.dedup();
    Resolved {
        tree: tree.unwrap_or_else(|_| Node::empty(source.origin.clone())),
        problems: resolver.problems,
        failed,
        files: resolver.files,
    }
}

/// A reference that failed, and for which there is a problem.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Failed;

struct Resolver<'a> {
    source: &'a Node,
    surroundings: &'a Surroundings<'a>,
    /// The texts with references that have been resolved.
    done: HashMap<KeyPath, Result<Node, Failed>>,
    /// The texts that are being resolved, each for the one before it.
    open: Vec<KeyPath>,
    /// How much may still be brought.
    left: usize,
    problems: Vec<Problem>,
    failed: Vec<KeyPath>,
    files: Vec<PathBuf>,
}

/// A value that references have brought.
struct Found {
    /// The values inside of tables and lists have their own origins.
    value: Value,
    is_untyped: bool,
    is_hidden: bool,
    is_url: bool,
    /// The references, without their defaults.
    from: Vec<String>,
}

/// Why there is no value.
enum Miss {
    Fault(Fault),
    /// The setting that is referred to has failed, and its problem is enough.
    Failed,
}

impl From<Fault> for Miss {
    fn from(fault: Fault) -> Miss {
        Miss::Fault(fault)
    }
}

impl From<Failed> for Miss {
    fn from(Failed: Failed) -> Miss {
        Miss::Failed
    }
}

impl<'a> Resolver<'a> {
    fn node(&mut self, at: &KeyPath, node: &Node) -> Result<Node, Failed> {
        let value = match &node.value {
            Value::Text(_) if is_written_in(node) => return self.text(at, node),
            Value::List(list) => {
                let mut values = Vec::with_capacity(list.len());
                for (index, node) in list.iter().enumerate() {
                    values.push(self.node(&at.index(index), node)?);
                }
                Value::List(values)
            }
            Value::Table(table) => Value::Table(self.table(at, table)),
            plain => plain.clone(),
        };
        Ok(Node::new(value, node.origin.clone()))
    }

    fn table(&mut self, at: &KeyPath, table: &Table) -> Table {
        let mut resolved = Table::default();
        for entry in table.iter() {
            let key = at.key(&entry.key);
            match self.node(&key, &entry.node) {
                Ok(node) => {
                    resolved.insert(Entry {
                        key: entry.key.clone(),
                        origin: entry.origin.clone(),
                        node,
                    });
                }
                Err(Failed) => self.failed.push(key),
            }
        }
        resolved
    }

    /// A text with references, resolved once for all that refer to it. One that is met again while it is
    /// being resolved refers to itself.
    fn text(&mut self, at: &KeyPath, node: &Node) -> Result<Node, Failed> {
        if let Some(done) = self.done.get(at) {
            return done.clone();
        }
        if let Some(begin) = self.open.iter().position(|open| open == at) {
            let circle = self.open[begin..].to_vec();
            let keys = circle.iter().chain([at]).map(KeyPath::to_string);
            let fault = Fault::Circle {
                keys: keys.collect(),
            };
            self.done
                .extend(circle.into_iter().map(|key| (key, Err(Failed))));
            return Err(self.report(at, node, &fault));
        }
        if self.open.len() == MAX_CHAIN {
            return Err(self.report(at, node, &Fault::LongChain { limit: MAX_CHAIN }));
        }
        self.open.push(at.clone());
        let resolved = match self.expand(node) {
            Ok(node) => Ok(node),
            Err(Miss::Failed) => Err(Failed),
            Err(Miss::Fault(fault)) => Err(self.report(at, node, &fault)),
        };
        self.open.pop();
        // A part of a circle has failed although something was found for it.
        self.done.entry(at.clone()).or_insert(resolved).clone()
    }

    fn report(&mut self, at: &KeyPath, node: &Node, fault: &Fault) -> Failed {
        let message = fault.to_string();
        let what = What::Other { message };
        let problem = Problem::new(node.origin.clone(), at.clone(), what);
        self.problems.push(problem);
        Failed
    }

    fn expand(&mut self, node: &Node) -> Result<Node, Miss> {
        let template = Template::parse(node.as_text().unwrap_or_default())?;
        let found = self.template(node, &template)?;
        if found.from.is_empty() {
            return Ok(Node::new(found.value, node.origin.clone()));
        }
        let from = found.from.join(", ");
        let brought = |is_untyped, is_hidden, is_url| {
            Origin::Reference(Arc::new(Brought {
                at: node.origin.clone(),
                from: from.clone(),
                is_untyped,
                is_hidden,
                is_url,
            }))
        };
        let origin = brought(found.is_untyped, found.is_hidden, found.is_url);
        let mut resolved = Node::new(found.value, origin);
        each_inside(&mut resolved, &KeyPath::root(), &mut |_, inner| {
            let origin = &inner.origin;
            inner.origin = brought(origin.is_untyped(), origin.is_hidden(), origin.is_url());
        });
        Ok(resolved)
    }

    /// A reference with nothing around it keeps its type; all else is text.
    fn template(&mut self, node: &Node, template: &Template) -> Result<Found, Miss> {
        if let Some(reference) = template.as_reference() {
            return self.reference(node, reference);
        }
        let mut text = String::new();
        let mut all = Found {
            value: Value::Null,
            is_untyped: false,
            is_hidden: false,
            is_url: false,
            from: Vec::new(),
        };
        for piece in &template.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Reference(reference) => {
                    let found = self.reference(node, reference)?;
                    text.push_str(&in_text(&reference.to_string(), &found.value)?);
                    all.is_untyped = true;
                    all.is_hidden |= found.is_hidden;
                    all.is_url |= found.is_url;
                    all.from.extend(found.from);
                }
            }
        }
        self.pay(text.len())?;
        all.value = Value::Text(text);
        Ok(all)
    }

    fn reference(&mut self, node: &Node, reference: &Reference) -> Result<Found, Miss> {
        match reference {
            Reference::Variable { name, default } => {
                self.variable(node, name, default.as_ref(), reference)
            }
            Reference::File(path) => self.file(node, path, reference),
            Reference::Key(key) => self.setting(key, reference),
        }
    }

    /// The variable, if it is set and not empty, else the default. The value of a variable is taken as it is; a
    /// default is a template itself, and its references are those of the value.
    fn variable(
        &mut self,
        node: &Node,
        name: &str,
        default: Option<&Template>,
        reference: &Reference,
    ) -> Result<Found, Miss> {
        let variables = self.surroundings.variables;
        let value = variables.get(name);
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let text = String::from_utf8(value.as_encoded_bytes().to_vec());
            let text = text.map_err(|error| Fault::NoText {
                of: format!("the variable {name}"),
                after: error.utf8_error().valid_up_to(),
            })?;
            self.pay(text.len())?;
            return Ok(Found {
                value: Value::Text(text),
                is_untyped: true,
                is_hidden: false,
                is_url: false,
                from: vec![reference.to_string()],
            });
        }
        let Some(default) = default else {
            let names = variables.names().filter(|known| *known != name);
            return Err(Miss::Fault(Fault::NotSet {
                name: name.to_owned(),
                nearest: nearest(name, names).map(str::to_owned),
                is_empty: value.is_some(),
            }));
        };
        let mut found = self.template(node, default)?;
        // A default is written in quotes, whatever its type.
        found.is_untyped |= matches!(found.value, Value::Text(_));
        found.from.insert(0, format!("the default of {reference}"));
        Ok(found)
    }

    fn file(
        &mut self,
        node: &Node,
        template: &Template,
        reference: &Reference,
    ) -> Result<Found, Miss> {
        let path = self.template(node, template)?;
        let path = in_text(&reference.to_string(), &path.value)?;
        let path = file::path_from(&node.origin, &path);
        if !self.files.contains(&path) {
            self.files.push(path.clone());
        }
        // As it is written: a part of it may come from a variable, which is not shown.
        let name = file::path_from(&node.origin, &template.to_string());
        let text = file::read(&path, &name)?;
        self.pay(text.len())?;
        Ok(Found {
            value: Value::Text(text),
            is_untyped: true,
            is_hidden: true,
            is_url: false,
            from: vec![reference.to_string()],
        })
    }

    fn setting(&mut self, key: &KeyPath, reference: &Reference) -> Result<Found, Miss> {
        let mut node = self.find(key)?;
        let hides = self.surroundings.hides;
        let Hides { is_secret, is_url } = hides(key);
        let is_hidden = node.origin.is_hidden() || is_secret;
        let is_url = node.origin.is_url() || is_url;
        each_inside(&mut node, key, &mut |key, inner| {
            let Hides { is_secret, is_url } = hides(key);
            let is_hidden = inner.origin.is_hidden() || is_secret;
            let is_url = inner.origin.is_url() || is_url;
            if is_hidden != inner.origin.is_hidden() || is_url != inner.origin.is_url() {
                inner.origin = Origin::Reference(Arc::new(Brought {
                    at: inner.origin.clone(),
                    from: reference.to_string(),
                    is_untyped: inner.origin.is_untyped(),
                    is_hidden,
                    is_url,
                }));
            }
        });
        if depth(&node) > MAX_DEPTH {
            return Err(Miss::Fault(Fault::DeepTree { limit: MAX_DEPTH }));
        }
        self.pay(cost(&node))?;
        Ok(Found {
            is_untyped: node.origin.is_untyped(),
            is_hidden,
            is_url,
            value: node.value,
            from: vec![reference.to_string()],
        })
    }

    /// Walks to the setting, through a reference that brings a table or a list as well.
    fn find(&mut self, key: &KeyPath) -> Result<Node, Miss> {
        let mut here: &'a Node = self.source;
        let mut at = KeyPath::root();
        for (done, step) in key.steps().iter().enumerate() {
            if is_written_in(here) {
                let brought = self.text(&at, here)?;
                let rest: KeyPath = key.steps()[done..].iter().cloned().collect();
                let node = brought.get(&rest).cloned();
                return node.ok_or_else(|| self.unknown(key));
            }
            at = at.step(step.clone());
            let next = here.get(&KeyPath::from_iter([step.clone()]));
            here = next.ok_or_else(|| self.unknown(key))?;
        }
        Ok(self.node(&at, here)?)
    }

    fn unknown(&self, key: &KeyPath) -> Miss {
        let mut known = Vec::new();
        list_keys(self.source, &KeyPath::root(), &mut known);
        let key = key.to_string();
        let nearest = nearest(&key, known.iter().map(String::as_str)).map(str::to_owned);
        Miss::Fault(Fault::UnknownKey { key, nearest })
    }

    fn pay(&mut self, cost: usize) -> Result<(), Fault> {
        let left = self.left.checked_sub(cost);
        self.left = left.ok_or(Fault::TooLarge {
            limit: MAX_BROUGHT_TEXT,
        })?;
        Ok(())
    }
}

/// The value as it stands inside of a text.
fn in_text(reference: &str, value: &Value) -> Result<String, Fault> {
    let what = match value {
        Value::Text(text) => return Ok(text.clone()),
        Value::Bool(value) => return Ok(value.to_string()),
        Value::Integer(value) => return Ok(value.to_string()),
        Value::Float(value) => return Ok(value.to_string()),
        Value::Null => "nothing",
        Value::List(_) => "a list",
        Value::Table(_) => "a table",
    };
    let reference = reference.to_owned();
    Err(Fault::NotInText { reference, what })
}

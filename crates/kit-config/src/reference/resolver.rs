//! The tree with each reference in the place of what it brings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::fault::Fault;
use super::found::{Found, Miss};
use super::is_written_in;
use super::outside::Outside;
use super::template::{Piece, Reference, Template};
use super::variables::Variables;
use super::walk::{cost, depth, each_inside, list_keys};
use crate::problem::{Problem, What};
use crate::shape::nearest;
use crate::tree::key::KeyPath;
use crate::tree::key_set::KeySet;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::{Brought, Origin};

/// How many settings may refer to each other in a chain, so that no file can exhaust the stack.
const MAX_CHAIN: usize = 64;

/// How deep tables and lists can be that references bring; what reads them goes as deep.
const MAX_DEPTH: usize = 64;

/// For how many references to nothing the nearest key is looked for: each look takes a walk along all keys, and no
/// more problems than these are shown.
const MAX_GUESSES: usize = 100;

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
    /// Without the settings whose references failed; in a list, they stay as they are written.
    pub(crate) tree: Node,
    pub(crate) problems: Vec<Problem>,
    /// The keys of the settings whose references failed: those of the problems, and those that depend on them.
    pub(crate) failed: Vec<KeyPath>,
    /// The files that references name, also those that could not be read.
    pub(crate) files: Vec<PathBuf>,
}

/// Resolves all references of a merged tree, which stays as it is, so that each reload resolves them anew.
pub(crate) fn resolve(source: &Node, surroundings: &Surroundings<'_>) -> Resolved {
    let mut resolver = Resolver {
        source,
        hides: surroundings.hides,
        outside: Outside::new(surroundings.variables),
        done: HashMap::new(),
        open: Vec::new(),
        problems: Vec::new(),
        failed: Vec::new(),
        wrong: KeySet::default(),
        known: None,
        guesses: MAX_GUESSES,
    };
    let tree = resolver.node(&KeyPath::root(), source);
    let mut failed = resolver.failed;
    failed.sort();
    failed.dedup();
    Resolved {
        tree: tree.unwrap_or_else(|_| Node::empty(source.origin.clone())),
        problems: resolver.problems,
        failed,
        files: resolver.outside.into_files(),
    }
}

/// A reference that failed, and for which there is a problem.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Failed;

impl From<Failed> for Miss {
    fn from(Failed: Failed) -> Miss {
        Miss::default()
    }
}

struct Resolver<'a> {
    source: &'a Node,
    hides: &'a dyn Fn(&KeyPath) -> Hides,
    outside: Outside<'a>,
    /// The texts with references that have been resolved.
    done: HashMap<KeyPath, Result<Node, Failed>>,
    /// The texts that are being resolved, each for the one before it.
    open: Vec<KeyPath>,
    problems: Vec<Problem>,
    failed: Vec<KeyPath>,
    /// The same keys.
    wrong: KeySet,
    /// The keys of all settings, once a reference names none of them.
    known: Option<Vec<String>>,
    /// How often the nearest of them is still looked for.
    guesses: usize,
}

impl<'a> Resolver<'a> {
    fn node(&mut self, at: &KeyPath, node: &Node) -> Result<Node, Failed> {
        let value = match &node.value {
            Value::Text(_) if is_written_in(node) => return self.text(at, node),
            Value::List(list) => {
                let values = list.iter().enumerate();
                let values = values.map(|(index, node)| self.listed(at.index(index), node));
                Value::List(values.collect())
            }
            Value::Table(table) => Value::Table(self.table(at, table)),
            plain => plain.clone(),
        };
        Ok(Node::new(value, node.origin.clone()))
    }

    /// A value of a list. One that fails stays as it is written, so that the others keep their indices, and are
    /// checked as well.
    fn listed(&mut self, at: KeyPath, node: &Node) -> Node {
        self.node(&at, node).unwrap_or_else(|Failed| {
            self.fail(at);
            node.clone()
        })
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
                Err(Failed) => self.fail(key),
            }
        }
        resolved
    }

    fn fail(&mut self, key: KeyPath) {
        self.wrong.add(&key);
        self.failed.push(key);
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
            return Err(self.report(at, node, &fault.into()));
        }
        if self.open.len() == MAX_CHAIN {
            let fault = Fault::LongChain { limit: MAX_CHAIN };
            return Err(self.report(at, node, &fault.into()));
        }
        self.open.push(at.clone());
        let expanded = self.expand(node);
        let resolved = expanded.map_err(|miss| self.report(at, node, &miss));
        self.open.pop();
        // A part of a circle has failed although something was found for it.
        self.done.entry(at.clone()).or_insert(resolved).clone()
    }

    fn report(&mut self, at: &KeyPath, node: &Node, miss: &Miss) -> Failed {
        if let Some(message) = miss.message() {
            let what = What::Other { message };
            let problem = Problem::new(node.origin.clone(), at.clone(), what);
            self.problems.push(problem);
        }
        Failed
    }

    /// The text with its references resolved. Those that can be read are resolved also beside faults, so that
    /// all that is wrong with one text is said at once.
    fn expand(&mut self, node: &Node) -> Result<Node, Miss> {
        let (template, faults) = Template::parse(node.as_text().unwrap_or_default());
        let found = self.template(node, &template);
        if faults.is_empty() {
            return Ok(found?.at(&node.origin));
        }
        let mut miss = Miss::from(faults);
        miss.add(found.err().unwrap_or_default());
        Err(miss)
    }

    /// A reference with nothing around it keeps its type; all else is text. Each reference is followed, also
    /// behind one that has failed.
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
        let mut missed: Option<Miss> = None;
        for piece in &template.0 {
            let reference = match piece {
                Piece::Text(piece) => {
                    text.push_str(piece);
                    continue;
                }
                Piece::Reference(reference) => reference,
            };
            let found = self.reference(node, reference).and_then(|found| {
                let part = found.in_text(&reference.to_string())?;
                Ok((found, part))
            });
            match found {
                Ok((found, part)) => {
                    text.push_str(&part);
                    all.is_untyped = true;
                    all.is_hidden |= found.is_hidden;
                    all.is_url |= found.is_url;
                    all.from.extend(found.from);
                }
                Err(miss) => missed.get_or_insert_default().add(miss),
            }
        }
        if let Some(miss) = missed {
            return Err(miss);
        }
        self.outside.pay(text.len())?;
        all.value = Value::Text(text);
        Ok(all)
    }

    fn reference(&mut self, node: &Node, reference: &Reference) -> Result<Found, Miss> {
        match reference {
            Reference::Variable { name, default } => {
                self.variable(node, name, default.as_ref(), reference)
            }
            Reference::File(template) => {
                let from = reference.to_string();
                let path = self.template(node, template)?.in_text(&from)?;
                let written = template.to_string();
                let outside = &mut self.outside;
                Ok(outside.file(&node.origin, &path, &written, from)?)
            }
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
        if let Some(found) = self.outside.variable(name, reference.to_string())? {
            return Ok(found);
        }
        let Some(default) = default else {
            return Err(self.outside.not_set(name).into());
        };
        let mut found = self.template(node, default)?;
        // A default is written in quotes, whatever its type.
        found.is_untyped |= matches!(found.value, Value::Text(_));
        found.from.insert(0, format!("the default of {reference}"));
        Ok(found)
    }

    /// The value of another setting. It hides as much as the setting does, and so does each value inside of it: one
    /// that hides more than its own origin says gets an origin that says so.
    fn setting(&mut self, key: &KeyPath, reference: &Reference) -> Result<Found, Miss> {
        let mut node = self.find(key)?;
        let hides = self.hides;
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
            return Err(Fault::DeepTree { limit: MAX_DEPTH }.into());
        }
        self.outside.pay(cost(&node))?;
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
        let node = self.node(&at, here)?;
        // A table or a list is brought as a whole, or not at all.
        match self.wrong.has_inside(&at) {
            true => Err(Miss::default()),
            false => Ok(node),
        }
    }

    fn unknown(&mut self, key: &KeyPath) -> Miss {
        let key = key.to_string();
        let nearest = match self.guesses.checked_sub(1) {
            Some(left) => {
                self.guesses = left;
                let source = self.source;
                let known = self.known.get_or_insert_with(|| list_keys(source));
                nearest(&key, known.iter().map(String::as_str)).map(str::to_owned)
            }
            None => None,
        };
        Fault::UnknownKey { key, nearest }.into()
    }
}

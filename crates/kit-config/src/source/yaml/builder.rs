//! From the parser's events to a tree.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, ScalarStyle, Tag};

use super::frame::{Frame, Inside, Key};
use super::scalar;
use crate::problem::{Problem, What};
use crate::source::layer::MAX_DEPTH;
use crate::tree::key::KeyPath;
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;
use crate::tree::text::{SourceText, Span};

/// How many values all aliases of a document may stand for. A text of some lines, each of which refers
/// to the one before ten times, would else fill the memory.
const MAX_ALIASED: usize = 100_000;

/// A tree that grows event by event.
pub(super) struct Builder<'t> {
    text: &'t Arc<SourceText>,
    /// Outermost first.
    frames: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    problems: Vec<Problem>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t Arc<SourceText>) -> Builder<'t> {
        Builder {
            text,
            frames: Vec::new(),
            root: None,
            anchors: HashMap::new(),
            aliased: 0,
            problems: Vec::new(),
        }
    }

    pub(super) fn problem(&mut self, bytes: Range<usize>, key: KeyPath, what: What) {
        let problem = Problem::new(self.origin(bytes), key, what);
        self.problems.push(problem);
    }

    /// The tree, in which lists and tables that were not closed end here, and the problems.
    pub(super) fn end(mut self) -> (Option<Node>, Vec<Problem>) {
        while !self.frames.is_empty() {
            self.close();
        }
        (self.root, self.problems)
    }

    pub(super) fn take(&mut self, event: Event<'_>, bytes: Range<usize>) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), bytes);
            }
            Event::Alias(anchor) => self.alias(anchor, bytes),
            Event::SequenceStart(_, anchor, tag) => {
                self.open(Inside::List(Vec::new()), anchor, tag.as_deref(), bytes);
            }
            Event::MappingStart(_, anchor, tag) => {
                self.open(Inside::table(), anchor, tag.as_deref(), bytes);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => {}
        }
    }

    fn origin(&self, bytes: Range<usize>) -> Origin {
        Origin::File(Span::new(self.text, bytes))
    }

    /// The key of the value that comes next.
    fn path(&self) -> KeyPath {
        self.frames.iter().filter_map(Frame::step).collect()
    }

    /// The paths of the lists and tables that are not closed, the document among them.
    pub(super) fn open_paths(&self) -> Vec<KeyPath> {
        let mut path = KeyPath::root();
        let mut paths = vec![path.clone()];
        let (_, outer) = self.frames.split_last().unzip();
        for step in outer.unwrap_or_default().iter().map_while(Frame::step) {
            path = path.step(step);
            paths.push(path.clone());
        }
        paths
    }

    fn is_key_next(&self) -> bool {
        self.frames.last().is_some_and(Frame::is_key_next)
    }

    fn refuse(&mut self, bytes: Range<usize>, message: impl Into<String>) {
        let message = message.into();
        self.problem(bytes, self.path(), What::Syntax { message });
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        bytes: Range<usize>,
    ) {
        let node = match scalar::read(text, style, tag) {
            Ok(value) => Some(Node::new(value, self.origin(bytes.clone()))),
            Err(message) => {
                self.refuse(bytes.clone(), message);
                None
            }
        };
        self.remember(anchor, node.as_ref());
        if !self.is_key_next() {
            return self.put(node);
        }
        let is_plain = matches!(style, ScalarStyle::Plain) && tag.is_none();
        let key = match text {
            "" | "~" if is_plain => {
                self.refuse(bytes, "a key is missing here");
                Key::Faulty
            }
            "<<" if is_plain => Key::Merge(self.origin(bytes)),
            _ => Key::Name(text.to_owned(), self.origin(bytes)),
        };
        self.put_key(key);
    }

    /// The value that an alias stands for, with the places where its parts are written.
    fn alias(&mut self, anchor: usize, bytes: Range<usize>) {
        let node = self.anchors.get(&anchor).cloned();
        let depth = node.as_ref().map_or(0, depth);
        let size = node.as_ref().map_or(0, size);
        let node = if node.is_none() {
            self.refuse(
                bytes.clone(),
                "the value of this anchor is at fault, or holds this alias",
            );
            None
        } else if self.frames.len() + depth > MAX_DEPTH {
            self.problem(bytes.clone(), self.path(), What::too_deep(MAX_DEPTH));
            None
        } else if self.aliased + size > MAX_ALIASED {
            let message =
                format!("the aliases up to here stand for more than {MAX_ALIASED} values");
            self.refuse(bytes.clone(), message);
            None
        } else {
            self.aliased += size;
            node
        };
        if !self.is_key_next() {
            return self.put(node);
        }
        let name = node.as_ref().and_then(Node::as_text).map(str::to_owned);
        let key = match (name, node) {
            (Some(name), _) => Key::Name(name, self.origin(bytes)),
            (None, Some(_)) => {
                self.refuse(bytes, "a key has to be a text");
                Key::Faulty
            }
            (None, None) => Key::Faulty,
        };
        self.put_key(key);
    }

    fn open(&mut self, inside: Inside, anchor: usize, tag: Option<&Tag>, bytes: Range<usize>) {
        if self.is_key_next() {
            self.refuse(bytes.clone(), "a key has to be a text");
        }
        let expected = inside.tag();
        if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some(expected))
            && tag.original() != "!"
        {
            self.refuse(bytes.clone(), scalar::unknown_tag(tag));
        }
        let origin = self.origin(bytes);
        self.frames.push(Frame::new(inside, anchor, origin));
    }

    /// Ends the innermost list or table and puts it where it belongs.
    fn close(&mut self) {
        let path = self.frames[..self.frames.len().saturating_sub(1)]
            .iter()
            .filter_map(Frame::step)
            .collect();
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let anchor = frame.anchor();
        let node = frame.end(&path, &mut self.problems);
        self.remember(anchor, Some(&node));
        if self.is_key_next() {
            self.put_key(Key::Faulty);
        } else {
            self.put(Some(node));
        }
    }

    fn remember(&mut self, anchor: usize, node: Option<&Node>) {
        // The parser numbers anchors from 1.
        if let Some(node) = node.filter(|_| anchor != 0) {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn put_key(&mut self, key: Key) {
        if let Some(frame) = self.frames.last_mut() {
            frame.put_key(key);
        }
    }

    fn put(&mut self, node: Option<Node>) {
        let path = self.path();
        match self.frames.last_mut() {
            Some(frame) => frame.put(node, &path, &mut self.problems),
            None => self.root = node,
        }
    }
}

/// How many lists and tables there are on the way to the innermost value, with this one.
fn depth(node: &Node) -> usize {
    let inside = match &node.value {
        Value::List(list) => list.iter().map(depth).max(),
        Value::Table(table) => table.iter().map(|entry| depth(&entry.node)).max(),
        _ => return 0,
    };
    inside.unwrap_or(0) + 1
}

/// How many values there are, with this one.
fn size(node: &Node) -> usize {
    let inside: usize = match &node.value {
        Value::List(list) => list.iter().map(size).sum(),
        Value::Table(table) => table.iter().map(|entry| size(&entry.node)).sum(),
        _ => 0,
    };
    inside + 1
}

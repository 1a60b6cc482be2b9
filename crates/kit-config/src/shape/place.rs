//! A place in the tree of settings, and what can stand there.

use serde_json::{Map, Value};

use super::expand::{expand, list, product, target};
use super::expects;
use super::kind::{Kind, Rest, TableKind};
use crate::tree::key::Step;

/// Marks a secret in a schema.
pub(crate) const SECRET: &str = "x-kit-secret";
/// Marks a URL, or a list of them, whose user and password are shown nowhere.
pub(crate) const URL: &str = "x-kit-url";
/// Marks a setting that can change while the process runs.
pub(crate) const LIVE: &str = "x-kit-live";
/// The unit of a number, in a schema.
pub(crate) const UNIT: &str = "x-kit-unit";
/// What a type expects, in a schema, with an article: `a duration, such as "30s"`.
pub(crate) const EXPECTS: &str = "x-kit-expects";

/// What the values inside of a place are read from: two places of the same parts hold the same.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Parts {
    /// The addresses of their schemas.
    schemas: Vec<usize>,
    is_secret: bool,
    is_url: bool,
}

/// A place in the tree of settings.
///
/// It knows all that can stand there: where an enum has several tables, those of all its variants, as
/// the tag that tells them apart is part of the value. [`Place::among`] goes on from some of them.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    root: &'a Value,
    kinds: Vec<Kind<'a>>,
    /// The schemas that speak of this place itself, the nearest one first.
    notes: Vec<&'a Map<String, Value>>,
    is_secret: bool,
    is_url: bool,
    is_live: bool,
}

impl<'a> Place<'a> {
    pub(super) fn root(root: &'a Value) -> Place<'a> {
        Place::new(root, &[vec![root]], false, false)
    }

    /// The place that this schema, which is part of the one of the root, speaks of.
    pub(crate) fn of(root: &'a Value, schema: &'a Value) -> Place<'a> {
        Place::new(root, &[vec![schema]], false, false)
    }

    /// A place with alternatives, in each of which all its schemas hold.
    fn new(
        root: &'a Value,
        alternatives: &[Vec<&'a Value>],
        is_secret: bool,
        is_live: bool,
    ) -> Place<'a> {
        let mut place = Place {
            root,
            kinds: Vec::new(),
            notes: Vec::new(),
            is_secret,
            is_url: false,
            is_live,
        };
        let mut seen: Vec<&Vec<&Value>> = Vec::new();
        for schemas in alternatives {
            let is_same = |other: &&Vec<&Value>| is_same_list(other, schemas);
            if seen.iter().any(is_same) {
                continue;
            }
            seen.push(schemas);
            let mut kinds = vec![Kind::Any];
            for schema in schemas {
                kinds = product(&kinds, &expand(root, schema));
                collect_notes(root, schema, &mut place.notes, 8);
            }
            place.kinds.extend(kinds);
        }
        let schemas = || alternatives.iter().flatten();
        place.is_secret |= schemas().any(|schema| can_be_marked(root, schema, SECRET, 8));
        place.is_url = schemas().any(|schema| can_be_marked(root, schema, URL, 8));
        place.is_live |= place.is_marked(LIVE);
        place
    }

    /// What can stand here, one alternative at a time.
    pub(crate) fn kinds(&self) -> &[Kind<'a>] {
        &self.kinds
    }

    /// The alternatives that are tables: the variants of an enum.
    pub(crate) fn table_kinds(&self) -> Vec<&Kind<'a>> {
        let kinds = self.kinds.iter();
        kinds
            .filter(|kind| matches!(kind, Kind::Table(_)))
            .collect()
    }

    /// The place one step further; `None` if nothing can be there.
    pub(crate) fn child(&self, step: &Step) -> Option<Place<'a>> {
        let alternatives: Vec<_> = self
            .kinds
            .iter()
            .filter_map(|kind| schemas_at(kind, step))
            .collect();
        self.further(&alternatives)
    }

    /// The place one step further, if the value here is one of these of its alternatives.
    pub(crate) fn among(&self, kinds: &[&Kind<'a>], step: &Step) -> Option<Place<'a>> {
        let alternatives: Vec<_> = kinds
            .iter()
            .filter_map(|kind| schemas_at(kind, step))
            .collect();
        self.further(&alternatives)
    }

    fn further(&self, alternatives: &[Vec<&'a Value>]) -> Option<Place<'a>> {
        if alternatives.is_empty() {
            return None;
        }
        let mut place = Place::new(self.root, alternatives, self.is_secret, self.is_live);
        place.is_url |= self.is_url;
        Some(place)
    }

    fn tables(&self) -> impl Iterator<Item = &TableKind<'a>> {
        self.kinds.iter().filter_map(|kind| match kind {
            Kind::Table(table) => Some(table),
            _ => None,
        })
    }

    /// Whether a table can stand here.
    pub(crate) fn is_table(&self) -> bool {
        self.tables().next().is_some()
    }

    /// Whether a list can stand here.
    pub(crate) fn is_list(&self) -> bool {
        self.kinds.iter().any(|kind| matches!(kind, Kind::List(_)))
    }

    /// All keys that are known in the table here: those of flattened structs, and of all variants.
    pub(crate) fn keys(&self) -> Vec<&'a str> {
        let mut keys = Vec::new();
        for field in self.tables().flat_map(|table| &table.fields) {
            if !keys.contains(&field.name) {
                keys.push(field.name);
            }
        }
        keys
    }

    /// Whether the table here takes any key.
    pub(crate) fn is_open(&self) -> bool {
        self.kinds.iter().any(|kind| match kind {
            Kind::Any => true,
            Kind::Table(table) => matches!(table.rest, Rest::Any(_)),
            _ => false,
        })
    }

    /// The words for the values that are taken here, with an article: `a whole number from 1 to 65535`.
    pub(crate) fn expects(&self) -> String {
        match self.note(EXPECTS).and_then(Value::as_str) {
            Some(expected) => expected.to_owned(),
            None => expects::of_all(&self.kinds),
        }
    }

    /// Whether the type has words for its values, which say more than that they are texts.
    pub(crate) fn has_own_phrase(&self) -> bool {
        self.note(EXPECTS).is_some() || self.format().is_some_and(expects::is_known_format)
    }

    /// The keys under which this setting was known before, from the table it is in, or from the root
    /// with `/` before them.
    pub(crate) fn was(&self) -> Vec<&'a str> {
        let own = self.notes.first().and_then(|note| note.get("was"));
        match own {
            Some(Value::String(was)) => vec![was],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the value here is a secret, or part of one.
    pub(crate) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Whether texts here are URLs, which can have a user and a password in them.
    pub(crate) fn is_url(&self) -> bool {
        self.is_url
    }

    /// Whether the value here can change while the process runs.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    /// The documentation of the setting, else of its type.
    pub(crate) fn description(&self) -> Option<&'a str> {
        self.note("description").and_then(Value::as_str)
    }

    /// The default as the schema has it, if it has one.
    pub(crate) fn default(&self) -> Option<&'a Value> {
        self.note("default")
    }

    /// The first example of the documentation.
    pub(crate) fn example(&self) -> Option<&'a Value> {
        self.note("examples").and_then(Value::as_array)?.first()
    }

    /// The unit of a number, such as `bytes`.
    pub(crate) fn unit(&self) -> Option<&'a str> {
        self.note(UNIT).and_then(Value::as_str)
    }

    /// The format of a text, such as `duration`.
    pub(crate) fn format(&self) -> Option<&'a str> {
        self.note("format").and_then(Value::as_str)
    }

    fn note(&self, keyword: &str) -> Option<&'a Value> {
        self.notes.iter().find_map(|note| note.get(keyword))
    }

    fn is_marked(&self, keyword: &str) -> bool {
        self.notes
            .iter()
            .any(|note| note.get(keyword) == Some(&Value::Bool(true)))
    }

    /// What it is made of.
    pub(super) fn parts(&self) -> Parts {
        let address = |schema: &Value| std::ptr::from_ref(schema).addr();
        let mut schemas = Vec::new();
        for kind in &self.kinds {
            match kind {
                Kind::Table(table) => {
                    let fields = table.fields.iter().flat_map(|field| &field.schemas);
                    schemas.extend(fields.map(|schema| address(schema)));
                    if let Rest::Any(rest) = table.rest {
                        schemas.push(address(rest));
                    }
                }
                Kind::List(list) => {
                    let values = list.first.iter().copied().chain(list.rest);
                    schemas.extend(values.map(address));
                }
                _ => {}
            }
        }
        Parts {
            schemas,
            is_secret: self.is_secret,
            is_url: self.is_url,
        }
    }

    /// Whether both are made from one type with keys: so is a type found that contains itself.
    pub(super) fn is_same_table(&self, other: &Place<'a>) -> bool {
        let first = |place: &Place<'a>| {
            let field = place.tables().find_map(|table| table.fields.first())?;
            field.schemas.first().copied()
        };
        match (first(self), first(other)) {
            (Some(this), Some(that)) => std::ptr::eq(this, that),
            _ => false,
        }
    }
}

/// The schemas one step further; `None` if nothing can be there.
fn schemas_at<'a>(kind: &Kind<'a>, step: &Step) -> Option<Vec<&'a Value>> {
    match (kind, step) {
        (Kind::Any, _) => Some(vec![&Value::Bool(true)]),
        (Kind::List(list), Step::Index(index)) => {
            let schema = list.first.get(*index).copied().or(list.rest)?;
            Some(vec![schema])
        }
        (Kind::Table(table), Step::Key(key)) => match (table.field(key), table.rest) {
            (Some(field), _) => Some(field.schemas.clone()),
            (None, Rest::Any(schema)) => Some(vec![schema]),
            (None, Rest::Nothing) => None,
        },
        _ => None,
    }
}

/// Whether a value of this schema has a mark, in any of its alternatives: what an untagged enum was meant to be is not
/// known of a wrong value.
fn can_be_marked<'a>(root: &'a Value, schema: &'a Value, keyword: &str, depth: usize) -> bool {
    let (Some(map), Some(depth)) = (schema.as_object(), depth.checked_sub(1)) else {
        return false;
    };
    let parts = ["allOf", "anyOf", "oneOf"].into_iter();
    let mut parts = parts
        .flat_map(|keyword| list(map, keyword))
        .chain(target(root, map));
    map.get(keyword) == Some(&Value::Bool(true))
        || parts.any(|part| can_be_marked(root, part, keyword, depth))
}

fn is_same_list(these: &[&Value], those: &[&Value]) -> bool {
    let pairs = || these.iter().zip(those);
    these.len() == those.len()
        && pairs().all(|(this, that)| std::ptr::eq(*this, *that) || this == that)
}

/// The schema itself, then what it refers to, then the only alternative that is not `null`: an optional
/// secret is a secret.
fn collect_notes<'a>(
    root: &'a Value,
    schema: &'a Value,
    notes: &mut Vec<&'a Map<String, Value>>,
    depth: usize,
) {
    let (Some(map), Some(depth)) = (schema.as_object(), depth.checked_sub(1)) else {
        return;
    };
    notes.push(map);
    if let Some(target) = target(root, map) {
        collect_notes(root, target, notes, depth);
    }
    for part in list(map, "allOf") {
        collect_notes(root, part, notes, depth);
    }
    for keyword in ["anyOf", "oneOf"] {
        let is_null = |part: &&Value| part.get("type").and_then(Value::as_str) == Some("null");
        let mut others = list(map, keyword).iter().filter(|part| !is_null(part));
        if let (Some(only), None) = (others.next(), others.next()) {
            collect_notes(root, only, notes, depth);
        }
    }
}

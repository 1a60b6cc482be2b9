//! A commented file with every setting and its default.

use crate::mask::masked;
use crate::shape::{Kind, Place, Rest, Shape};
use crate::tree::key::Step;
use crate::tree::node::Table;
use crate::tree::node::{Node, Value};

use super::{example, written};

mod form;

/// How deep tables are written; a type that contains itself has no end.
const DEPTH: usize = 12;

const HEAD: &str = "\
# All settings, with their defaults. A `#` without a space after it stands before a setting: take it away to
# set one. What stays commented out keeps its default, also when a later release has another one. Lines that
# begin with `# ` are documentation and examples.
";

/// The settings as a commented TOML file. Defaults are commented out, so that a copied file does not pin the
/// defaults of one release; without the `#` they are read as the defaults.
pub(crate) fn defaults(defaults: &Node, shape: &Shape) -> String {
    let mut page = Page {
        text: HEAD.to_owned(),
    };
    let table = Section {
        path: &[],
        default: defaults.as_table(),
        lines: Lines::Settings,
    };
    page.write_table(&shape.root(), &table);
    page.text
}

/// How the lines of a table begin.
#[derive(Clone, Copy, PartialEq)]
enum Lines {
    /// Settings by `#`, headers plainly, as an empty table changes nothing.
    Settings,
    /// Both by `#`: a table that is optional, or of an enum.
    Optional,
    /// Both by `# `.
    Examples,
}

impl Lines {
    fn setting(self) -> &'static str {
        match self {
            Lines::Settings | Lines::Optional => "#",
            Lines::Examples => "# ",
        }
    }

    fn header(self) -> &'static str {
        match self {
            Lines::Settings => "",
            Lines::Optional => "#",
            Lines::Examples => "# ",
        }
    }
}

/// A table that is being written.
struct Section<'s> {
    path: &'s [&'s str],
    default: Option<&'s Table>,
    lines: Lines,
}

struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// The settings on lines of this table first, then its tables with headers, both in the order of the
    /// defaults, which is that of the struct.
    fn write_table(&mut self, place: &Place<'_>, section: &Section<'_>) {
        if section.path.len() > DEPTH {
            return;
        }
        let chosen = form::chosen_kind(place, section.default);
        let keys = form::keys(chosen, section.default);
        let fields: Vec<_> = keys
            .iter()
            .filter_map(|key| {
                let step = Step::Key((*key).to_owned());
                let place = match chosen {
                    Some(kind) => place.among(&[kind], &step),
                    None => place.child(&step),
                };
                let is_required = form::field(chosen, key).is_some_and(|field| field.is_required);
                Some((*key, place?, is_required))
            })
            .collect();
        let default = |key: &str| section.default.and_then(|table| table.get(key));
        for (key, place, is_required) in &fields {
            if !form::is_section(place, default(key)) {
                self.write_setting(key, place, default(key), (section.lines, *is_required));
            }
        }
        self.write_other_forms(place, chosen);
        for (key, place, _) in &fields {
            if form::is_section(place, default(key)) {
                let mut path = section.path.to_vec();
                path.push(key);
                self.write_section(&path, place, default(key), section.lines);
            }
        }
    }

    /// The value is that of the default; in an example, which has none, the one that the type gives to an absent
    /// key; else an example. A default that is a variant of an enum is followed by the variants with fields.
    fn write_setting(
        &mut self,
        key: &str,
        place: &Place<'_>,
        default: Option<&Node>,
        (lines, is_required): (Lines, bool),
    ) {
        let value = default.and_then(|node| written::inline(&written::escaped(node).value));
        let is_hidden = default.is_some_and(|node| masked(node, Some(place)) != *node);
        let of_type = place.default().and_then(example::of_json);
        let of_type = of_type.filter(|_| default.is_none() && !crate::shape::holds_secrets(place));
        self.line("");
        self.write_documentation(place);
        let mut facts = form::facts(place);
        if is_hidden {
            facts.push_str(" It has a default, which is not shown.");
        } else if is_required && value.is_none() {
            facts.push_str(" It has to be set.");
        } else if value.is_none() && of_type.is_none() {
            facts.push_str(" Not set by default.");
        }
        self.line(&format!("# {}", facts.trim_start()));
        let key = written::key(key);
        match value.filter(|_| !is_hidden) {
            Some(value) => self.line(&format!("{}{key} = {value}", lines.setting())),
            None => {
                let value = of_type.unwrap_or_else(|| example::example(place));
                self.line(&format!("# {key} = {value}"));
            }
        }
        let is_text = matches!(
            default,
            Some(Node {
                value: Value::Text(_),
                ..
            })
        );
        for kind in place.kinds().iter().filter(|_| is_text) {
            if matches!(kind, Kind::Table(_)) {
                self.line(&format!("# {key} = {}", example::of_kind(place, kind)));
            }
        }
    }

    /// The description up to its first code fence: what follows are examples for Rust.
    fn write_documentation(&mut self, place: &Place<'_>) {
        let lines = place.description().unwrap_or_default().lines();
        let is_code = |line: &&str| line.trim_start().starts_with("```");
        let lines: Vec<&str> = lines.take_while(|line| !is_code(line)).collect();
        for line in lines.join("\n").trim_end().lines() {
            self.line(&format!("# {line}"));
        }
    }

    /// A table, or the tables of a list, below their documentation.
    fn write_section(
        &mut self,
        path: &[&str],
        place: &Place<'_>,
        default: Option<&Node>,
        lines: Lines,
    ) {
        let default = default.filter(|node| node.value != Value::Null && !place.is_secret());
        let facts = match place.expects().as_str() {
            "a table" | "a list" => form::marks(place),
            _ => form::facts(place),
        };
        self.line("");
        self.write_documentation(place);
        if !facts.is_empty() {
            self.line(&format!("# {}", facts.trim_start()));
        }
        let inner = place.child(&Step::Index(0)).filter(|_| place.is_list());
        let is_list = default.is_some_and(|node| node.as_table().is_none());
        match inner.filter(|_| is_list || !place.is_table()) {
            Some(inner) => self.write_list(path, &inner, default),
            None => self.write_one_table(path, place, default, lines),
        }
    }

    fn write_one_table(
        &mut self,
        path: &[&str],
        place: &Place<'_>,
        default: Option<&Node>,
        lines: Lines,
    ) {
        let default = default.and_then(Node::as_table);
        let is_plain = matches!(place.kinds(), [Kind::Table(_)]);
        let lines = match (lines, default) {
            (Lines::Examples, _) | (_, None) => Lines::Examples,
            (Lines::Settings, Some(_)) if is_plain => Lines::Settings,
            (_, Some(_)) => Lines::Optional,
        };
        self.line(&format!("{}[{}]", lines.header(), written::header(path)));
        let section = Section {
            path,
            default,
            lines,
        };
        self.write_table(place, &section);
    }

    /// The tables of the default, or one as an example.
    fn write_list(&mut self, path: &[&str], inner: &Place<'_>, default: Option<&Node>) {
        let name = written::header(path);
        let tables: Vec<Option<&Table>> = match default.map(|node| &node.value) {
            Some(Value::List(list)) if !list.is_empty() => {
                list.iter().map(Node::as_table).collect()
            }
            _ => vec![None],
        };
        for (number, &default) in tables.iter().enumerate() {
            let lines = match default {
                Some(_) => Lines::Optional,
                None => Lines::Examples,
            };
            if number > 0 {
                self.line("");
            }
            self.line(&format!("{}[[{name}]]", lines.header()));
            let section = Section {
                path,
                default,
                lines,
            };
            self.write_table(inner, &section);
        }
    }

    /// The other variants of an enum, and a key of a table that takes any.
    fn write_other_forms(&mut self, place: &Place<'_>, chosen: Option<&Kind<'_>>) {
        for kind in place.kinds() {
            let is_chosen = chosen.is_some_and(|chosen| std::ptr::eq(chosen, kind));
            let Kind::Table(table) = kind else { continue };
            if let (true, Rest::Any(_)) = (is_chosen, table.rest) {
                if let Some(inner) = place.child(&Step::Key("any-name".to_owned())) {
                    self.line(&format!("# any-name = {}", example::example(&inner)));
                }
            } else if !is_chosen {
                self.line("");
                self.line("# Or:");
                for field in &table.fields {
                    let step = Step::Key(field.name.to_owned());
                    if let Some(inner) = place.among(&[kind], &step) {
                        let (key, value) = (written::key(field.name), example::example(&inner));
                        self.line(&format!("# {key} = {value}"));
                    }
                }
            }
        }
    }
}

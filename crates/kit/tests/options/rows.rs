//! The rows of a struct's table: one for each key, those of tables inside it after it.

use serde_json::Value;

use crate::text::{paragraph, plain};

/// One key.
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) default: String,
    pub(crate) description: String,
}

/// The rows of the struct with this schema. A struct of `elsewhere` has a section to itself.
pub(crate) fn rows(schema: &Value, elsewhere: &[&str]) -> Vec<Row> {
    let mut rows = Rows {
        root: schema,
        elsewhere,
        found: Vec::new(),
    };
    rows.of_table(schema, "");
    rows.found
}

struct Rows<'a> {
    root: &'a Value,
    elsewhere: &'a [&'a str],
    found: Vec<Row>,
}

impl<'a> Rows<'a> {
    /// The keys of a table, or of the tables among the alternatives that this schema has.
    fn of_table(&mut self, schema: &'a Value, at: &str) {
        let required = schema["required"].as_array();
        let is_required = |key: &str| required.is_some_and(|all| all.iter().any(|one| one == key));
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let path = if at.is_empty() {
                key.clone()
            } else {
                format!("{at}.{key}")
            };
            // The one key of an alternative is described by the alternative.
            let about = schema["description"].as_str().filter(|_| !at.is_empty());
            self.of_property(property, path, is_required(key), about.unwrap_or_default());
        }
        for alternative in alternatives(schema) {
            let target = self.target(alternative);
            self.of_table(target, at);
        }
    }

    /// The row of a key, then the rows of the table that it holds. A key that holds nothing but a table has
    /// no row, since its own keys say it all.
    fn of_property(&mut self, property: &'a Value, path: String, is_required: bool, about: &str) {
        let target = self.target(property);
        let section = self.section(property);
        let is_table = target["properties"].is_object() && section.is_none();
        if !is_table {
            let description = [property, target].map(|one| one["description"].as_str());
            let description = description.into_iter().flatten().next();
            let kind = match section {
                Some(name) => linked(name),
                None => self.kind(property),
            };
            self.found.push(Row {
                key: path.clone(),
                kind,
                default: default(property, is_required, section.is_some()),
                description: paragraph(description.unwrap_or(about)),
            });
        }
        if section.is_some() {
            return;
        }
        self.of_table(target, &path);
        if !property["items"].is_null() {
            let items = self.target(&property["items"]);
            self.of_table(items, &format!("{path}[]"));
        }
    }

    /// The name of the section about a property's struct.
    fn section(&self, property: &'a Value) -> Option<&'a str> {
        let references = alternatives(property).chain([property]);
        let mut names = references.filter_map(|one| one["$ref"].as_str()?.rsplit('/').next());
        names.find_map(|name| {
            let name = match name {
                "HttpServerOptions" => "http::ServerOptions",
                "GrpcServerOptions" => "grpc::ServerOptions",
                name => name,
            };
            self.elsewhere.iter().copied().find(|other| *other == name)
        })
    }

    /// The definition that a schema refers to, or the schema itself.
    fn target(&self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.root.pointer(&reference[1..]).unwrap_or(schema);
        }
        let mut others = alternatives(schema).filter(|one| one["type"] != "null");
        match (others.next(), others.next()) {
            // An option of a table.
            (Some(only), None) => self.target(only),
            _ => schema,
        }
    }

    /// The type in words.
    fn kind(&self, property: &'a Value) -> String {
        let schema = self.target(property);
        match schema["x-kit-unit"].as_str() {
            Some("duration") => return "duration".to_owned(),
            Some("limit") => return "duration or `off`".to_owned(),
            Some("size") => return "size".to_owned(),
            Some("size-limit") => return "size or `off`".to_owned(),
            _ => {}
        }
        let mut words = Vec::new();
        for one in alternatives(schema) {
            match self.kind_of_alternative(one) {
                word if word.is_empty() || words.contains(&word) => {}
                word => words.push(word),
            }
        }
        if words.is_empty() {
            self.simple(schema)
        } else {
            words.join(", ")
        }
    }

    fn kind_of_alternative(&self, one: &'a Value) -> String {
        if let Some(word) = one["const"].as_str() {
            return format!("`{word}`");
        }
        if one["type"] == "null" {
            return String::new();
        }
        // A table with one key, such as that of a policy with its restarts, is named by its key.
        let keys = one["required"].as_array().filter(|keys| keys.len() == 1);
        match (keys.and_then(|keys| keys[0].as_str()), &one["properties"]) {
            (Some(key), Value::Object(all)) if all.len() == 1 => format!("`{{ {key} = … }}`"),
            _ => self.kind(one),
        }
    }

    fn simple(&self, schema: &'a Value) -> String {
        if let Some(words) = schema["enum"].as_array() {
            let words = words.iter().filter_map(Value::as_str);
            return words
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ");
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        let types = types.into_iter().filter(|one| *one != "null");
        let words = types.map(|one| match one {
            "string" => "text".to_owned(),
            "integer" | "number" => format!("number{}", range(schema)),
            "boolean" => "`true` or `false`".to_owned(),
            "array" => format!("list of {}", self.kind(&schema["items"])),
            "object" => "table".to_owned(),
            other => other.to_owned(),
        });
        words.collect::<Vec<_>>().join(" or ")
    }
}

/// The alternatives that a schema has.
fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    let all = [&schema["anyOf"], &schema["oneOf"]];
    all.into_iter().filter_map(Value::as_array).flatten()
}

fn range(schema: &Value) -> String {
    let number = |key: &str| schema[key].as_u64().filter(|number| *number > 0);
    match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least}"),
        _ => String::new(),
    }
}

/// The default as a file would have it; that of a table stands at its own keys.
fn default(property: &Value, is_required: bool, has_section: bool) -> String {
    match &property["default"] {
        Value::Null if is_required => "required".to_owned(),
        Value::Object(_) if has_section => "those of the section".to_owned(),
        Value::Null => String::new(),
        Value::Object(table) if table.is_empty() => "`{}`".to_owned(),
        other => format!("`{}`", plain(&other.to_string())),
    }
}

/// A link to the section.
fn linked(name: &str) -> String {
    let anchor = name.to_lowercase().replace(':', "");
    format!("[{name}](#{anchor})")
}

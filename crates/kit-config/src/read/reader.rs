//! serde's way into the tree: each failure is met with its key.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::failure::Failure;
use super::key::KeyReader;
use crate::tree::key::{KeyPath, Step};
use crate::tree::key_set::KeySet;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};

/// A value of the tree, as serde reads it.
pub(super) struct Reader<'a> {
    pub(super) node: &'a Node,
    pub(super) key: KeyPath,
    /// The keys of values that are passed over; the indices of those after them in a list stay.
    pub(super) skipped: &'a HashSet<KeyPath>,
    pub(super) names: Option<&'a FieldNames>,
}

/// The names by which serde knows the fields of structs, those of `alias` among them, by the keys of the tables
/// that were read as such. A struct that is flattened has none.
#[derive(Debug, Default)]
pub(crate) struct FieldNames {
    /// The keys at fault, whose tables are of interest.
    asked: KeySet,
    tables: RefCell<HashMap<KeyPath, &'static [&'static str]>>,
}

impl FieldNames {
    /// Those of the tables in which these keys stand.
    pub(super) fn around(keys: &[KeyPath]) -> FieldNames {
        FieldNames {
            asked: keys.iter().collect(),
            tables: RefCell::default(),
        }
    }

    /// Whether serde knows this key.
    pub(crate) fn has(&self, key: &KeyPath) -> bool {
        let (Some(table), Some(Step::Key(name))) = (key.parent(), key.steps().last()) else {
            return false;
        };
        let tables = self.tables.borrow();
        let names = tables.get(&table);
        names.is_some_and(|names| names.contains(&name.as_str()))
    }

    fn add(&self, table: &KeyPath, names: &'static [&'static str]) {
        if self.asked.has_child(table) {
            self.tables.borrow_mut().insert(table.clone(), names);
        }
    }
}

impl<'a> Reader<'a> {
    fn child(&self, key: KeyPath, node: &'a Node) -> Reader<'a> {
        Reader {
            node,
            key,
            skipped: self.skipped,
            names: self.names,
        }
    }

    fn list<'de, V: Visitor<'de>>(
        &self,
        list: &'a [Node],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_seq(Values {
            outer: self,
            values: list.iter().enumerate(),
        })
    }

    fn table<'de, V: Visitor<'de>>(
        &self,
        table: &'a Table,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_map(Entries {
            outer: self,
            entries: Box::new(table.iter()),
            value: None,
        })
    }

    fn any<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
                (Ok(number), _) => visitor.visit_i64(number),
                (Err(_), Ok(number)) => visitor.visit_u64(number),
                (Err(_), Err(_)) => visitor.visit_i128(*number),
            },
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(list) => self.list(list, visitor),
            Value::Table(table) => self.table(table, visitor),
        }
    }

    fn float<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Integer(number) => visitor.visit_f64(*number as f64),
            _ => self.any(visitor),
        }
    }

    fn variant<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Failure> {
        let variant = match &self.node.value {
            Value::Text(name) => Variant {
                name,
                content: None,
            },
            Value::Table(table) => {
                let mut entries = table.iter();
                match (entries.next(), entries.next()) {
                    (Some(entry), None) => {
                        let key = self.key.key(&entry.key);
                        Variant {
                            name: &entry.key,
                            content: Some(self.child(key, &entry.node)),
                        }
                    }
                    _ => {
                        return Err(Failure::invalid(
                            &"a table with one key, which names a variant",
                        ));
                    }
                }
            }
            _ => return Err(Failure::invalid(&visitor)),
        };
        visitor.visit_enum(variant)
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.any(visitor).map_err(|failure| failure.at(&self.key))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.float(visitor).map_err(|failure| failure.at(&self.key))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let key = self.key.clone();
        let read = match &self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        };
        read.map_err(|failure| failure.at(&key))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let key = self.key.clone();
        let read = visitor.visit_newtype_struct(self);
        read.map_err(|failure| failure.at(&key))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        if let Some(names) = self.names {
            names.add(&self.key, fields);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let read = self.variant(visitor);
        read.map_err(|failure| failure.at(&self.key))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier
    }
}

struct Values<'r, 'a> {
    outer: &'r Reader<'a>,
    values: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'de> SeqAccess<'de> for Values<'_, '_> {
    type Error = Failure;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        for (index, node) in self.values.by_ref() {
            let key = self.outer.key.index(index);
            if !self.outer.skipped.contains(&key) {
                let read = seed.deserialize(self.outer.child(key.clone(), node));
                return read.map(Some).map_err(|failure| failure.at(&key));
            }
        }
        Ok(None)
    }
}

struct Entries<'r, 'a> {
    outer: &'r Reader<'a>,
    entries: Box<dyn Iterator<Item = &'a Entry> + 'a>,
    /// The value whose key has been read.
    value: Option<(KeyPath, &'a Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = Failure;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        for entry in self.entries.by_ref() {
            let key = self.outer.key.key(&entry.key);
            if !self.outer.skipped.contains(&key) {
                let read = seed.deserialize(KeyReader(&entry.key));
                self.value = Some((key.clone(), &entry.node));
                return read.map(Some).map_err(|failure| failure.of_key().at(&key));
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Failure> {
        let Some((key, node)) = self.value.take() else {
            return Err(Failure::invalid(&"a value whose key has been read"));
        };
        let read = seed.deserialize(self.outer.child(key.clone(), node));
        read.map_err(|failure| failure.at(&key))
    }
}

struct Variant<'a> {
    name: &'a str,
    content: Option<Reader<'a>>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Failure;
    type Variant = Content<'a>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content<'a>), Failure> {
        let name: StrDeserializer<'_, Failure> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.content)))
    }
}

/// What a variant holds.
struct Content<'a>(Option<Reader<'a>>);

impl<'a> Content<'a> {
    fn reader(self, expected: &str) -> Result<Reader<'a>, Failure> {
        let refused =
            || Failure::invalid(&format!("a table with one key, which holds {expected}").as_str());
        self.0.ok_or_else(refused)
    }
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.0 {
            None => Ok(()),
            Some(reader) if reader.node.value == Value::Null => Ok(()),
            Some(reader) => Err(Failure::invalid(&"the name of the variant alone").at(&reader.key)),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Failure> {
        seed.deserialize(self.reader("a value")?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.reader("a list")?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.reader("a table")?.deserialize_any(visitor)
    }
}

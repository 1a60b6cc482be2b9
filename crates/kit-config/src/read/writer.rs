//! The tree of settings that are there: their defaults.

use std::fmt;

use serde::Serialize;
use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::secret::shown;
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// The tree of these settings, of which each value is a default; the message says why there is none.
pub(crate) fn write<T: Serialize>(settings: &T) -> Result<Node, String> {
    let written = settings.serialize(Writer);
    written.map_err(|Unwritable(message)| message)
}

/// Why settings cannot be written.
#[derive(Debug)]
struct Unwritable(String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

impl Error for Unwritable {
    fn custom<T: fmt::Display>(message: T) -> Unwritable {
        Unwritable(message.to_string())
    }
}

type Written = Result<Node, Unwritable>;

fn node(value: Value) -> Node {
    Node::new(value, Origin::Default)
}

fn entry(key: impl Into<String>, node: Node) -> Entry {
    Entry {
        key: key.into(),
        origin: Origin::Default,
        node,
    }
}

/// A table with one key, which names a variant.
fn variant(name: &str, content: Value) -> Node {
    let mut table = Table::default();
    table.insert(entry(name, node(content)));
    node(Value::Table(table))
}

struct Writer;

impl Serializer for Writer {
    type Ok = Node;
    type Error = Unwritable;
    type SerializeSeq = ListWriter;
    type SerializeTuple = ListWriter;
    type SerializeTupleStruct = ListWriter;
    type SerializeTupleVariant = ListWriter;
    type SerializeMap = TableWriter;
    type SerializeStruct = TableWriter;
    type SerializeStructVariant = TableWriter;

    fn serialize_bool(self, value: bool) -> Written {
        Ok(node(Value::Bool(value)))
    }

    fn serialize_i8(self, value: i8) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_i16(self, value: i16) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_i64(self, value: i64) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_i128(self, value: i128) -> Written {
        Ok(node(Value::Integer(value)))
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_u64(self, value: u64) -> Written {
        self.serialize_i128(value.into())
    }

    fn serialize_u128(self, value: u128) -> Written {
        let value = i128::try_from(value);
        value
            .map_err(|_| Unwritable::custom("a whole number is larger than those that are read"))
            .and_then(|value| self.serialize_i128(value))
    }

    fn serialize_f32(self, value: f32) -> Written {
        // By way of its text: 0.1 stays 0.1, and does not become 0.10000000149011612.
        let value = value.to_string().parse().unwrap_or(f64::from(value));
        self.serialize_f64(value)
    }

    fn serialize_f64(self, value: f64) -> Written {
        Ok(node(Value::Float(value)))
    }

    fn serialize_char(self, value: char) -> Written {
        self.serialize_str(&value.to_string())
    }

    fn serialize_str(self, value: &str) -> Written {
        Ok(node(Value::Text(value.to_owned())))
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        value.serialize(self)
    }

    fn serialize_none(self) -> Written {
        Ok(node(Value::Null))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Written {
        Ok(node(Value::Null))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        Ok(node(Value::Null))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Written {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Written {
        if name == shown::NAME {
            return shown::within(|| value.serialize(self));
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Written {
        Ok(variant(name, value.serialize(self)?.value))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ListWriter, Unwritable> {
        Ok(ListWriter::default())
    }

    fn serialize_tuple(self, _: usize) -> Result<ListWriter, Unwritable> {
        Ok(ListWriter::default())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<ListWriter, Unwritable> {
        Ok(ListWriter::default())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ListWriter, Unwritable> {
        Ok(ListWriter {
            variant: Some(variant),
            ..ListWriter::default()
        })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<TableWriter, Unwritable> {
        Ok(TableWriter::default())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<TableWriter, Unwritable> {
        Ok(TableWriter::default())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<TableWriter, Unwritable> {
        Ok(TableWriter {
            variant: Some(variant),
            ..TableWriter::default()
        })
    }
}

#[derive(Default)]
struct ListWriter {
    values: Vec<Node>,
    variant: Option<&'static str>,
}

impl ListWriter {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.values.push(value.serialize(Writer)?);
        Ok(())
    }

    fn finish(self) -> Node {
        let list = Value::List(self.values);
        match self.variant {
            Some(name) => variant(name, list),
            None => node(list),
        }
    }
}

macro_rules! list_writer {
    ($($writer:ident $push:ident)*) => {$(
        impl $writer for ListWriter {
            type Ok = Node;
            type Error = Unwritable;

            fn $push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
                self.push(value)
            }

            fn end(self) -> Written {
                Ok(self.finish())
            }
        }
    )*};
}

list_writer! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

#[derive(Default)]
struct TableWriter {
    table: Table,
    key: String,
    variant: Option<&'static str>,
}

impl TableWriter {
    fn put<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Unwritable> {
        self.table.insert(entry(key, value.serialize(Writer)?));
        Ok(())
    }

    fn finish(self) -> Node {
        let table = Value::Table(self.table);
        match self.variant {
            Some(name) => variant(name, table),
            None => node(table),
        }
    }
}

macro_rules! table_writer {
    ($($writer:ident)*) => {$(
        impl $writer for TableWriter {
            type Ok = Node;
            type Error = Unwritable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Unwritable> {
                self.put(key.to_owned(), value)
            }

            fn end(self) -> Written {
                Ok(self.finish())
            }
        }
    )*};
}

table_writer! { SerializeStruct SerializeStructVariant }

impl SerializeMap for TableWriter {
    type Ok = Node;
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.key = match key.serialize(Writer)?.value {
            Value::Text(text) => text,
            Value::Bool(value) => value.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Null | Value::List(_) | Value::Table(_) => {
                return Err(Unwritable::custom(
                    "the key of a map is neither a text nor a number",
                ));
            }
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let key = std::mem::take(&mut self.key);
        self.put(key, value)
    }

    fn end(self) -> Written {
        Ok(self.finish())
    }
}

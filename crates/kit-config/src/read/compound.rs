//! Lists and tables, written value by value.

use serde::Serialize;
use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::written::{Unwritable, Written, entry, node, variant};
use crate::tree::node::{Node, Table, Value};

/// What writes the values of lists and tables.
pub(super) trait ValueWriter: Serializer<Ok = Node, Error = Unwritable> + Copy {}

impl<S: Serializer<Ok = Node, Error = Unwritable> + Copy> ValueWriter for S {}

/// A list whose values are written by `S`.
pub(super) struct ListWriter<S> {
    writer: S,
    values: Vec<Node>,
    variant: Option<&'static str>,
}

impl<S: ValueWriter> ListWriter<S> {
    /// An empty list; it is the content of a variant, if that is given.
    pub(super) fn new(writer: S, variant: Option<&'static str>) -> ListWriter<S> {
        ListWriter {
            writer,
            values: Vec::new(),
            variant,
        }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.values.push(value.serialize(self.writer)?);
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
        impl<S: ValueWriter> $writer for ListWriter<S> {
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

/// A table whose values are written by `S`.
pub(super) struct TableWriter<S> {
    writer: S,
    table: Table,
    key: String,
    variant: Option<&'static str>,
}

impl<S: ValueWriter> TableWriter<S> {
    /// An empty table; it is the content of a variant, if that is given.
    pub(super) fn new(writer: S, variant: Option<&'static str>) -> TableWriter<S> {
        TableWriter {
            writer,
            table: Table::default(),
            key: String::new(),
            variant,
        }
    }

    fn put<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Unwritable> {
        self.table.insert(entry(key, value.serialize(self.writer)?));
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
        impl<S: ValueWriter> $writer for TableWriter<S> {
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

impl<S: ValueWriter> SerializeMap for TableWriter<S> {
    type Ok = Node;
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.key = match key.serialize(self.writer)?.value {
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

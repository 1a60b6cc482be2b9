//! The tree of settings that are there: their defaults.

use serde::Serialize;
use serde::ser::{Error, Serializer};

use super::compound::{ListWriter, TableWriter};
use super::written::{Unwritable, Written, node, variant};
use crate::secret::shown;
use crate::tree::node::{Node, Value};

/// The tree of these settings, of which each value is a default; the message says why there is none.
pub(crate) fn write<T: Serialize>(settings: &T) -> Result<Node, String> {
    let written = settings.serialize(Writer);
    written.map_err(|Unwritable(message)| message)
}

/// Makes the node of a value.
#[derive(Clone, Copy)]
struct Writer;

impl Serializer for Writer {
    type Ok = Node;
    type Error = Unwritable;
    type SerializeSeq = ListWriter<Writer>;
    type SerializeTuple = ListWriter<Writer>;
    type SerializeTupleStruct = ListWriter<Writer>;
    type SerializeTupleVariant = ListWriter<Writer>;
    type SerializeMap = TableWriter<Writer>;
    type SerializeStruct = TableWriter<Writer>;
    type SerializeStructVariant = TableWriter<Writer>;

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

    fn serialize_seq(self, _: Option<usize>) -> Result<ListWriter<Writer>, Unwritable> {
        Ok(ListWriter::new(self, None))
    }

    fn serialize_tuple(self, _: usize) -> Result<ListWriter<Writer>, Unwritable> {
        Ok(ListWriter::new(self, None))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<ListWriter<Writer>, Unwritable> {
        Ok(ListWriter::new(self, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ListWriter<Writer>, Unwritable> {
        Ok(ListWriter::new(self, Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<TableWriter<Writer>, Unwritable> {
        Ok(TableWriter::new(self, None))
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<TableWriter<Writer>, Unwritable> {
        Ok(TableWriter::new(self, None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<TableWriter<Writer>, Unwritable> {
        Ok(TableWriter::new(self, Some(variant)))
    }
}

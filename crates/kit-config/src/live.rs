//! The part of the settings that a reload may change.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// The extension of the schema that marks a part as refreshable.
pub(crate) const LIVE: &str = "x-kit-live";

/// A part of the settings that a reload may change; what stands in no `Live` is fixed at the start.
///
/// In files, in the schema and in code it is what it holds. Where the settings are loaded anew, the new
/// live parts are put over the old fixed ones, and a change of a fixed one is reported as one that needs a
/// restart.
///
/// A part that may be absent is an `Option<Live<T>>`; then it may come and go. A list or a table whose
/// number of entries may change is a `Live` as a whole: `Live<Vec<T>>`.
///
/// ```
/// use kit_config::Live;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
/// struct Orders {
///     port: u16,
///     limit: Live<u32>,
/// }
///
/// let orders = Orders { port: 8000, limit: Live(10) };
/// assert_eq!(*orders.limit, 10);
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Live<T>(pub T);

impl<T> Live<T> {
    /// What it holds.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Live<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Live<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Live<T> {
    fn from(part: T) -> Live<T> {
        Live(part)
    }
}

impl<T: JsonSchema> JsonSchema for Live<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Live_of_{}", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("kit_config::Live<{}>", T::schema_id()).into()
    }

    /// That of the part, or a reference to it, with the mark beside.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<T>();
        schema.insert(LIVE.to_owned(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A part with a name of its type.
    #[derive(Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
    struct Limits {
        most: u32,
    }

    #[derive(Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
    struct Orders {
        port: u16,
        /// How many.
        limits: Live<Limits>,
        name: Live<Option<String>>,
        note: Option<Live<String>>,
    }

    #[test]
    fn a_live_part_is_written_and_read_as_what_it_holds() {
        let orders = Orders {
            port: 1,
            limits: Live(Limits { most: 2 }),
            name: Live(None),
            note: Some(Live("n".to_owned())),
        };
        let written = json!({"port": 1, "limits": {"most": 2}, "name": null, "note": "n"});
        assert_eq!(
            serde_json::to_value(&orders).expect("it is written"),
            written
        );
        let read: Orders = serde_json::from_value(written).expect("it is read");
        assert_eq!(read, orders);
        let absent = json!({"port": 1, "limits": {"most": 2}});
        let read: Orders = serde_json::from_value(absent).expect("absent parts are none");
        assert_eq!((read.name.into_inner(), read.note), (None, None));
    }

    #[test]
    fn the_schema_marks_live_parts_and_no_others() {
        let schema = schemars::schema_for!(Orders).to_value();
        let properties = &schema["properties"];
        assert_eq!(properties["port"].get(LIVE), None);
        let limits = &properties["limits"];
        assert_eq!(limits[LIVE], json!(true));
        assert_eq!(limits["$ref"], json!("#/$defs/Limits"));
        assert_eq!(limits["description"], json!("How many."));
        assert_eq!(properties["name"][LIVE], json!(true));
        assert_eq!(properties["note"][LIVE], json!(true));
        // Another use of the same type is not live by that.
        assert_eq!(schema["$defs"]["Limits"].get(LIVE), None);
    }
}
